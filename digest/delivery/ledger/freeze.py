"""Writes an issue's audience into the ledger, once and whole, and cuts it into chunks."""

from datetime import datetime

from sqlalchemy import func, insert, literal, select
from sqlalchemy.orm import Session

from digest.db import UtcDateTime
from digest.models import Chunk, Delivery
from digest.subscribers.audience import audience_select


def freeze(
    session: Session,
    issue_id: int,
    newsletter_id: int,
    *,
    not_before: datetime,
    now: datetime,
    chunk_rows: int,
) -> int:
    """Write one pending row for everyone in the audience, cut into chunks; return how many.

    One statement each, in the caller's transaction: all of the audience is frozen, or nobody.
    """
    audience = audience_select(newsletter_id, now).subquery()
    session.execute(
        insert(Delivery).from_select(
            [
                "issue_id", "state", "origin", "attempt", "epoch", "reply", "queue_id", "reason",
                "not_before", "subscriber_id", "edition", "domain_group",
            ],
            select(
                literal(issue_id), literal("pending"), literal("audience"), literal(0), literal(0),
                literal(""), literal(""), literal(""), literal(not_before, UtcDateTime()),
                audience.c.subscriber_id, audience.c.edition, audience.c.domain_group,
            ).order_by(audience.c.domain_group, audience.c.subscriber_id),
        )
    )  # fmt: skip
    _cut_chunks(session, issue_id, chunk_rows)
    return session.scalar(select(func.count()).where(Delivery.issue_id == issue_id)) or 0


def _cut_chunks(session: Session, issue_id: int, chunk_rows: int) -> None:
    place = func.row_number().over(
        partition_by=(Delivery.not_before, Delivery.domain_group), order_by=Delivery.id
    )
    rows = (
        select(
            Delivery.id,
            Delivery.not_before,
            Delivery.domain_group,
            ((place - 1) // chunk_rows).label("number"),
        )
        .where(Delivery.issue_id == issue_id)
        .subquery()
    )
    cut = (
        select(
            literal(issue_id), literal(0), func.min(rows.c.id), func.max(rows.c.id),
            rows.c.domain_group, rows.c.not_before,
        )
        .group_by(rows.c.not_before, rows.c.domain_group, rows.c.number)
        .order_by(rows.c.not_before, func.min(rows.c.id))
    )  # fmt: skip
    columns = ["issue_id", "epoch", "first_id", "last_id", "domain_group", "next_at"]
    session.execute(insert(Chunk).from_select(columns, cut))
