"""Every table: columns, enums, constraints; no behaviour. Each table names its one writer.

Personal values are only in columns called ``…_sealed`` (AES-GCM) and ``…_index`` (HMAC); see
sealed.py. JSON columns hold plain data in the shape their writer documents. Instants are UTC.
"""

import enum
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    Enum,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import CheckConstraint

from digest.db import UtcDateTime

Id = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can find it on any database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
        bytes: LargeBinary(),
    }


def _enum(kind: type[enum.StrEnum]) -> Enum:
    """Keep the value, not the Python name, as text with a check: readable in both databases."""
    return Enum(
        kind,
        native_enum=False,
        length=20,
        create_constraint=True,
        name=kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


class SubscriptionState(enum.StrEnum):
    """pending → active ⇄ paused → unsubscribed."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    UNSUBSCRIBED = "unsubscribed"


class SuppressionReason(enum.StrEnum):
    """Why an address must not be mailed, whatever the subscription."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"
    MANUAL = "manual"


class ImportState(enum.StrEnum):
    """staged → merging → done; a staged one may be abandoned."""

    STAGED = "staged"
    MERGING = "merging"
    DONE = "done"
    ABANDONED = "abandoned"


class ArticleState(enum.StrEnum):
    """In the inbox, or set aside by an editor."""

    NEW = "new"
    DISMISSED = "dismissed"


class Layout(enum.StrEnum):
    """How a pick is set."""

    LEAD = "lead"
    COLUMN = "column"
    BRIEF = "brief"


class IssueState(enum.StrEnum):
    """draft → approved → sending → sent; cancelled from draft or approved."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    CANCELLED = "cancelled"


class SlotState(enum.StrEnum):
    """planned → fired, held (nothing approved), missed (too late) or skipped (holiday)."""

    PLANNED = "planned"
    FIRED = "fired"
    HELD = "held"
    MISSED = "missed"
    SKIPPED = "skipped"


class DeliveryState(enum.StrEnum):
    """pending → dotted → accepted, rejected or uncertain; pending → skipped, expired or
    rejected.
    """

    PENDING = "pending"
    DOTTED = "dotted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    UNCERTAIN = "uncertain"


class Origin(enum.StrEnum):
    """How a subscriber came into an issue's ledger."""

    AUDIENCE = "audience"
    JOINED = "joined"


class NoticeState(enum.StrEnum):
    """waiting → accepted or failed."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    FAILED = "failed"


class InstanceValue(Base):
    """Facts about this instance, by name: id, key canary, heartbeats. Writer: app."""

    __tablename__ = "instance"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class Newsletter(Base):
    """What editors own of a publication; the configuration file owns the rest. Writer:
    curation.newsletters.
    """

    __tablename__ = "newsletters"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(41), unique=True)
    furniture: Mapped[dict[str, Any]]  # tagline, about, corrections_address, accent, appeal
    skip_dates: Mapped[list[Any]]  # ISO dates without an issue
    last_number: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class Section(Base):
    """A heading under which picks stand. Writer: curation.newsletters."""

    __tablename__ = "sections"
    __table_args__ = (UniqueConstraint("newsletter_id", "heading"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    heading: Mapped[str] = mapped_column(String(200))
    position: Mapped[int]


class Subscriber(Base):
    """One address and the person behind it. Writer: subscribers.lifecycle (and its transfer)."""

    __tablename__ = "subscribers"
    # An id is never given twice: ledger rows of an erased subscriber must not pass to the next.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads a dict

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    address_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    address_sealed: Mapped[bytes]
    name_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]


class Subscription(Base):
    """Subscriber × Newsletter. Writer: subscribers.lifecycle (and its transfer)."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "newsletter_id"),
        Index("ix_subscriptions_audience", "newsletter_id", "state"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id", ondelete="CASCADE"))
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    state: Mapped[SubscriptionState] = mapped_column(_enum(SubscriptionState))
    edition: Mapped[str] = mapped_column(String(20), default="full")
    language: Mapped[str | None] = mapped_column(String(35))
    timezone: Mapped[str | None] = mapped_column(String(64))
    domain_group: Mapped[str] = mapped_column(String(20))
    paused_until: Mapped[datetime | None]
    appeal_hidden_until: Mapped[datetime | None]
    import_id: Mapped[int | None] = mapped_column(
        ForeignKey("imports.id")
    )  # set until the import's flip
    joined_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ConsentText(Base):
    """A wording somebody agreed to, kept once by its SHA-256. Writer: subscribers.consent."""

    __tablename__ = "consent_texts"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    wording: Mapped[str] = mapped_column(Text)


class ConsentEvent(Base):
    """Append-only evidence of what a subscriber agreed to or took back. Writer:
    subscribers.consent.
    """

    __tablename__ = "consent_events"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(
        ForeignKey("subscribers.id", ondelete="CASCADE"), index=True
    )
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    kind: Mapped[str] = mapped_column(
        String(20)
    )  # asked, confirmed, imported, paused, resumed, left
    at: Mapped[datetime]
    origin: Mapped[str] = mapped_column(String(200))  # which form, import, link or hand
    text_digest: Mapped[str | None] = mapped_column(ForeignKey("consent_texts.digest"))
    policy_version: Mapped[str | None] = mapped_column(String(80))
    evidence: Mapped[dict[str, Any]]  # e.g. an import's own times; never an address or a raw IP


class Suppression(Base):
    """This address must not be mailed; survives erasure. Writer: subscribers.suppression."""

    __tablename__ = "suppressions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    address_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    reason: Mapped[SuppressionReason] = mapped_column(_enum(SuppressionReason))
    at: Mapped[datetime]
    detail: Mapped[str] = mapped_column(String(500), default="")


class Import(Base):
    """One file of subscribers on its way in. Writer: subscribers.transfer."""

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    file_digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[ImportState] = mapped_column(_enum(ImportState))
    merged_rows: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Source(Base):
    """Where articles come from. Writer: curation.intake."""

    __tablename__ = "sources"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(200))  # plug-in name: feed, page, or pkg.mod:Class
    url: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    etag: Mapped[str | None] = mapped_column(Text)
    last_modified: Mapped[str | None] = mapped_column(Text)
    polled_at: Mapped[datetime | None]
    next_poll_at: Mapped[datetime] = mapped_column(index=True)
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]


