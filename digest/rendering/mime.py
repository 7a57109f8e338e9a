"""One reader's copy as the bytes that go over the wire, and the plain service mails beside it.

A CopyPress encodes a Rendering's fixed segments once; a copy is then a join. The bytes are 7-bit,
in CRLF lines of at most 76 characters outside link headers, none beginning with a dot; text part
first (RFC 2046, 5.1.4). It never signs (delivery does) and never decides who gets what.
"""

import base64
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from digest.errors import BadInput
from digest.rendering import headers
from digest.rendering.links import is_reader_link
from digest.rendering.markers import Part
from digest.rendering.personalise import ReaderValues, text_value
from digest.rendering.quoted import HARD, SAME_EVERYWHERE, encode_same, encode_segment, encode_value
from digest.rendering.stored import Embedded, Rendering

PLAIN, HTML = 0, 1
Encoded = tuple[bytes, bytes]  # a value for the plain and for the html part
PART_HEAD = (
    "Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
)
PLANS_KEPT = 1000
SUPPRESS_REPLIES = "X-Auto-Response-Suppress: OOF, AutoReply\r\n"
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class Slot(NamedTuple):
    """A place in a copy's body that takes a reader's value, in the PLAIN or the HTML part."""

    kind: int
    name: str


class Step(NamedTuple):
    """One piece of a body, and the blocks it is in."""

    what: bytes | Slot
    blocks: tuple[str, ...]


class Plan(NamedTuple):
    """A body for one choice of blocks: its pieces, and by slot the (place, kind) to be filled."""

    pieces: list[bytes]
    slots: list[tuple[str, list[tuple[int, int]]]]


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands at the head of every copy of an issue; BadInput when a header cannot carry it."""

    from_name: str
    from_address: str
    list_name: str
    list_id: str  # slug.host
    feedback_id: str  # issue:newsletter:kind:sender
    reply_to: str = ""
    leave_address: str = ""  # for List-Unsubscribe's mailto, unless a copy brings its own

    def __post_init__(self) -> None:
        """Refuse a display name that pretends: an address, a reply, or no word at all."""
        pretends = "@" in self.from_name or re.match(r"(?i)\s*(re|fwd?|aw)\s*:", self.from_name)
        if pretends or not re.search(r"\w", self.from_name):
            raise BadInput("From: the display name must be the sender's name and nothing else")


class CopyPress:
    """Builds the copies of one Rendering; made once per issue and edition, used from one thread.

    Raises BadInput when subject or letterhead cannot stand in a header.
    """

    def __init__(self, rendering: Rendering, letterhead: Letterhead) -> None:
        self._rendering = rendering
        self._letterhead = letterhead
        self._by_mail = headers.way_by_mail(letterhead.leave_address)
        self._from = headers.mailbox_line("From", letterhead.from_name, letterhead.from_address)
        # "=_" cannot occur in quoted-printable, so no part can hold the boundary.
        self._boundary = f"=_{rendering.content_hash[:24]}"
        self._fixed = _fixed_headers(rendering, letterhead, self._boundary)
        self._steps = _joined(self._body_steps())
        self._plans: dict[frozenset[str], Plan] = {}
        self._dated: tuple[datetime | None, str] = (None, "")
        # The last value of each slot: most are new for every copy, some are the issue's own.
        self._encoded: dict[str, tuple[str, Encoded]] = {}

    @property
    def slots(self) -> frozenset[str]:
        """Return the slots that a copy may need values for."""
        parts = (*self._rendering.html, *self._rendering.text)
        return frozenset(part.slot for part in parts if part.slot)

    def build(
        self,
        values: ReaderValues,
        *,
        to: str,
        message_id: str,
        date: datetime,
        unsubscribe_url: str,
        leave_address: str = "",
    ) -> bytes:
        """Return one reader's copy, RFC 5322 bytes ending in CRLF.

        `unsubscribe_url` and `leave_address` (an address, perhaps with ``?subject=token``) fill
        List-Unsubscribe. A local part outside ASCII stays as it is, and is all that is not 7-bit.
        Raises BadInput for a header value that does not fit, RenderingFailed for a slot without a
        value.
        """
        head = self.head(
            to=to,
            message_id=message_id,
            date=date,
            unsubscribe_url=unsubscribe_url,
            leave_address=leave_address,
        )
        return b"".join((head, HARD, *self.body(values)))

    def head(
        self,
        *,
        to: str,
        message_id: str,
        date: datetime,
        unsubscribe_url: str,
        leave_address: str = "",
    ) -> bytes:
        """Return a copy's header lines, without the blank line; errors are those of `build`."""
        by_mail = headers.way_by_mail(leave_address) if leave_address else self._by_mail
        return (
            f"{self._from}To: <{headers.written_address(to)}>\r\n"
            f"{self._date_line(date)}{headers.message_id_line(message_id)}"
            f"{headers.unsubscribe_lines(unsubscribe_url, by_mail)}"
            f"{self._fixed}"
        ).encode()

    def body(self, values: ReaderValues) -> list[bytes]:
        """Return a copy's body in pieces to be joined; RenderingFailed for a slot without value."""
        plan = self._plans.get(values.hidden_blocks) or self._planned(values.hidden_blocks)
        pieces = plan.pieces.copy()
        for name, places in plan.slots:
            encoded = self._encode(name, values)
            for place, kind in places:
                pieces[place] = encoded[kind]
        return pieces

    def _date_line(self, date: datetime) -> str:
        """Return the Date header, made once for all copies of a second."""
        second = date.replace(microsecond=0)
        if second != self._dated[0]:
            self._dated = (second, headers.date_line(second))
        return self._dated[1]

    def _encode(self, name: str, values: ReaderValues) -> Encoded:
        value = values.slots.get(name, "")
        last = self._encoded.get(name)
        if last is None or last[0] != value:
            if name in values.own:
                same = encode_same(value)
                last = (value, (same, same))
            else:
                last = (value, _encoded(text_value(name, values.slots)))
            self._encoded[name] = last
        return last[1]

    def _planned(self, hidden: frozenset[str]) -> Plan:
        """Return, and remember, the plan of copies without these blocks. It holds the same pieces
        as every other plan: readers choose in many ways.
        """
        shown = [step for step in self._steps if hidden.isdisjoint(step.blocks)]
        slots: dict[str, list[tuple[int, int]]] = {}
        for place, step in enumerate(shown):
            if isinstance(step.what, Slot):
                slots.setdefault(step.what.name, []).append((place, step.what.kind))
        pieces = [step.what if isinstance(step.what, bytes) else b"" for step in shown]
        while len(self._plans) >= PLANS_KEPT:
            del self._plans[next(iter(self._plans))]
        plan = self._plans[hidden] = Plan(pieces, list(slots.items()))
        return plan

    def _body_steps(self) -> list[Step]:
        mark, rendering = f"--{self._boundary}", self._rendering
        return [
            _fixed(f"{mark}\r\n{PART_HEAD.format('plain')}"),
            *_steps(PLAIN, rendering.text),
            _fixed(f"\r\n{mark}\r\n"),
            *self._with_pictures([_fixed(PART_HEAD.format("html")), *_steps(HTML, rendering.html)]),
            _fixed(f"\r\n{mark}--\r\n"),
        ]

    def _with_pictures(self, page: list[Step]) -> list[Step]:
        """Return the HTML part together with the pictures it shows, if it has any in it (RFC 2387);
        mail programs want them beside the page, not beside the text.
        """
        if not self._rendering.pictures:
            return page
        inner = f"=_{self._rendering.content_hash[24:48]}"  # no beginning of the other
        opening = (
            'Content-Type: multipart/related; type="text/html";\r\n'
            f' boundary="{inner}"\r\n\r\n--{inner}\r\n'
        )
        pictures = [f"\r\n--{inner}\r\n{_picture_part(p)}" for p in self._rendering.pictures]
        return [_fixed(opening), *page, *map(_fixed, pictures), _fixed(f"\r\n--{inner}--\r\n")]


