"""The whole durable send beside the yardstick, in alternating rounds.

Each variant of a round is compared with a yardstick measured just before it: the machine drifts,
and both drift alike.
"""

from dataclasses import dataclass, field

from benchmarks.bench import SAMPLE_READERS, Bench
from benchmarks.processes import HelperFailed, describe_failure
from benchmarks.rounds import Sent, fresh_copy, send
from benchmarks.sample import catch_copy, dkim_tables, is_signed
from benchmarks.table import Row, Target, ratios
from benchmarks.yardstick import CONNECTIONS, Speed, measure_yardstick

PEAK = Target(most=100)


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to send: what differs, and what it should reach."""

    name: str
    title: str
    ratio: Target | None = None
    cpu: Target | None = None
    signature: str = ""  # ed25519 or rsa
    postgres: bool = False
    processes: int = 1


VARIANTS = (
    Variant("plain", "one process", Target(least=0.95), Target(most=160)),
    Variant("ed25519", "Ed25519 signature", Target(least=0.9), Target(most=270), "ed25519"),
    Variant("rsa", "RSA-2048 signature", Target(least=0.65), Target(most=500), "rsa"),
    Variant("postgres", "PostgreSQL", Target(least=0.85), postgres=True),
    Variant("two", "two processes, two sinks", processes=2),
)
TWO_TO_ONE = Target(least=1.6)  # on a machine with more than two cores; sinks need some too


@dataclass(slots=True)
class Series:
    """What the rounds of one variant gave; `trouble` ends it."""

    variant: Variant
    more: str = ""
    yardsticks: list[Speed] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    trouble: str = ""


def measure_sends(bench: Bench, series: list[Series]) -> None:
    """Fill the series, round by round; what was measured stays when the user interrupts."""
    for one in series:
        try:
            _prepare(bench, one)
        except Exception as error:  # nothing that ails one variant may end the others
            one.trouble = describe_failure(error)
    for number in range(bench.settings.rounds):
        for one in series:
            if not one.trouble:
                _round(bench, one, number)


def _prepare(bench: Bench, one: Series) -> None:
    """Build what the variant needs, and send three copies of it to see that it works."""
    stock = bench.stock(bench.settings.copies, postgres=one.variant.postgres)
    kind = one.variant.signature
    if kind:
        trial = bench.stock(SAMPLE_READERS)
        bench.say(f"trying {one.variant.title}")
        if not is_signed(catch_copy(trial, more=dkim_tables(trial, kind))):
            raise HelperFailed("skipped: copies are not signed yet although a key is configured")
        one.more = dkim_tables(stock, kind)


def _round(bench: Bench, one: Series, number: int) -> None:
    settings, variant = bench.settings, one.variant
    try:
        yardstick = measure_yardstick(bench.port(), settings.yardstick, bench.size)
        sent = send_once(bench, settings.copies, variant, one.more)
    except Exception as error:
        one.trouble = describe_failure(error)
        bench.say(f"{variant.title}: {one.trouble}")
        return
    one.yardsticks.append(yardstick)
    one.sent.append(sent)
    bench.say(
        f"round {number + 1} of {settings.rounds}, {variant.title}:"
        f" {sent.speed.rate:,.0f} copies/s,"
        f" {sent.speed.rate / yardstick.rate:.2f} of smtp-source, {sent.speed.cpu:.0f} µs CPU"
    )


def send_once(bench: Bench, copies: int, variant: Variant = VARIANTS[0], more: str = "") -> Sent:
    """Send that many copies from a fresh store; HelperFailed when it goes wrong."""
    stock = bench.stock(copies, postgres=variant.postgres)
    ports = [bench.port(number) for number in range(variant.processes)]
    cluster = bench.cluster if variant.postgres else None
    with fresh_copy(stock, ports, cluster=cluster, more=more) as configs:
        return send(configs, copies)


def send_rows(bench: Bench, series: list[Series]) -> list[Row]:
    """Return the yardstick's rows and those of every variant."""
    section = f"{bench.settings.copies:,} copies of {bench.size / 1000:.1f} kB, durable"
    yardsticks = [speed for one in series for speed in one.yardsticks]
    name = f"smtp-source, {CONNECTIONS} connections"
    rows = [
        Row("Yardstick", name, tuple(speed.rate for speed in yardsticks), "messages/s"),
        Row("Yardstick", f"{name}, CPU", tuple(speed.cpu for speed in yardsticks), "µs"),
    ]
    for one in series:
        rows += _variant_rows(section, one)
    by_name = {one.variant.name: [sent.speed.rate for sent in one.sent] for one in series}
    if by_name.get("plain") and by_name.get("two"):
        against = ratios(by_name["two"], by_name["plain"])
        rows.append(Row(section, "two processes", against, "of one process", 2, TWO_TO_ONE))
    return rows


def _variant_rows(section: str, one: Series) -> list[Row]:
    title, variant = one.variant.title, one.variant
    rates = tuple(sent.speed.rate for sent in one.sent)
    against = ratios(rates, [speed.rate for speed in one.yardsticks])
    cpu = tuple(sent.speed.cpu for sent in one.sent)
    peaks = tuple(sent.peak for sent in one.sent)
    rows = [Row(section, title, against, "of smtp-source", 2, variant.ratio, one.trouble)]
    if one.sent:
        rows += [
            Row(section, f"{title}, rate", rates, "copies/s"),
            Row(section, f"{title}, CPU a copy", cpu, "µs", 0, variant.cpu),
            Row(section, f"{title}, peak memory a process", peaks, "MB", 0, PEAK),
        ]
    return rows
