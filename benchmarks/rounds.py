"""A stocked newsroom for each round, and the round itself: one or more processes that drain it.

A stock is built once for a number of readers and a kind of store; every round works on a copy, so
all rounds begin alike.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cluster import Cluster
from benchmarks.processes import Helper, HelperFailed, ask
from benchmarks.yardstick import Speed, speed

SQLITE_URL = "sqlite:///digest.db"
START_SECONDS = 60.0
SLOWEST = 100  # copies a second; a sender below that hangs
STOCK_RATE = 5_000  # readers a second that bulk SQL writes at the least


@dataclass(frozen=True, slots=True)
class Stock:
    """A newsroom in a folder with that many readers; `url` is its store's."""

    folder: Path
    readers: int
    url: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One round: its speed, and the peak memory of the largest process in MB."""

    speed: Speed
    peak: float


def build_stock(folder: Path, readers: int, url: str = SQLITE_URL) -> Stock:
    """Build a newsroom in a new folder; HelperFailed when that goes wrong."""
    seconds = START_SECONDS + readers / STOCK_RATE
    ask("benchmarks.stock", folder, str(readers), url, seconds=seconds)
    return Stock(folder, readers, url)


@contextmanager
def fresh_copy(
    stock: Stock, ports: Sequence[int], *, cluster: Cluster | None = None, more: str = ""
) -> Iterator[list[Path]]:
    """Yield one configuration for each relay port, all of the same copy of a stock.

    `more` is TOML of the newsletter; paths in it are relative to the stock's folder.
    """
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="round-", dir=_beside(stock)))
        )
        for path in stock.folder.iterdir():
            shutil.copy(path, folder / path.name)
        url = stock.url
        if cluster is not None:
            url = stack.enter_context(cluster.database(cluster.name_in(stock.url)))
        os.sync()  # what the copying left to write would be the round's to wait for
        text = (stock.folder / "config.toml").read_text("utf-8").replace(stock.url, url) + more
        configs = [folder / f"process-{number}.toml" for number in range(len(ports))]
        for path, port in zip(configs, ports, strict=True):
            path.write_text(text.replace("port = 1\n", f"port = {port}\n"), encoding="utf-8")
        yield configs


def _beside(stock: Stock) -> Path:
    return stock.folder.parent


def send(configs: Sequence[Path], copies: int) -> Sent:
    """Let one process for each configuration drain the same store, all from the same moment.

    HelperFailed unless every copy was accepted and the ledger balances.
    """
    seconds = START_SECONDS + copies / SLOWEST
    with ExitStack() as stack:
        helpers = []
        for config in configs:
            helper = Helper("benchmarks.full_send", config, seconds=seconds)
            helpers.append(stack.enter_context(helper))
            # One after the other: the first opens the slot and freezes, the next find it done.
            if helper.hear() != "ready":
                raise HelperFailed("the sender did not get ready")
        for helper in helpers:
            helper.say("go")
        answers = [helper.answer() for helper in helpers]
    # Whoever ended first may have counted while the other's last copies were on their way.
    last = max(answers, key=lambda answer: answer["accepted"])
    if last["accepted"] != copies or last["problems"]:
        problems = "; ".join(last["problems"]) or "the ledger balances"
        raise HelperFailed(f"{last['accepted']:,} of {copies:,} copies accepted; {problems}")
    lasted = max(answer["ended"] for answer in answers) - min(a["began"] for a in answers)
    cpu = sum(answer["cpu"] for answer in answers)
    return Sent(speed(copies, lasted, cpu), max(answer["peak"] for answer in answers) * 1024 / 1e6)
