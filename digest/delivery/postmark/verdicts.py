"""What Postmark's answer to ``POST /email`` means for one copy: pure judgements, no I/O.

=======================================  ===========  =============================================
Postmark says                            we say       because
=======================================  ===========  =============================================
200, ErrorCode 0 and a MessageID         Accepted     it took responsibility
406 inactive recipient                   Rejected     it has bounced, complained or left before
300 that names To                        Rejected     the address cannot be mailed
300 that names From or Reply-To          Deferred, +  it is about us, and no reader pays
300 otherwise; HTTP 413                  Rejected     it is about this message
10, 400-405, 409, 412, 413, 12xx;        Deferred, +  token, sender signature, account or stream:
HTTP 401, 403, 404 and the like                       about us
100 maintenance, 429 too fast            Deferred, +  the request was turned away, not worked on
any other ErrorCode with HTTP 422        Deferred     it was refused, for reasons we do not know
HTTP 500, 502, 504, 503 without 100      Uncertain    Postmark says of 500 that the message is lost
                                                      "in most cases"; a gateway knows less still
anything else, 3xx and garbage too       Uncertain    nobody knows
=======================================  ===========  =============================================

``+``: nothing more should be handed over for a while. Numbers without HTTP are ErrorCodes, which
come with HTTP 422. The codes we give are SMTP's, for everything that judges an outcome reads those:
535 where it is about us, 421 where there is no service just now.
"""

import json
from dataclasses import dataclass
from typing import Any

from digest.delivery.http_wire import Answer
from digest.delivery.outcome import Accepted, Deferred, Outcome, Rejected, Uncertain, short_reply
from digest.errors import BackendDown

SETUP, CLOSING = 535, 421  # about us, as SMTP says it: not authenticated, no service just now
SETUP_SECONDS = 60.0  # how long to leave it alone when it is about us
BUSY_SECONDS = 10.0  # and when we were too fast
LONGEST_SECONDS = 300.0

_INACTIVE, _INVALID, _MAINTENANCE, _TOO_FAST = 406, 300, 100, 429
_ABOUT_US = {10, *range(400, 406), 409, 412, 413, *range(1200, 1300)}
# Statuses by which a server turns a request away unread or unworked. Not 408: proxies say it of
# requests that went through.
_TURNED_AWAY = {400, 401, 403, 404, 405, 406, 410, 411, 414, 415, 417, 431}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the copy, and for how many seconds nothing more should be handed over."""

    outcome: Outcome
    pause: float = 0.0


def of_email(answer: Answer) -> Verdict:
    """Judge the answer to ``POST /email`` by the table above."""
    record = json_object(answer.body)
    code = record.get("ErrorCode")
    said = short_reply(f"{answer.status} {code if code else ''} {record.get('Message', '')}")
    if answer.status == _TOO_FAST or (answer.status == 422 and code == _TOO_FAST):
        return Verdict(Deferred(CLOSING, said), _pause(answer, BUSY_SECONDS))
    if answer.status in {422, 503} and code == _MAINTENANCE:
        return Verdict(Deferred(CLOSING, said), _pause(answer, SETUP_SECONDS))
    if answer.status in _TURNED_AWAY:
        return Verdict(Deferred(SETUP, said), SETUP_SECONDS)
    if answer.status == 413:
        return Verdict(Rejected(552, said, reason="size"))
    if answer.status in {200, 422} and isinstance(code, int) and code != 0:
        return _of_error(code, str(record.get("Message", "")), said)
    message_id = record.get("MessageID")
    if answer.status == 200 and code == 0 and isinstance(message_id, str) and message_id:
        return Verdict(Accepted(250, said, message_id))
    return Verdict(Uncertain(f"an answer that settles nothing: {said}"))


def _of_error(code: int, message: str, said: str) -> Verdict:
    """Judge a refusal by its ErrorCode."""
    if code == _INACTIVE:
        return Verdict(Rejected(550, said, reason="inactive"))
    if code == _INVALID and "'To'" in message:
        return Verdict(Rejected(553, said, reason="address"))
    names_us = code == _INVALID and ("'From'" in message or "'ReplyTo'" in message)
    if names_us or code in _ABOUT_US:
        return Verdict(Deferred(SETUP, said), SETUP_SECONDS)
    if code == _INVALID:
        return Verdict(Rejected(554, said, reason="message"))
    return Verdict(Deferred(451, said))


def of_stream(answer: Answer, stream: str, name: str) -> None:
    """Judge the answer to ``GET /message-streams/<stream>``: BackendDown when nothing can be sent
    through it, with code 535 where somebody has to change our set-up.
    """
    record = json_object(answer.body)
    if answer.status != 200:
        said = short_reply(f"{answer.status} {record.get('Message', '')}")
        about_us = answer.status in _TURNED_AWAY or answer.status == 422
        raise BackendDown(f"{name}: refused us: {said}", code=SETUP if about_us else CLOSING)
    if record.get("ID") != stream:
        raise BackendDown(f"{name}: answered with something that is not Postmark's")
    if record.get("ArchivedAt") or record.get("MessageStreamType") == "Inbound":
        raise BackendDown(f"{name}: the message stream {stream!r} sends no mail", code=SETUP)


def manages_unsubscribes(answer: Answer) -> bool:
    """Whether Postmark puts its own unsubscribe link and headers into every copy of this stream."""
    settings = json_object(answer.body).get("SubscriptionManagementConfiguration")
    return isinstance(settings, dict) and settings.get("UnsubscribeHandlingType") == "Postmark"


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`; an empty one when there is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _pause(answer: Answer, usual: float) -> float:
    return min(float(answer.retry_after) or usual, LONGEST_SECONDS)
