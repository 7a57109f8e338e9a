"""What stands beside the sends: how people would write it, late replies, growth, rendering, and the
scripts that measure the import and the freeze.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.processes import Helper, HelperFailed, ask
from benchmarks.rounds import START_SECONDS, fresh_copy, send
from benchmarks.scripts import script_rows
from benchmarks.sends import PEAK, send_once
from benchmarks.table import Row, Target, ratios
from benchmarks.yardstick import Speed, measure_yardstick, speed

DELAY = 20  # milliseconds
SLOWEST = 20  # messages a second, for baselines
ROOT = Path(__file__).parent


def measure_baselines(bench: Bench) -> list[Row]:
    """Return the rows of how people would write it, each beside the yardstick."""
    settings = bench.settings
    names = {
        "jinja": ("Jinja, EmailMessage, aiosmtplib, a commit a message", settings.jinja),
        "smtplib": ("smtplib in 20 threads, one message, no ledger", settings.smtplib),
    }
    rows = []
    for kind, (title, copies) in names.items():
        theirs, rates = [], []
        for _ in range(settings.rounds):
            yardstick = measure_yardstick(bench.port(), settings.yardstick, bench.size)
            theirs.append(yardstick.rate)
            rates.append(_baseline(bench, kind, bench.port(), copies).rate)
            bench.say(f"{title}: {rates[-1]:,.0f} messages/s")
        section = "How people would write it"
        rows += [
            Row(section, title, ratios(rates, theirs), "of smtp-source", 2),
            Row(section, f"{title}, rate", tuple(rates), "messages/s"),
        ]
    return rows


def _baseline(bench: Bench, kind: str, port: int, copies: int) -> Speed:
    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        arguments = [kind, str(port), str(copies), bench.sample, folder]
        limit = START_SECONDS + copies / SLOWEST
        answer = ask("benchmarks.baselines", *arguments, seconds=limit)
    return speed(copies, answer["seconds"], answer["cpu"])


def measure_late_replies(bench: Bench) -> list[Row]:
    """Return the rows of Friday and smtplib with a relay whose replies come 20 ms late."""
    ours, theirs = [], []
    copies, plain_copies = bench.settings.late
    seconds = 3600.0
    with Helper("benchmarks.late_sink", str(DELAY), seconds=seconds) as sink:
        far = int(sink.hear())
        for _ in range(bench.settings.rounds):
            theirs.append(_baseline(bench, "smtplib", far, plain_copies).rate)
            with fresh_copy(bench.stock(copies), [far]) as configs:
                ours.append(send(configs, copies).speed.rate)
            bench.say(f"late replies: {ours[-1]:,.0f} against {theirs[-1]:,.0f} messages/s")
    section = f"Replies {DELAY} ms late, 20 connections"
    target = Target(least=3.5)
    return [
        Row(section, "Friday", ratios(ours, theirs), "of smtplib", 2, target),
        Row(section, "Friday, rate", tuple(ours), "copies/s"),
        Row(section, "smtplib in 20 threads, rate", tuple(theirs), "messages/s"),
    ]


def measure_growth(bench: Bench) -> list[Row]:
    """Return CPU a copy and peak memory at growing numbers, and how much the last differ."""
    sizes = bench.settings.growth
    cpu: dict[int, list[float]] = {size: [] for size in sizes}
    peaks: dict[int, list[float]] = {size: [] for size in sizes}
    for number in range(bench.settings.rounds):
        for size in sizes:
            if number and size >= 1_000_000:
                continue  # takes minutes, and its median is one of a million copies already
            sent = send_once(bench, size)
            cpu[size].append(sent.speed.cpu)
            peaks[size].append(sent.peak)
            bench.say(f"growth: {size:,} copies, {sent.speed.cpu:.0f} µs, {sent.peak:.0f} MB")
    return growth_rows(sizes, cpu, peaks)


def growth_rows(
    sizes: Sequence[int], cpu: dict[int, list[float]], peaks: dict[int, list[float]]
) -> list[Row]:
    """Return the rows of a growth series: every size, and each beside the smallest."""
    section, first = "Growth, one process", sizes[0]
    rows = []
    for size in sizes:
        rows.append(Row(section, f"{size:,} copies, CPU a copy", tuple(cpu[size]), "µs"))
        rows.append(Row(section, f"{size:,} copies, peak", tuple(peaks[size]), "MB", 0, PEAK))
    for size in sizes[1:]:
        more = tuple(100 * (value - 1) for value in ratios(cpu[size], cpu[first][: len(cpu[size])]))
        name = f"{size:,} against {first:,}, CPU a copy"
        rows.append(Row(section, name, more, "% more", 0, Target(most=10)))
    return rows


def measure_rendering(bench: Bench) -> list[Row]:
    """Return the rows of a compile and of a copy."""
    rounds = 5 * bench.settings.rounds
    answer = ask("benchmarks.compile", str(rounds), seconds=START_SECONDS + 5 * rounds)
    section, size = "Rendering", answer["bytes"] / 1000
    compiled, copies = tuple(answer["compile_ms"]), tuple(answer["copy_us"])
    return [
        Row(section, "40 articles, one edition", compiled, "ms", 1, Target(most=20)),
        Row(section, f"a copy of {size:.1f} kB", copies, "µs", 1, Target(most=25)),
    ]


def measure_import(bench: Bench) -> list[Row]:
    """Return what benchmarks/import_csv.py says."""
    return _aimed(
        _script(bench, "import_csv.py", "Import", ["--rounds", str(bench.settings.rounds)]),
        "both",
        40,
    )


def measure_freeze(bench: Bench) -> list[Row]:
    """Return what benchmarks/freeze.py says, for each database."""
    rows = _aimed(_script(bench, "freeze.py", "Freeze, SQLite", []), "one moment", 5)
    try:
        with bench.cluster.database() as url:
            theirs = _script(bench, "freeze.py", "Freeze, PostgreSQL", [url])
            return rows + _aimed(theirs, "one moment", 15)
    except HelperFailed as error:
        return [*rows, Row("Freeze, PostgreSQL", "freeze.py", note=str(error))]


def _aimed(rows: list[Row], name: str, seconds: float) -> list[Row]:
    """Return the rows with the target of a million on the one that it is about."""
    target = Target(most=seconds)
    aims = [row.name == name and "1,000,000" in row.section for row in rows]
    return [
        replace(row, target=target) if aim else row for row, aim in zip(rows, aims, strict=True)
    ]


def _script(bench: Bench, file: str, title: str, arguments: list[str]) -> list[Row]:
    count = bench.settings.rows
    section = f"{title}, {count:,} rows"
    if not (ROOT / file).exists():
        return [Row(section, file, note="skipped: there is no such script")]
    bench.say(f"running {file} with {count:,} rows")
    limit = 2 * START_SECONDS + count / 500
    try:
        with Helper(str(ROOT / file), str(count), *arguments, seconds=limit) as helper:
            return script_rows(section, helper.output())
    except HelperFailed as error:
        return [Row(section, file, note=str(error))]
