"""Tables about what was sent: the ledger, the outbox, and facts about this instance."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import CheckConstraint

from digest.models.base import Base, Id, words_of
from digest.models.states import (
    DeliveryState,
    NoticeState,
    Origin,
)


class Delivery(Base):
    """The ledger row: one issue to one subscriber; holds no address. Writer: delivery.ledger.

    `subscriber_id` carries no foreign key on purpose: the row outlives an erased subscriber as a
    count.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("issue_id", "subscriber_id"),
        # Only rows in doubt: one that every copy entered and left would cost more than it saves.
        Index(
            "ix_deliveries_uncertain",
            "issue_id",
            sqlite_where=text("state = 'uncertain'"),
            postgresql_where=text("state = 'uncertain'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    # No foreign key: PostgreSQL takes longer to check it for each row than to write the row, all
    # rows come from one statement that names one issue, and no issue that was sent is ever deleted.
    issue_id: Mapped[int] = mapped_column(Id)
    subscriber_id: Mapped[int] = mapped_column(Id)
    state: Mapped[DeliveryState] = mapped_column(words_of(DeliveryState))
    origin: Mapped[Origin] = mapped_column(words_of(Origin))
    edition: Mapped[str] = mapped_column(String(20))
    domain_group: Mapped[str] = mapped_column(String(20))
    not_before: Mapped[datetime]
    next_at: Mapped[datetime | None]  # a retry waits until then
    attempt: Mapped[int] = mapped_column(default=0)
    epoch: Mapped[int] = mapped_column(default=0)  # of the chunk lease under which it was dotted
    dotted_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    relay: Mapped[str] = mapped_column(
        String(41), default="", server_default=""
    )  # that got the dot
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


class LedgerSum(Base):
    """What is left of an issue's ledger ninety days later: its sums, signed. Writer:
    delivery.ledger.shrinking.
    """

    __tablename__ = "ledger_sums"

    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id"), primary_key=True, autoincrement=False
    )
    sums: Mapped[dict[str, Any]]
    key_id: Mapped[str] = mapped_column(String(20))
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))
    shrunk_at: Mapped[datetime]


class Tombstone(Base):
    """An erased reader's address had its copy of this issue, or may still get it: joining again
    brings no second one. Writer: delivery.ledger.tombstones.
    """

    __tablename__ = "tombstones"

    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id"), primary_key=True, autoincrement=False
    )
    address_index: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    at: Mapped[datetime]


class RelayStanding(Base):
    """How one relay behaves towards one domain group; group ``""`` is the relay as a whole. Writer:
    delivery.breaker.
    """

    __tablename__ = "relay_standings"

    relay: Mapped[str] = mapped_column(String(41), primary_key=True)
    domain_group: Mapped[str] = mapped_column(String(20), primary_key=True)
    open_until: Mapped[datetime | None]  # nothing is tried before; None: nothing speaks against it
    reason: Mapped[str] = mapped_column(String(300), default="")  # redacted; why it was opened
    failures: Mapped[int] = mapped_column(default=0)  # openings since it last went well
    # Policy refusals in a row; below zero: accepted copies in a row while a group recovers. Of the
    # whole relay: refusals of our set-up.
    refusals: Mapped[int] = mapped_column(default=0)
    connections: Mapped[int | None]  # how many at once while it recovers; None: as configured
    down_since: Mapped[datetime | None]  # of the trouble that lasts
    changed_at: Mapped[datetime]


class RelayUse(Base):
    """How many copies were allowed in one minute; group ``""`` counts a relay's all. Writer:
    delivery.pacing.
    """

    __tablename__ = "relay_uses"

    relay: Mapped[str] = mapped_column(String(41), primary_key=True)
    domain_group: Mapped[str] = mapped_column(String(20), primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    copies: Mapped[int]


class RelayPace(Base):
    """When the next copy may leave under a limit per second. Writer: delivery.pacing."""

    __tablename__ = "relay_paces"

    relay: Mapped[str] = mapped_column(String(41), primary_key=True)
    domain_group: Mapped[str] = mapped_column(String(20), primary_key=True)
    free_at: Mapped[datetime]


class RelaySeat(Base):
    """One connection that a relay allows, or a domain group through it, and which process has it.
    Writer: delivery.pacing.
    """

    __tablename__ = "relay_seats"

    relay: Mapped[str] = mapped_column(String(62), primary_key=True)  # or relay/domain group
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner: Mapped[str] = mapped_column(String(60))
    until: Mapped[datetime]


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
    address_index: Mapped[bytes | None] = mapped_column(
        LargeBinary(32), index=True
    )  # so that erasing finds it; None: an alert to the newsroom
    reply_sealed: Mapped[bytes | None]  # where an answer goes, if not to the newsroom
    subject: Mapped[str] = mapped_column(String(300))
    body_sealed: Mapped[bytes]
    dedupe_key: Mapped[str] = mapped_column(String(120))
    state: Mapped[NoticeState] = mapped_column(words_of(NoticeState))
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class InstanceValue(Base):
    """Facts about this instance, by name: id, key canary, heartbeats; how far a mailbox was read.
    Writer: app; of mailboxes correspondence.incoming.mailbox; of refusals delivery.feedback; of
    homes, holds and the database's name delivery.home; of a full disk delivery.ballast; in a
    restored copy operations.backup.
    """

    __tablename__ = "instance"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
