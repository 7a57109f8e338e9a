"""How people would write it: ``python -m benchmarks.baselines KIND PORT COPIES SAMPLE FOLDER``.

``jinja`` renders and builds an EmailMessage for every reader, hands it to aiosmtplib on 20
connections and commits each outcome to SQLite. ``smtplib`` sends one ready message again and again
from 20 threads and remembers nothing. SAMPLE is a copy as Friday sends it, so both send the same
text.
"""

import asyncio
import resource
import smtplib
import sqlite3
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

import aiosmtplib
from jinja2 import Environment, Template

from benchmarks.processes import tell
from benchmarks.yardstick import CONNECTIONS

SENDER = "letters@courier.example"


def main(kind: str, port: int, copies: int, sample: Path, folder: Path) -> None:
    """Send and tell seconds and CPU."""
    send = {"jinja": _jinja, "smtplib": _smtplib}[kind](port, copies, sample, folder)
    used, started = _cpu_seconds(), time.perf_counter()
    send()
    tell({"seconds": time.perf_counter() - started, "cpu": _cpu_seconds() - used})


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _smtplib(port: int, copies: int, sample: Path, _folder: Path) -> Callable[[], None]:
    message = sample.read_bytes()

    def connection(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            for copy in range(number, copies, CONNECTIONS):
                client.sendmail(SENDER, f"reader.{copy}@gmail.com", message)

    def send() -> None:
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            list(threads.map(connection, range(CONNECTIONS)))

    return send


def _jinja(port: int, copies: int, sample: Path, folder: Path) -> Callable[[], None]:
    templates = _templates(sample.read_bytes())
    store = _store(folder / "baseline.db", copies)
    return lambda: asyncio.run(_send_all(port, templates, store))


def _templates(sample: bytes) -> tuple[Template, Template]:
    """Return the sample's two parts as templates: its reader's address is a value again."""
    message = message_from_bytes(sample, policy=policy.default)
    address = message["To"].addresses[0].addr_spec
    environment = Environment(  # noqa: S701 - values below are harmless; escaping costs the same
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%%",
        comment_start_string="<##",
    )
    text, html = (
        environment.from_string(part.get_content().replace(address, "<< address >>"))
        for part in message.iter_parts()
    )
    return text, html


def _store(path: Path, copies: int) -> sqlite3.Connection:
    store = sqlite3.connect(path)
    store.execute("PRAGMA journal_mode = wal")
    store.execute("PRAGMA synchronous = full")
    store.execute("CREATE TABLE readers (id INTEGER PRIMARY KEY, address TEXT, sent_at REAL)")
    rows = ((f"reader.{number}@gmail.com",) for number in range(copies))
    store.executemany("INSERT INTO readers (address) VALUES (?)", rows)
    store.commit()
    return store


async def _send_all(
    port: int, templates: tuple[Template, Template], store: sqlite3.Connection
) -> None:
    waiting = store.execute("SELECT id, address FROM readers WHERE sent_at IS NULL").fetchall()

    async def connection() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            while waiting:
                id, address = waiting.pop()
                await client.send_message(_message(templates, address))
                store.execute("UPDATE readers SET sent_at = ? WHERE id = ?", (time.time(), id))
                store.commit()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    store.close()


def _message(templates: tuple[Template, Template], address: str) -> EmailMessage:
    text, html = (template.render(address=address) for template in templates)
    message = EmailMessage()
    message["From"] = f"The Harbour Courier <{SENDER}>"
    message["To"] = address
    message["Subject"] = "The week in Brackhaven"
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="courier.example")
    message["List-Unsubscribe"] = f"<http://127.0.0.1:8000/u/{address.replace('@', '-')}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), Path(sys.argv[5]))
