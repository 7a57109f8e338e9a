"""What a Postfix log proves about copies, by Message-ID; reads text and knows no ledger.

Postfix's order of events (seen with 3.7, the same since 2.x):

1. ``smtpd[pid]: QID: client=…`` opens a queue file under a queue id.
2. ``cleanup: QID: message-id=<…>`` is written while the message is still coming in. It proves
   nothing: the client may yet vanish before the dot. It may even come after line 5.
3. cleanup forces the complete file to the disk and makes it executable; only then smtpd says 250.
4. ``qmgr: QID: from=<…>, … (queue active)``: the queue manager takes complete files only, so from
   here on Postfix has the copy, whether or not its 250 reached anybody. So does any ``status=`` of
   a delivery agent.
5. ``smtpd[pid]: lost connection after DATA (…)``, or ``timeout after DATA``, instead: the last
   queue id of that smtpd ended before its dot and its file is thrown away. After the dot Postfix
   says END-OF-MESSAGE.

A message that was held, discarded or rejected by a content check has line 2 and never line 4:
that is told apart from both and left to a person. Queue ids are used again; a ``client=`` or
another ``message-id=`` begins a new life of one.

A Postfix that was killed says nothing of the messages that its smtpds were taking in. The next
``master: daemon started`` shows which those were. Their complete files are in its incoming queue,
all of which qmgr then takes in; so one that it did not take was not complete, once everything that
came later has been taken too. A qmgr with a full active queue is thereby told apart.
"""

import gzip
import re
import zlib
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import IO, cast

from digest.errors import BadInput

LONGEST_LINE = 65_536
CUT_REMEMBERED = 10_000  # queue ids cut off lately whose message-id line may still come
PROGRESS_LINES = 20_000
CAUGHT_UP = 10  # messages named after a restart and queued, all of them, before it proves anything
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

LINE = re.compile(
    r"(?P<stamp>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) (?P<host>\S+) "
    r"(?P<instance>[^\s/\[]+)/(?:[^\s\[]+/)?(?P<daemon>[a-z-]+)\[(?P<pid>\d+)\]: (?P<text>.*)"
)
QUEUE_ID = r"(?P<queue_id>[0-9A-Za-z]{5,20}): "
CLIENT = re.compile(QUEUE_ID + "client=")
CUT_OFF = re.compile(r"(?:lost connection|timeout) after (?:DATA|BDAT)(?: content)? \(")
MESSAGE_ID = re.compile(QUEUE_ID + r"message-id=(?P<message_id>\S+)")
ACTIVE = re.compile(QUEUE_ID + r"from=<.*\(queue active\)$")
EXPIRED = re.compile(QUEUE_ID + r"from=<.*>, status=(?:force-)?expired")
REMOVED = re.compile(QUEUE_ID + "removed$")
KEPT_BACK = re.compile(QUEUE_ID + r"(?:milter-)?(?:hold|discard|reject): ")
STARTED = "daemon started -- version "
STATUS = re.compile(
    QUEUE_ID + r"to=<.*?>, .*?\bdsn=(?P<dsn>[245]\.\d{1,3}\.\d{1,3}), status=(?P<word>[a-z-]+)"
)
Place = tuple[str, str, str]  # host, instance, queue id: unique at one moment, not for ever


@dataclass(slots=True)
class Intake:
    """What one Postfix has named so far, and which of it has neither been queued nor cut off."""

    named: int = 0
    waiting: set[str] = field(default_factory=set)  # queue ids


@dataclass(slots=True)
class Passage:
    """One message's way in, under one queue id, into one Postfix."""

    queue_id: str
    intake: Intake = field(default_factory=Intake)
    cut_off: bool = False  # before its dot
    queued: bool = False
    kept_back: bool = False  # by a content check
    stranded_at: int | None = None  # how much was named when Postfix died over it
    returned: str = ""  # to its sender: the DSN status

    @property
    def lost(self) -> bool:
        """Whether Postfix has not got it, and never will."""
        if self.queued or self.kept_back or self.stranded_at is None:
            return self.cut_off and not self.queued
        return not self.intake.waiting and self.intake.named - self.stranded_at >= CAUGHT_UP


