"""What ``digest subscribers find`` says of an address that mail does not reach."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.app import App
from digest.delivery.feedback.showing import find_suspension, list_of_reader
from digest.models import Suppression
from digest.subscribers.addresses import parse_address


def list_troubles(session: Session, instance: App, address: str, subscriber_id: int) -> list[str]:
    """Return lines on why the address is not mailed, and what came back of its copies; nothing of
    guarded newsletters.
    """
    guarded = tuple(each.slug for each in instance.config.newsletters if each.guarded)
    indexes = instance.sealer.indexes(parse_address(address).key)
    lines = []
    for row in session.scalars(select(Suppression).where(Suppression.address_index.in_(indexes))):
        because = f"{row.reason.value}, {row.at:%Y-%m-%d}"
        lines.append(f"Suppressed ({because}): {row.detail}".removesuffix(": "))
    trial = find_suspension(session, subscriber_id)
    if trial is not None and not trial.opened:
        lines.append(f"Suspended until {trial.probe_at:%Y-%m-%d}; then one issue more.")
    for each in list_of_reader(session, subscriber_id, except_slugs=guarded):
        what = f"{each.kind} ({each.meaning})" if each.meaning else each.kind
        issue = each.issue or "a letter of ours"
        lines.append(f"{each.at:%Y-%m-%d} {issue}: {what}; {each.followed}. {each.said}".strip())
    return lines