class Article(Base):
    """One thing that came in, or was typed in. Writer: curation.intake."""

    __tablename__ = "articles"
    __table_args__ = (Index("ix_articles_inbox", "state", "published_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source_id: Mapped[int | None] = mapped_column(ForeignKey("sources.id"), index=True)
    canonical_url: Mapped[str] = mapped_column(Text, unique=True)
    url: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text, default="")
    author: Mapped[str] = mapped_column(Text, default="")
    site_name: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str] = mapped_column(String(35), default="")
    categories: Mapped[list[Any]]
    body_html: Mapped[str] = mapped_column(
        Text, default=""
    )  # cleaned full text where the source gives it
    image_url: Mapped[str] = mapped_column(Text, default="")
    image_alt: Mapped[str] = mapped_column(Text, default="")
    image_credit: Mapped[str] = mapped_column(Text, default="")
    published_at: Mapped[datetime | None]
    state: Mapped[ArticleState] = mapped_column(_enum(ArticleState))
    created_at: Mapped[datetime]


class Slot(Base):
    """The moment an issue is due; at most one per newsletter and local date. Writer:
    delivery.slots.
    """

    __tablename__ = "slots"
    __table_args__ = (
        UniqueConstraint("newsletter_id", "local_date"),
        Index("ix_slots_due", "state", "due_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    local_date: Mapped[date] = mapped_column(Date)
    due_at: Mapped[datetime]
    state: Mapped[SlotState] = mapped_column(_enum(SlotState))
    by_hand: Mapped[bool] = mapped_column(
        default=False
    )  # an editor set due_at; the schedule leaves it
    settled_at: Mapped[datetime | None]
    alerted: Mapped[list[Any]]  # which alerts went out: "24h", "1h"


class Issue(Base):
    """One dated number of a newsletter. Writer: curation.issues."""

    __tablename__ = "issues"
    __table_args__ = (
        UniqueConstraint("newsletter_id", "number"),
        Index(
            "uq_issues_newsletter_id_slot_date",
            "newsletter_id",
            "slot_date",
            unique=True,
            sqlite_where=text("slot_date IS NOT NULL AND state <> 'cancelled'"),
            postgresql_where=text("slot_date IS NOT NULL AND state <> 'cancelled'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    number: Mapped[int]
    slot_date: Mapped[date | None] = mapped_column(Date)  # None: an extra
    state: Mapped[IssueState] = mapped_column(_enum(IssueState), index=True)
    version: Mapped[int] = mapped_column(default=1)  # goes up with every edit; compare-and-swap
    subject: Mapped[str] = mapped_column(String(500), default="")
    preheader: Mapped[str] = mapped_column(String(500), default="")
    topper: Mapped[dict[str, Any]]  # text, signed
    quote: Mapped[dict[str, Any]]  # text, who
    numbers: Mapped[list[Any]]  # [figure, words] pairs
    appeal: Mapped[bool] = mapped_column(default=True)
    approved_hash: Mapped[str | None] = mapped_column(String(64))
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str] = mapped_column(String(200), default="")
    send_at: Mapped[datetime | None]  # an extra's moment; issues with a slot take the slot's
    sending_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    audience_count: Mapped[int] = mapped_column(default=0)
    paused: Mapped[bool] = mapped_column(default=False)
    message_key_id: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime]


class Pick(Base):
    """An article placed in an issue, in the editor's words. Writer: curation.picks."""

    __tablename__ = "picks"
    __table_args__ = (UniqueConstraint("issue_id", "article_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"))
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"))
    section_id: Mapped[int] = mapped_column(ForeignKey("sections.id"))
    position: Mapped[int]
    layout: Mapped[Layout] = mapped_column(_enum(Layout))
    headline: Mapped[str] = mapped_column(Text)
    blurb: Mapped[str] = mapped_column(Text, default="")
    kicker: Mapped[str] = mapped_column(Text, default="")
    byline: Mapped[str] = mapped_column(Text, default="")
    image_url: Mapped[str] = mapped_column(Text, default="")
    image_alt: Mapped[str] = mapped_column(Text, default="")
    image_credit: Mapped[str] = mapped_column(Text, default="")


class StoredRendering(Base):
    """The immutable bytes of one edition, as approved. Writer: press.approval."""

    __tablename__ = "renderings"
    __table_args__ = (UniqueConstraint("issue_id", "issue_version", "edition", "language"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"))
    issue_version: Mapped[int]
    edition: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(35))
    content_hash: Mapped[str] = mapped_column(String(64))
    document: Mapped[bytes]  # rendering.issue.Rendering.to_bytes()
    created_at: Mapped[datetime]


class Delivery(Base):
    """The ledger row: one issue to one subscriber; holds no address. Writer: delivery.ledger.

    `subscriber_id` carries no foreign key on purpose: the row outlives an erased subscriber as a
    count.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("issue_id", "subscriber_id"),
        Index(
            "ix_deliveries_open",
            "issue_id",
            "state",
            sqlite_where=text("state IN ('pending', 'dotted', 'uncertain')"),
            postgresql_where=text("state IN ('pending', 'dotted', 'uncertain')"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"))
    subscriber_id: Mapped[int] = mapped_column(Id)
    state: Mapped[DeliveryState] = mapped_column(_enum(DeliveryState))
    origin: Mapped[Origin] = mapped_column(_enum(Origin))
    edition: Mapped[str] = mapped_column(String(20))
    domain_group: Mapped[str] = mapped_column(String(20))
    not_before: Mapped[datetime]
    next_at: Mapped[datetime | None]  # a retry waits until then
    attempt: Mapped[int] = mapped_column(default=0)
    epoch: Mapped[int] = mapped_column(default=0)  # of the chunk lease under which it was dotted
    dotted_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    code: Mapped[int | None]
    reply: Mapped[str] = mapped_column(String(300), default="")  # redacted
    queue_id: Mapped[str] = mapped_column(String(80), default="")
    reason: Mapped[str] = mapped_column(String(40), default="")


class Chunk(Base):
    """A run of ledger rows with one moment and one domain group; leasing it is the claim. Writer:
    delivery.ledger.
    """

    __tablename__ = "chunks"
    __table_args__ = (
        Index(
            "ix_chunks_due",
            "next_at",
            sqlite_where=text("next_at IS NOT NULL"),
            postgresql_where=text("next_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"), index=True)
    first_id: Mapped[int] = mapped_column(Id)  # of deliveries, both ends included
    last_id: Mapped[int] = mapped_column(Id)
    domain_group: Mapped[str] = mapped_column(String(20))
    next_at: Mapped[datetime | None]  # when it has work; None: every row is settled
    owner: Mapped[str | None] = mapped_column(String(60))
    lease_until: Mapped[datetime | None]
    epoch: Mapped[int] = mapped_column(default=0)  # one more with every lease: the fence


class DeliveryEvent(Base):
    """Append-only story of a ledger row beyond its ordinary path. Writer: delivery.ledger."""

    __tablename__ = "delivery_events"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(String(300), default="")


class Notice(Base):
    """One service mail waiting to be sent. Writer: outbox (enqueue) and delivery.notices
    (outcome).
    """

    __tablename__ = "notices"
    __table_args__ = (
        Index(
            "ix_notices_waiting",
            "next_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        UniqueConstraint("dedupe_key"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    newsletter_slug: Mapped[str] = mapped_column(String(41))
    address_sealed: Mapped[bytes]
    subject: Mapped[str] = mapped_column(String(300))
    body_sealed: Mapped[bytes]
    dedupe_key: Mapped[str] = mapped_column(String(120))
    state: Mapped[NoticeState] = mapped_column(_enum(NoticeState))
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
