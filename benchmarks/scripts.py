"""Reads what the benchmark scripts print into rows: a JSON object on the last line, or lines such
as ``name  0.62 s  (0.60 0.62 0.66)``.

Pure: output comes in as text.
"""

import re
from typing import Any

from benchmarks.table import Row, last_json

TIMED = re.compile(r"^(.*?\S)\s+[\d.]+ s\s+\(([\d. ]+)\)", re.MULTILINE)


def script_rows(section: str, output: str) -> list[Row]:
    """Return the rows in a script's output; one with its last line as a note when there are
    none.
    """
    try:
        rows = _from_json(section, last_json(output))
    except ValueError:
        rows = [
            Row(section, name, tuple(map(float, rounds.split())), "s", 2)
            for name, rounds in TIMED.findall(output)
        ]
    *_, last = ["it printed nothing", *output.strip().splitlines()]
    return rows or [Row(section, "in its own words", note=last)]


def _from_json(section: str, found: dict[str, Any]) -> list[Row]:
    """Return a row for each number or list of numbers; the unit is the key's last word."""
    rows = []
    for key, value in found.items():
        values = value if isinstance(value, list) else [value]
        if values and all(type(each) in (int, float) for each in values):
            digits = 0 if min(map(abs, values)) >= 100 else 2
            rows.append(Row(section, key.replace("_", " "), tuple(values), "", digits))
    return rows
