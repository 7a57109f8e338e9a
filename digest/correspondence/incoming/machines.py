"""How one tells that a machine wrote a mail, so that none of its words count as a person's.

RFC 3834 for automatic answers, RFC 2919 and RFC 2369 for lists, RFC 3464 and RFC 5965 for reports;
the rest is what mail programs really write.
"""

import re
from collections.abc import Callable

Values = Callable[[str], list[str]]  # what all headers of a name say

LIST_HEADERS = ("List-Id", "List-Post", "List-Unsubscribe", "List-Help", "Mailing-List")
AUTOMATIC_HEADERS = (
    *("X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond", "X-Autoresponder"),
    *("X-Auto-Reply-From", "X-Mail-Autoreply", "X-Failed-Recipients", "X-Loop"),
)
ANSWERING = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply-From", "X-Mail-Autoreply")
BULK = frozenset({"bulk", "list", "junk", "auto_reply"})
REPORTS = ("multipart/report", "message/delivery-status", "message/feedback-report")
MACHINES = re.compile(
    r"(?:^|[<\s\"])(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)(?:[+-][^@\s]*)?@",
    re.IGNORECASE,
)
# An empty return path, also as Postfix writes it for a pipe.
NOBODY = re.compile(r"<?(?:mailer-daemon(?:@[^>]*)?)?\s*>?", re.IGNORECASE)
# How answers from people who are away begin, in the languages that our letters are written in.
AWAY = re.compile(
    r"""\s*(?:(?:re|aw|rv)\s*:\s*)?\[?(?:
        auto(?:matic|mated)?[\s:-]*(?:reply|response|answer) | auto:
      | out[\s-]of[\s-](?:the[\s-])?office
      | automatische\s+antwort | abwesenheit | abwesend
      | r[ée]ponse\s+automatique | absence\s+du\s+bureau | absent(?:e)?\s+du\s+bureau
      | respuesta\s+autom[áa]tica | fuera\s+de\s+(?:la\s+)?oficina
      | автоматический\s+ответ | автоответ | вне\s+офиса | нет\s+на\s+работе
      | автоматична\s+відповідь | автовідповідь
      | رد\s+تلقائي | الرد\s+التلقائي | خارج\s+المكتب
      | پاسخ\s+خودکار | خارج\s+از\s+دفتر
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def is_automatic(values: Values, subject: str) -> bool:
    """Tell whether a machine wrote a message or a list sent it on; the subject comes last."""
    return (
        is_report(values)
        or any(_first_word(said) not in {"no", ""} for said in values("Auto-Submitted"))
        or any(_first_word(said) in BULK for said in values("Precedence"))
        or any(values(name) for name in (*LIST_HEADERS, *AUTOMATIC_HEADERS))
        or any(MACHINES.search(said) for said in values("From"))
        or AWAY.match(subject) is not None
    )


def is_report(values: Values) -> bool:
    """Tell whether a message tells of another one: a bounce has an empty return path (RFC 5321,
    4.5.5), reports have a content type of their own.
    """
    return any(NOBODY.fullmatch(said) for said in values("Return-Path")) or any(
        _first_word(said) in REPORTS for said in values("Content-Type")
    )


def is_answer(values: Values, subject: str) -> bool:
    """Tell whether a machine answered for somebody who is away: such a mail may have an empty
    return path like a bounce's (RFC 3834, 3), but no mail system has written it.
    """
    if any(_first_word(said) in REPORTS for said in values("Content-Type")):
        return False
    return AWAY.match(subject) is not None or any(values(name) for name in ANSWERING)


def _first_word(said: str) -> str:
    return re.split(r"[\s;(]", said.strip(), maxsplit=1)[0].lower()