@dataclass(slots=True)
class Trace:
    """What was seen of one Message-ID."""

    passages: list[Passage] = field(default_factory=list)

    @property
    def taken(self) -> str:
        """Return the queue id of a copy that Postfix took and did not return, or nothing."""
        kept = (way.queue_id for way in self.passages if way.queued and not way.returned)
        return next(kept, "")

    @property
    def returned(self) -> str:
        """Return the status with which a copy was returned, or nothing."""
        return next((way.returned for way in self.passages if way.returned), "")

    @property
    def unclear(self) -> bool:
        """Whether a copy began to come in, and was neither queued nor lost."""
        return any(not (way.queued or way.lost) for way in self.passages)


class PostfixLog:
    """Follows the queue ids of wanted Message-IDs through log lines given in order.

    Memory grows with the wanted ones and the connections open at once, not with the log.
    """

    def __init__(self, wanted: Collection[str]) -> None:
        """Look for these Message-IDs, angle brackets included."""
        self.traces: dict[str, Trace] = {message_id: Trace() for message_id in wanted}
        self.lines = 0  # of Postfix
        self.first_stamp = ""
        self.last_stamp = ""
        self._passing: dict[Place, Passage] = {}
        self._serving: dict[tuple[str, str], Place] = {}  # by smtpd process: what it takes in
        self._cut_off: OrderedDict[Place, None] = OrderedDict()
        self._intakes: dict[tuple[str, str], Intake] = {}  # by host and instance

    def take(self, line: str) -> None:
        """Learn from the next line; a line of another program is passed over."""
        seen = LINE.match(line)
        if seen is None:
            return
        self.lines += 1
        self.last_stamp = seen["stamp"]
        self.first_stamp = self.first_stamp or self.last_stamp
        where, text = (seen["host"], seen["instance"]), seen["text"]
        match seen["daemon"]:
            case "smtpd":
                self._take_smtpd(where, (seen["host"], seen["pid"]), text)
            case "cleanup":
                self._take_cleanup(where, text)
            case "qmgr" | "oqmgr" | "nqmgr":
                self._take_qmgr(where, text)
            case "master" if text.startswith(STARTED):
                self._strand(where)
            case _:
                self._take_agent(where, text)

    def _take_smtpd(self, where: tuple[str, str], process: tuple[str, str], text: str) -> None:
        if found := CLIENT.match(text):
            place = (*where, found["queue_id"])
            self._passing.pop(place, None)
            self._cut_off.pop(place, None)
            self._intake(where).waiting.discard(found["queue_id"])
            self._serving[process] = place
        elif CUT_OFF.match(text) and process in self._serving:
            self._cut(self._serving[process])
        elif text.startswith("disconnect from "):
            self._serving.pop(process, None)

    def _cut(self, place: Place) -> None:
        self._cut_off[place] = None
        if len(self._cut_off) > CUT_REMEMBERED:
            self._cut_off.popitem(last=False)
        self._intake(place[:2]).waiting.discard(place[2])
        if place in self._passing:
            self._passing[place].cut_off = True

    def _strand(self, where: tuple[str, str]) -> None:
        """Postfix starts: what its smtpds were taking in when it last ended goes no further."""
        intake = self._intake(where)
        for process, place in list(self._serving.items()):
            if place[:2] != where:
                continue
            del self._serving[process]
            intake.waiting.discard(place[2])
            passage = self._passing.get(place)
            if passage is not None and not passage.queued:
                passage.stranded_at = intake.named

    def _intake(self, where: tuple[str, str]) -> Intake:
        return self._intakes.setdefault(where, Intake())

    def _take_cleanup(self, where: tuple[str, str], text: str) -> None:
        if kept_back := KEPT_BACK.match(text):
            passage = self._passing.get((*where, kept_back["queue_id"]))
            if passage is not None:
                passage.kept_back = True
        found = MESSAGE_ID.match(text)
        if found is None:
            return
        place, intake = (*where, found["queue_id"]), self._intake(where)
        self._passing.pop(place, None)
        intake.named += 1
        if place not in self._cut_off:
            intake.waiting.add(found["queue_id"])
        trace = self.traces.get(found["message_id"])
        if trace is not None:
            passage = Passage(found["queue_id"], intake, cut_off=place in self._cut_off)
            trace.passages.append(passage)
            self._passing[place] = passage

    def _take_qmgr(self, where: tuple[str, str], text: str) -> None:
        if found := ACTIVE.match(text):
            self._queued((*where, found["queue_id"]))
        elif found := EXPIRED.match(text):
            self._queued((*where, found["queue_id"]), returned="expired")
        elif found := REMOVED.match(text):
            self._passing.pop((*where, found["queue_id"]), None)

    def _take_agent(self, where: tuple[str, str], text: str) -> None:
        if found := STATUS.match(text):
            returned = found["dsn"] if found["word"] == "bounced" else ""
            self._queued((*where, found["queue_id"]), returned=returned)

    def _queued(self, place: Place, returned: str = "") -> None:
        self._intake(place[:2]).waiting.discard(place[2])
        passage = self._passing.get(place)
        if passage is not None:
            passage.queued = True
            passage.returned = passage.returned or returned


