"""What a provider told and nobody understood, read once more: after an upgrade that knows the word.

It was proved to be the provider's when it came, and lay sealed since.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from digest.config import Config
from digest.delivery.feedback.events import Feedback
from digest.delivery.feedback.mailgun import parse_mailgun
from digest.delivery.feedback.postmark import parse_postmark
from digest.delivery.feedback.reach import Reach
from digest.delivery.feedback.sendgrid import parse_sendgrid
from digest.delivery.feedback.ses import parse_ses
from digest.delivery.feedback.sns import read_sns
from digest.delivery.feedback.taking import Rules, take
from digest.errors import BadInput


def _ses(raw: bytes) -> list[Feedback]:
    message = read_sns(raw)
    return parse_ses(message.content, message.id)


def _sendgrid(raw: bytes) -> list[Feedback]:
    """Read one event of a list that was otherwise understood."""
    told, odd = parse_sendgrid(b"[" + raw + b"]")
    if odd:
        raise BadInput(odd[0].why)
    return told


PARSERS: dict[str, Callable[[bytes], list[Feedback]]] = {
    "postmark": parse_postmark,
    "mailgun": parse_mailgun,
    "sendgrid": _sendgrid,
    "ses": _ses,
}


def read_payload(provider: str, raw: bytes) -> list[Feedback] | None:
    """Return what a payload tells; None while it is not understood."""
    try:
        return PARSERS[provider](raw)
    except BadInput:
        return None


def take_again(
    session: Session,
    rules: Rules,
    config: Config,
    provider: str,
    told: list[Feedback],
    now: datetime,
) -> None:
    """Take in what is understood by now, about copies of the provider's relays only; about none
    where its table is gone.
    """
    table = config.hooks.open.get(provider)
    reach = Reach.of(table.relays if table else (), config)
    take(session, rules, provider, told, now, reach=reach)
