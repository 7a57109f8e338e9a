"""Every column that could hold a text is declared: sealed, keyed, redacted, or why it names nobody.

A column that is new fails here until somebody has thought about it.
"""

from sqlalchemy import JSON, Column, Enum, LargeBinary, String

from digest.models import Base

SEALED = {
    *("subscribers.address_sealed", "subscribers.name_sealed"),
    *("reader_requests.address_sealed", "reader_requests.name_sealed"),
    "address_changes.address_sealed",
    *("editors.address_sealed", "editors.name_sealed", "editors.totp_sealed"),
    *("notices.address_sealed", "notices.reply_sealed", "notices.body_sealed"),
    "kept_messages.message_sealed",
}
KEYED = {
    *("subscribers.address_index", "suppressions.address_index", "tombstones.address_index"),
    *("address_changes.address_index", "notices.address_index"),
    *("editors.address_index", "recovery_codes.digest"),
    *("public_hits.key", "reader_requests.network"),
    *("feedback_events.digest", "kept_messages.digest"),
}
REDACTED = {  # free text from outside, or by hand; addresses are taken out on the way in
    *("deliveries.reply", "delivery_events.detail", "relay_standings.reason"),
    *("audit_entries.about", "audit_entries.detail"),
    *("suppressions.detail", "consent_events.origin", "consent_events.evidence"),
    "feedback_events.detail",
    "troubles.detail",
}
NONE = {
    "random letters that lead to a reader only together with the row": {
        *("subscribers.public_id", "subscriptions.public_id", "address_changes.public_id"),
        "issues.public_id",
    },
    "what a reader chose; beside a number, never beside an address": {
        *("subscriptions.edition", "subscriptions.language", "subscriptions.timezone"),
        *("subscriptions.domain_group", "subscriptions.hidden_blocks"),
        *("reader_requests.language", "reader_requests.timezone"),
    },
    "one of our own words": {
        *("deliveries.edition", "deliveries.domain_group", "deliveries.reason"),
        *("chunks.domain_group", "delivery_events.kind", "notices.kind", "consent_events.kind"),
        *("public_hits.scope", "reader_requests.origin", "renderings.edition"),
        *("audit_entries.verb", "board_changes.kind"),
        *("relay_paces.domain_group", "relay_uses.domain_group", "relay_standings.domain_group"),
        *("sources.kind", "slots.alerted", "newsletters.standing"),
        *("feedback_events.provider", "feedback_events.kind", "feedback_events.class"),
        *("feedback_events.found_by", "kept_messages.place", "kept_messages.why"),
        *("pictures.kind", "pictures.shape", "picture_prints.shape"),
        "troubles.kind",
    },
    "our own wording, the same for everybody": {
        *("consent_texts.wording", "notices.subject"),
        *("consent_events.policy_version", "reader_requests.policy_version"),
    },
    "a hash of our own wordings, of a file, of an issue's bytes, or of a link": {
        *("consent_texts.digest", "consent_events.text_digest", "consent_events.policy_digest"),
        *("reader_requests.text_digest", "reader_requests.policy_digest"),
        *("imports.file_digest", "issues.approved_hash", "issues.first_hash"),
        "renderings.content_hash",
        *("spent_links.digest", "desk_sessions.digest"),
        *("pictures.digest", "pictures.original", "pictures.shown", "pictures.source_digest"),
        "picture_prints.name",
    },
    "made of public ids and numbers": {"notices.dedupe_key"},
    "the relay's name for a copy: it leads on in the relay's own log": {"deliveries.queue_id"},
    "a name from config.toml": {
        *("deliveries.relay", "relay_paces.relay", "relay_seats.relay", "relay_standings.relay"),
        *("relay_uses.relay", "newsletters.slug", "notices.newsletter_slug"),
    },
    "the name of a relay, a newsletter, a source or a part of ours": {"troubles.subject"},
    "a process: host name, number, random letters": {"chunks.owner", "relay_seats.owner"},
    "argon2id of a password": {"editors.password_hash"},
    "a provider's random token, hashed": {"used_tokens.digest"},
    "three numbers of RFC 3463": {"feedback_events.status"},
    "counts": {"imports.counts", "ledger_sums.sums", "issues.sums"},
    "a signature, or the id of a key": {
        *("ledger_sums.mac", "ledger_sums.key_id", "issues.message_key_id"),
    },
    "facts about the instance: the canary is sealed, the rest are ids and our own words": {
        *("instance.name", "instance.value"),
    },
    "what is published, or made by editors for that": {
        *("newsletters.furniture", "newsletters.skip_dates", "newsletters.mirror_order"),
        *("sections.heading", "renderings.language", "renderings.document"),
        *("issues.subject", "issues.preheader", "issues.topper", "issues.quote", "issues.numbers"),
        *("issues.approved_by", "issues.first_by", "issues.paused_why"),
        *("issues.preflight", "issues.mirrors"),
        *("picks.headline", "picks.blurb", "picks.kicker", "picks.byline", "picks.body_html"),
        *("picks.image_url", "picks.image_alt", "picks.image_credit", "picks.ran_before_allowed"),
        *("article_watches.seen_then", "article_watches.seen_now", "article_watches.findings"),
        *("board_changes.before", "board_changes.after"),
        *("corrections.note", "corrections.right_url"),
        *("articles.canonical_url", "articles.url", "articles.title", "articles.summary"),
        *("articles.author", "articles.site_name", "articles.language", "articles.categories"),
        *("articles.body_html", "articles.image_url", "articles.image_alt"),
        "articles.image_credit",
        *("sources.url", "sources.name", "sources.etag", "sources.last_modified"),
        "sources.last_error",
        *("pictures.alt", "pictures.credit", "pictures.rights", "pictures.source_url"),
    },
}


def columns() -> dict[str, Column]:
    """Return every column that could hold a text, by ``table.column``."""
    return {
        f"{table.name}.{column.name}": column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, String | JSON | LargeBinary)
        and not isinstance(column.type, Enum)
    }


def test_every_column_is_declared_once() -> None:
    declared = [*SEALED, *KEYED, *REDACTED, *(name for names in NONE.values() for name in names)]

    assert sorted(declared) == sorted(columns())


def test_names_of_columns_say_what_is_in_them() -> None:
    assert {name for name in columns() if name.endswith("_sealed")} == SEALED
    assert {name for name in columns() if name.endswith("_index")} == {
        name for name in KEYED if name.endswith("_index")
    }
    assert not {name for name in columns() if name.split(".")[1] in {"address", "email", "phone"}}


def test_sealed_values_and_hashes_are_bytes() -> None:
    found = columns()

    assert all(isinstance(found[name].type, LargeBinary) for name in SEALED)
    assert all(
        isinstance(found[name].type, LargeBinary) for name in KEYED if name.endswith("_index")
    )
