"""Does the checks: those of this machine one after the other, those that ask the network side by
side and within one deadline.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from digest.errors import DigestError
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Finding, Level, Said, warn, wrong
from digest.operations.doctor.registry import CHECKS, Check

WITHIN_SECONDS = 30.0
GATE = "STORE-1"  # without it right, what needs the database cannot be looked at

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found, in the order of the checks, and which checks were left out."""

    findings: tuple[Finding, ...]
    offline: tuple[str, ...] = ()  # they ask the network, and that was not wanted
    storeless: tuple[str, ...] = ()  # they need the database, and it cannot be used

    @property
    def level(self) -> Level:
        """Return the worst level there is."""
        return max(
            (found.level for found in self.findings), key=lambda one: one.rank, default=Level.OK
        )


def examine(
    case: Case,
    checks: Mapping[str, Check] = CHECKS,
    *,
    online: bool = False,
    within: float = WITHIN_SECONDS,
    progress: Progress = lambda _done, _total: None,
) -> Examination:
    """Return what the checks say; those that ask the network only when `online`, and what they have
    not said `within` seconds is a warning.
    """
    sound = all(said.level is not Level.ERROR for said in _do(CHECKS[GATE], case))
    usable = {id: check for id, check in checks.items() if sound or not check.store}
    here = {id: check for id, check in usable.items() if not check.online}
    outside = {id: check for id, check in usable.items() if check.online and online}
    pending = _start(outside, case)
    said = {id: list(_do(check, case)) for id, check in here.items()}
    said |= _collect(pending, outside, within, progress)
    return Examination(
        tuple(_under(id, one) for id in checks for one in said.get(id, [])),
        offline=() if online else tuple(id for id, check in usable.items() if check.online),
        storeless=tuple(id for id in checks if id not in usable),
    )


def _under(id: str, said: Said) -> Finding:
    return Finding(id, said.level, said.text, said.hint)


def _do(check: Check, case: Case) -> Iterator[Said]:
    try:
        yield from check.look(case)
    except DigestError as error:
        yield wrong(str(error), "put this right first; the check could not be done")
    except OperationalError as error:
        yield wrong(f"the database: {error.orig}", "see that it runs and can be reached")
    except Exception as error:  # a surprise in one must not hide what the others have to say
        # Its text may hold anything, an address among it.
        yield wrong(
            f"the check itself broke: {type(error).__name__}",
            "that is a fault of this program: please report it",
        )


_Told = tuple[str, Said | None]  # None: the check has said all


def _start(checks: Mapping[str, Check], case: Case) -> "queue.SimpleQueue[_Told]":
    told: queue.SimpleQueue[_Told] = queue.SimpleQueue()

    def tell(id: str, check: Check) -> None:
        for said in _do(check, case):
            told.put((id, said))
        told.put((id, None))

    for id, check in checks.items():
        # As daemons: neither Ctrl-C nor the deadline waits for a server that does not answer.
        threading.Thread(target=tell, args=(id, check), name=id, daemon=True).start()
    return told


def _collect(
    told: "queue.SimpleQueue[_Told]",
    checks: Mapping[str, Check],
    within: float,
    progress: Progress,
) -> dict[str, list[Said]]:
    ends = time.monotonic() + within
    said: dict[str, list[Said]] = {id: [] for id in checks}
    open_ones = set(checks)
    while open_ones:
        progress(len(checks) - len(open_ones), len(checks))
        try:
            id, one = told.get(timeout=max(0.0, ends - time.monotonic()))
        except queue.Empty:
            break
        if one is None:
            open_ones.discard(id)
        else:
            said[id].append(one)
    for id in open_ones:
        said[id].append(
            warn(
                f"no full answer within {within:g} seconds",
                "the server or the way to it is slow: ask again with a larger --within, "
                f"or for this alone with --only {id}",
            )
        )
    return said
