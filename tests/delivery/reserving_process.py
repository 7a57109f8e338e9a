"""A process that reserves what it is told to on a store of its own, for test_pacing_processes.py.

Reads one order a line from standard input and answers each with one line.
"""

import json
import sys
from datetime import datetime

from digest.config import RelayConfig
from digest.db import Database
from digest.delivery.pacing.allowances import reserve


def main(url: str, limits: str) -> None:
    relay = RelayConfig(**json.loads(limits))
    database = Database(url)
    for line in sys.stdin:
        order = json.loads(line)
        now = datetime.fromisoformat(order["now"])
        with database.write() as session:
            got = reserve(session, "main", order["group"], relay, order["wanted"], now)
        answer = [got.granted, got.not_before.isoformat(), got.spacing]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
