"""What our own export says beyond a list, put back: choices, pauses, and every consent event.

Works on the subscriptions that one step of an import has just made, and on no other. Wordings come
back by their digest; one that the export lacks is named in the evidence instead.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Subquery, select, update
from sqlalchemy.orm import Session

from digest.models import Subscription, SubscriptionState
from digest.subscribers import consent
from digest.subscribers.consent import Circumstances, ConsentKind
from digest.subscribers.transfer.rows import read_time


def restore_kept(
    session: Session, made: Subquery, values: Mapping[str, Any], texts: Mapping[str, str]
) -> None:
    """Put back what rows of our own export keep, for the subscriptions of `made`, which is executed
    with `values`; `texts` are wordings by digest.
    """
    rows = session.execute(
        select(made.c.subscription_id, made.c.subscriber_id, made.c.kept).where(
            made.c.kept.is_not(None)
        ),
        values,
    ).all()
    events: dict[ConsentKind, list[tuple[int, Circumstances]]] = {}
    for subscription_id, subscriber_id, kept in rows:
        _restore_choices(session, subscription_id, kept)
        for each in kept.get("consent", ()):
            told = (subscriber_id, _circumstances(each, texts))
            events.setdefault(ConsentKind(each["kind"]), []).append(told)
    for kind, told_of_kind in events.items():
        consent.record_many(session, kind, values["newsletter"], told_of_kind)


def _restore_choices(session: Session, subscription_id: int, kept: Mapping[str, Any]) -> None:
    found: dict[str, Any] = {
        "edition": kept.get("edition", "full"),
        "hidden_blocks": kept.get("without") or None,
        "paused_until": _instant(kept.get("paused_until")),
        "appeal_hidden_until": _instant(kept.get("appeal_hidden_until")),
    }
    if changed := _instant(kept.get("changed")):
        found["changed_at"] = changed
    if state := kept.get("state"):
        found["state"] = SubscriptionState(state)
    session.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id)
        .values(found)
        .execution_options(synchronize_session=False)
    )


def _instant(text: str | None) -> datetime | None:
    return read_time(text) if text else None


def _circumstances(event: Mapping[str, Any], texts: Mapping[str, str]) -> Circumstances:
    at = read_time(event["at"])
    if at is None:
        raise ValueError("an event without its time was let into a staging file")
    evidence = dict(event.get("evidence", {}))
    for name in ("text", "policy"):
        digest = event.get(name)
        if digest and digest not in texts:
            evidence[f"{name}_digest"] = digest
    return Circumstances(
        at,
        event["origin"],
        wording=texts.get(event.get("text", "")),
        policy_version=event.get("policy_version"),
        policy=texts.get(event.get("policy", "")),
        evidence=evidence,
    )
