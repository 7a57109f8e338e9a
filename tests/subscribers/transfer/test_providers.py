"""An export of each system is known by its header, and brings those who read it and nobody else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from digest.clock import FixedClock
from digest.db import Database
from digest.errors import BadInput
from digest.models import (
    ConsentEvent,
    Subscriber,
    Subscription,
    Suppression,
    SuppressionReason,
)
from digest.sealed import Sealer
from digest.subscribers.lifecycle import find_by_address
from digest.subscribers.suppression import find_reason
from digest.subscribers.transfer.bundle import Asked
from digest.subscribers.transfer.merge import ImportReport, merge_import
from digest.subscribers.transfer.providers import (
    KNOWN,
    Provider,
    choose,
    fitting,
    notes_on_unused,
)
from digest.subscribers.transfer.staging import StagedImport, stage_csv

SAMPLES = Path(__file__).parent / "samples"
CONFIRMED = Asked(status="confirmed")

Bring = Callable[..., tuple[StagedImport, ImportReport]]


@pytest.fixture
def bring(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, folder: Path
) -> Bring:
    """Import a sample by its name, or a file by its path."""

    def go(name: str | Path, asked: Asked = Asked()) -> tuple[StagedImport, ImportReport]:  # noqa: B008 - frozen
        where = {"newsletter_id": newsletter_id, "folder": folder, "clock": clock}
        staged = stage_csv(db, sealer, SAMPLES / name, asked=asked, **where)
        return staged, merge_import(db, staged, clock=clock)

    return go


@pytest.fixture
def people(db: Database, sealer: Sealer) -> Callable[[], dict[str, str]]:
    """Return everybody by the first part of their address, and what they are here."""

    def go() -> dict[str, str]:
        names = ("anna", "ivo", "twice", "gone", "angry", "dead", "shop", "off", "maybe", "quiet")
        more = ("deleted", "block", "held", "asked", "spam")
        found = {}
        with db.read() as session:
            for name in (*names, *more):
                reason = find_reason(session, sealer, f"{name}@example.org")
                subscriber = find_by_address(session, sealer, f"{name}@example.org")
                states = select(Subscription.state)
                if subscriber:
                    theirs = states.where(Subscription.subscriber_id == subscriber.id)
                    found[name] = session.scalars(theirs).one().value
                if reason:
                    found[name] = reason.value
        return found

    return go


@pytest.mark.parametrize(
    ("sample", "asked", "title", "expected"),
    [
        (
            "mailchimp",
            Asked(),
            "Mailchimp",
            {
                **dict.fromkeys(("anna", "ivo"), "active"),
                **dict.fromkeys(("twice", "gone"), "unsubscribed"),
                **{"angry": "complained", "dead": "bounced"},
            },
        ),
        (
            "substack.csv",
            Asked(),
            "Substack (email_list)",
            {"anna": "active", "ivo": "active", "off": "unsubscribed"},
        ),
        (
            "substack-table.csv",
            Asked(),
            "Substack (subscribers page)",
            {"anna": "active", "ivo": "active"},
        ),
        (
            "ghost.csv",
            Asked(),
            "Ghost",
            {
                **dict.fromkeys(("anna", "ivo"), "active"),
                **dict.fromkeys(("quiet", "deleted"), "unsubscribed"),
            },
        ),
        (
            "listmonk.csv",
            CONFIRMED,
            "listmonk",
            {"anna": "active", "ivo": "active", "off": "unsubscribed", "block": "manual"},
        ),
        (
            "buttondown.csv",
            Asked(),
            "Buttondown",
            {
                **dict.fromkeys(("anna", "ivo", "held"), "active"),
                **{"gone": "unsubscribed", "dead": "bounced"},
                **{"angry": "complained", "spam": "manual"},
            },
        ),
    ],
)
def test_export_brings_those_who_read_and_bars_the_others(
    bring: Bring, people: Any, sample: str, asked: Asked, title: str, expected: dict[str, str]
) -> None:
    staged, report = bring(sample, asked)

    assert staged.title == title
    assert people() == expected
    assert report.added == sum(state == "active" for state in expected.values())


@pytest.mark.parametrize(
    ("sample", "asked"),
    [("mailchimp", Asked()), ("ghost.csv", Asked()), ("buttondown.csv", Asked())],
)
def test_dry_run_says_what_the_import_then_does(bring: Bring, sample: str, asked: Asked) -> None:
    staged, report = bring(sample, asked)
    counts = staged.counts

    assert counts.rows == sum(each.rows for each in staged.said) + counts.bad
    assert (counts.new, counts.gone, counts.barred) == (report.added, report.gone, report.barred)
    assert counts.good + counts.duplicates + counts.inactive + counts.bad == counts.rows


def evidence_of(db: Database, sealer: Sealer, address: str) -> dict[str, Any]:
    with db.read() as session:
        subscriber = find_by_address(session, sealer, address)
        assert subscriber is not None
        theirs = select(ConsentEvent).where(ConsentEvent.subscriber_id == subscriber.id)
        return session.scalars(theirs).one().evidence


def test_evidence_keeps_the_times_the_system_the_file_and_the_row(
    bring: Bring, db: Database, sealer: Sealer
) -> None:
    bring("mailchimp")
    joined = evidence_of(db, sealer, "anna@example.org")
    left = evidence_of(db, sealer, "gone@example.org")

    assert joined.pop("file") != left.pop("file")
    assert joined == {
        **{"provider": "mailchimp", "row": 2},
        **{"joined": "2019-05-01 07:08:09", "confirmed": "2019-05-01 07:10:00"},
    }
    assert left == {
        **{"provider": "mailchimp", "row": 2, "said": "unsubscribed"},
        **{"joined": "2018-02-12 10:54:27", "confirmed": "2018-02-12 10:54:27"},
        "left": "2023-06-06 12:56:15",
    }


def test_times_of_listmonk_are_read(bring: Bring, db: Database) -> None:
    bring("listmonk.csv", CONFIRMED)
    with db.read() as session:
        joined = session.scalars(select(Subscription.joined_at).order_by(Subscription.joined_at))

        assert [str(at)[:19] for at in joined] == [
            "2022-03-05 11:48:59",
            "2022-03-06 11:48:59",
            "2022-03-07 11:48:59",
        ]


@pytest.mark.parametrize("sample", ["mailchimp", "substack.csv", "ghost.csv", "buttondown.csv"])
def test_nothing_of_paying_and_places_is_stored(
    bring: Bring, db: Database, newsletter_id: int, sample: str
) -> None:
    staged, _report = bring(sample)
    with db.read() as session:
        kept = repr(session.execute(select(ConsentEvent.evidence, ConsentEvent.origin)).all())
        supporters = session.scalars(select(Subscription.supports_until)).all()

    assert "never stored" in " ".join(staged.notes)
    assert not any(word in kept for word in ("192.0.2", "cus_", "Gold", "Riga", "yearly", "56.9"))
    assert set(supporters) == {None}


def test_of_those_who_left_no_name_is_kept(bring: Bring, db: Database, sealer: Sealer) -> None:
    bring("mailchimp")
    with db.read() as session:
        named = session.scalars(select(Subscriber).where(Subscriber.name_sealed.is_not(None))).all()

    assert sorted(sealer.open(each.address_sealed) for each in named) == [
        "anna@example.org",
        "ivo@example.org",
    ]


def test_suppressed_stranger_is_a_hash_and_nothing_else(bring: Bring, db: Database) -> None:
    staged, _report = bring("buttondown.csv")
    with db.read() as session:
        row = session.scalars(
            select(Suppression).where(Suppression.reason == SuppressionReason.BOUNCED)
        ).one()
        known = session.scalars(
            select(Subscriber).where(Subscriber.address_index == row.address_index)
        ).all()

    assert known == []
    assert row.detail == f"import {staged.import_id}"
    assert str(row.at).startswith("2023-03-09 11:48:59")


def test_listmonk_alone_is_a_question(bring: Bring) -> None:
    with pytest.raises(BadInput, match=r"does not say who has left.* --status confirmed, or --lea"):
        bring("listmonk.csv")


def test_header_of_two_systems_is_a_question_that_from_answers() -> None:
    header = ["email", "subscribed_to_emails", "complimentary_plan", "active_subscription"]
    header += ["created_at", "status"]
    with pytest.raises(BadInput, match="substack or ghost: say --from"):
        choose(header, None)

    assert choose(header, "ghost").name == "ghost"
    assert choose(header, "csv").name == "csv"


@pytest.mark.parametrize("said", ["aweber", "mailchimp"])
def test_from_that_cannot_be_is_refused(bring: Bring, said: str) -> None:
    with pytest.raises(BadInput, match=r"aweber; known are|no export of Mailchimp"):
        choose(["address", "name"], said)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("**/*.csv")), ids=lambda path: path.name)
def test_sample_is_of_one_system_only(path: Path) -> None:
    header = path.read_text(encoding="utf-8").splitlines()[0].split(",")

    assert len(fitting(header)) == 1


def test_who_opened_what_is_no_list_of_substack() -> None:
    header = ["post_id", "timestamp", "email", "active_subscription", "created_at"]

    assert fitting(header) == []


@pytest.mark.parametrize("provider", KNOWN, ids=lambda each: each.name)
def test_no_column_is_read_that_must_not_be_stored(provider: Provider) -> None:
    columns = [name for names in provider.columns.values() for name in names]
    places = {"timezone"} if provider.name == "friday" else set()  # readers chose it themselves
    notes = notes_on_unused([each for each in columns if each not in places])

    assert not [note for note in notes if note.startswith("never stored")]
