"""What a server's reply means for one copy, by the phase it came in: pure judgements, no I/O.

====================  ==========================  ===============================================
until the dot         the server says             we say
====================  ==========================  ===============================================
MAIL                  4xx                         Deferred
MAIL                  421                         BackendDown
MAIL                  552, 5.2.3, 5.3.4, 5.6.x    Rejected: it is about this message
MAIL                  other 5xx                   BackendDown: about us, so no reader pays for it
RCPT, DATA            4xx, 421                    Deferred; after 421 the channel is spent
RCPT, DATA            5xx                         Rejected
anywhere              silence, hang-up, garbage   BackendDown
body, or at the dot   any reply, unasked          Deferred, channel spent
at the dot            it has hung up already      Deferred, channel spent; no dot was written
====================  ==========================  ===============================================

After the dot 2xx is Accepted, 4xx (421 too) Deferred, 5xx Rejected, and everything else Uncertain.
At RCPT and DATA a 421 may be about one copy (relays limit rates that way), so it must not stop a
whole run.
"""

from digest.delivery.outcome import (
    Accepted,
    Deferred,
    Outcome,
    Rejected,
    Scope,
    Uncertain,
    scope_of,
)
from digest.delivery.smtp.replies import Reply, queue_id
from digest.errors import BackendDown

CLOSING = 421  # RFC 5321 section 3.8: the server hangs up after this
GO_AHEAD = 354


def of_mail(reply: Reply, relay: str) -> Deferred | Rejected | None:
    """Judge the reply to MAIL FROM; None when it is good. BackendDown where it is about us."""
    about_us = reply.permanent and scope_of(reply.code, reply.text) is not Scope.MESSAGE
    if about_us or reply.code == CLOSING:
        raise BackendDown(
            f"{relay}: refused our sender: {reply.code} {reply.text}", code=reply.code
        )
    return None if reply.good else _refusal(reply, "MAIL", relay)


def of_rcpt(reply: Reply, relay: str) -> Deferred | Rejected | None:
    """Judge the reply to RCPT TO; None when it is good (251 and 252 are)."""
    return None if reply.good else _refusal(reply, "RCPT", relay)


def of_data(reply: Reply, relay: str) -> Deferred | Rejected | None:
    """Judge the reply to DATA; None when it asks for the body."""
    return None if reply.code == GO_AHEAD else _refusal(reply, "DATA", relay)


def of_dot(reply: Reply) -> Outcome:
    """Judge the reply to the final dot."""
    if reply.good:
        return Accepted(reply.code, reply.text, queue_id(reply.text))
    if reply.transient:
        return Deferred(reply.code, reply.text)
    if reply.permanent:
        return Rejected(reply.code, reply.text)
    return Uncertain(f"{reply.code} {reply.text}")


def _refusal(reply: Reply, command: str, relay: str) -> Deferred | Rejected:
    if reply.transient:
        return Deferred(reply.code, reply.text)
    if reply.permanent:
        return Rejected(reply.code, reply.text)
    raise BackendDown(f"{relay}: answered {command} with {reply.code}, which makes no sense there")