def is_plain_link(url: str) -> bool:
    """Whether a link is the same in plain text, HTML and quoted-printable, and stays so when a
    token follows it.
    """
    return is_reader_link(url) and SAME_EVERYWHERE.fullmatch(url) is not None


def _encoded(value: str) -> Encoded:
    """Return a reader's value for the plain and for the html part."""
    if SAME_EVERYWHERE.fullmatch(value):
        same = encode_same(value)
        return same, same
    return encode_value(value), encode_value(html.escape(value))


def _fixed(text: str) -> "Step":
    return Step(text.encode(), ())


def _picture_part(picture: Embedded) -> str:
    head = (
        f"Content-Type: {picture.kind}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{picture.cid}>\r\nContent-Disposition: inline\r\n\r\n"
    )
    return head + base64.encodebytes(picture.data).decode("ascii").replace("\n", "\r\n")


def _fixed_headers(rendering: Rendering, letterhead: Letterhead, boundary: str) -> str:
    reply_to = letterhead.reply_to and headers.ascii_address(letterhead.reply_to)
    return (
        headers.subject_line(rendering.subject)
        + (f"Reply-To: <{reply_to}>\r\n" if reply_to else "")
        + headers.list_id_line(letterhead.list_name, letterhead.list_id)
        + headers.feedback_id_line(letterhead.feedback_id)
        + SUPPRESS_REPLIES
        + "MIME-Version: 1.0\r\n"
        + f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n'
    )


def _steps(kind: int, parts: Iterable[Part]) -> list[Step]:
    steps = [
        Step(Slot(kind, part.slot) if part.slot else encode_segment(part.text), part.blocks)
        for part in parts
    ]
    # A part must not end in a soft break, which would join it to the boundary.
    return [*steps, Step(HARD, ())]


def _joined(steps: Iterable[Step]) -> list[Step]:
    """Return the steps with fixed neighbours made one, where every copy has both or neither."""
    joined: list[Step] = []
    for step in steps:
        before = joined[-1] if joined and joined[-1].blocks == step.blocks else None
        if before and isinstance(before.what, bytes) and isinstance(step.what, bytes):
            joined[-1] = Step(before.what + step.what, step.blocks)
        else:
            joined.append(step)
    return joined


def build_notice(
    *,
    from_name: str,
    from_address: str,
    to: str,
    subject: str,
    body: str,
    message_id: str,
    date: datetime,
    reply_to: str | None = None,
) -> bytes:
    """Return a service mail in plain text, marked as sent by a machine (RFC 3834), ending in CRLF.

    It has no List-Unsubscribe: it answers something its reader did. Errors are those of a copy.
    """
    reply = f"Reply-To: <{headers.ascii_address(reply_to)}>\r\n" if reply_to else ""
    head = (
        headers.mailbox_line("From", from_name, from_address)
        + f"To: <{headers.ascii_address(to)}>\r\n"
        + headers.date_line(date)
        + headers.message_id_line(message_id)
        + headers.subject_line(subject)
        + f"{reply}Auto-Submitted: auto-generated\r\n{SUPPRESS_REPLIES}MIME-Version: 1.0\r\n"
        + PART_HEAD.format("plain")
    )
    return head.encode("ascii") + encode_segment(CONTROLS.sub("", body).rstrip() + "\n")
