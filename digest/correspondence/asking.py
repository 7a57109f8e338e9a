"""A public form that was posted: counted, limited and kept, alike for every address.

Nothing here looks an address up, so neither the answer nor the work tells whom we know.
"""

import enum
import logging
from datetime import datetime

from sqlalchemy.orm import Session

from digest.config import NewsletterConfig
from digest.correspondence.correspondent import Correspondent
from digest.correspondence.limits import form_limits
from digest.outbox import NoticeText, enqueue
from digest.subscribers.door.limits import allow
from digest.subscribers.door.requests import Asked, put_request
from digest.subscribers.door.spent import give_back, spend
from digest.tokens import Passing

log = logging.getLogger(__name__)


class Answer(enum.Enum):
    """What became of a form."""

    TAKEN = "taken"
    SPENT = "spent"  # this very form was posted before
    TOO_MANY = "too many"


def ask_by_form(
    session: Session,
    correspondent: Correspondent,
    configured: NewsletterConfig,
    asked: Asked,
    *,
    stamp: Passing,
    network: bytes,
    now: datetime,
) -> Answer:
    """Keep what a form asks for, at most once for each `stamp` and as often as limits let it;
    `network` is the visitor's, keyed. BadInput as `put_request` raises it.
    """
    if not spend(session, stamp):
        return Answer.SPENT
    wanted = form_limits(correspondent.config.limits, network)
    reached = allow(session, wanted, now)
    if reached is None:
        put_request(session, correspondent.sealer, asked, now)
        return Answer.TAKEN
    give_back(session, stamp)  # a flood keeps nothing, and the same form may be sent again later
    if reached == wanted[-1][0]:
        _tell_of_flood(session, correspondent, configured, now)
    return Answer.TOO_MANY


def _tell_of_flood(
    session: Session, correspondent: Correspondent, configured: NewsletterConfig, now: datetime
) -> None:
    """Tell the newsletter's alert addresses, once an hour, that the form turns visitors away."""
    most = correspondent.config.limits.all_per_hour
    log.warning("the public forms are flooded", extra={"fields": {"newsletter": configured.slug}})
    text = NoticeText(
        "The sign-up form turns visitors away",
        f"More than {most} forms came within an hour, as many as limits.all_per_hour lets"
        " through. Until there are fewer, visitors are asked to try later.\n",
    )
    for number, address in enumerate(configured.alerts):
        enqueue(
            session,
            correspondent.sealer,
            kind="alert",
            newsletter_slug=configured.slug,
            address=address,
            text=text,
            dedupe_key=f"flood-{configured.slug}-{now:%Y%m%d%H}-{number}",
            now=now,
        )