def read_postfix_log(path: Path, log: PostfixLog, progress: Callable[[int, int], None]) -> None:
    """Give a file's lines to `log`; ``.gz`` is unpacked. `progress` takes bytes (done, total).

    BadInput names the file when nothing in it is Postfix's, and the line after which it cannot be
    unpacked.
    """
    total = path.stat().st_size
    with path.open("rb") as raw:
        file = cast(IO[bytes], gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw)
        read_log_lines(file, str(path), log, lambda: progress(raw.tell(), total))
    progress(total, total)


def read_log_lines(
    file: IO[bytes], name: str, log: PostfixLog, advance: Callable[[], None] = lambda: None
) -> None:
    """Give the lines of an open file or pipe to `log`; BadInput as `read_postfix_log`. `advance` is
    called now and then.
    """
    number, before = 0, log.lines
    try:
        for line in iter(lambda: file.readline(LONGEST_LINE), b""):
            number += 1
            log.take(line.decode("utf-8", "replace").rstrip("\r\n"))
            if number % PROGRESS_LINES == 0:
                advance()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(f"{name}, after line {number:,}: {error}") from error
    if number and log.lines == before:
        raise BadInput(f"{name}: none of its {number:,} lines is a log line of Postfix")


def moment_of(stamp: str, zone: tzinfo | None, now: datetime) -> datetime:
    """Return the instant of a log stamp: ISO 8601, or syslog's ``Nov  7 07:00:01``.

    A stamp without an offset is on the wall clock of `zone`, BadInput when that is None. One
    without a year lies in the twelve months before tomorrow.
    """
    try:
        moment = datetime.fromisoformat(stamp) if stamp[0].isdigit() else _in_last_year(stamp, now)
    except ValueError as error:
        raise BadInput(f"the log's stamp {stamp!r} is no moment of the last year") from error
    if moment.tzinfo is not None:
        return moment
    if zone is None:
        raise BadInput(f"the log's stamps ({stamp}) have no time zone: --zone names the relay's")
    return moment.replace(tzinfo=zone)


def _in_last_year(stamp: str, now: datetime) -> datetime:
    # Not strptime, whose names of months are those of the machine's language.
    month, day, (hour, minute, second) = (
        MONTHS.index(stamp[:3]) + 1,
        int(stamp[4:6]),
        map(int, stamp[7:].split(":")),
    )
    tomorrow = now.replace(tzinfo=None) + timedelta(days=1)  # whatever the zone
    this_year = (month, day) <= (tomorrow.month, tomorrow.day)
    year = tomorrow.year if this_year else tomorrow.year - 1
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the caller has a zone
