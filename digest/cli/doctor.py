"""``digest doctor``: what is wrong with an instance, or with a copy that arrived, and what to do
about it.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from digest.cli.terminal import opened, progress_bar
from digest.clock import SystemClock
from digest.errors import BadInput, ConfigError, DigestError, Refused

if TYPE_CHECKING:
    from digest.config import Config
    from digest.operations.doctor.run import Examination

COPY_FAMILY = "The copy"


class How(NamedTuple):
    """How the doctor works and speaks: what the options say."""

    online: bool
    whole: bool
    as_json: bool
    within: float
    resolvers: list[str]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("doctor")(doctor)


def doctor(
    context: typer.Context,
    message: Annotated[
        Path | None,
        typer.Argument(help="A received copy, saved with its headers, to be judged; - reads it."),
    ] = None,
    online: Annotated[
        bool, typer.Option("--online", help="Ask the DNS, relays, mailboxes and pages, too.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="A check, or all that begin so: SPF.")
    ] = None,
    whole: Annotated[bool, typer.Option("--all", help="Show what is well, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    within: Annotated[
        float, typer.Option("--within", min=1, max=600, help="Seconds for all of --online.")
    ] = 30,
    resolver: Annotated[
        list[str] | None, typer.Option("--resolver", help="A name server: address or address:port.")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", help="With a message: its DKIM key, as PEM or as published."),
    ] = None,
) -> None:
    """Look this instance over. Changes nothing; exit 1 when something is wrong."""
    from digest.config.kinds import check_resolver

    servers = [_checked(server, check_resolver) for server in resolver or []]
    how = How(online, whole, as_json, within, servers)
    if message is None and key is not None:
        raise Refused("--key is for a message: digest doctor message.eml --key …")
    if message is not None and only:
        raise Refused("--only is for an instance: a message is judged as a whole")
    if message is not None:
        level = _judge(context.obj, message, how, key)
    else:
        level = _examine(context, how, only or [])
    raise typer.Exit(int(level == "error"))


def _checked(server: str, check: Callable[[str], str]) -> str:
    try:
        return check(server)
    except ValueError as error:
        raise BadInput(f"--resolver: {error}") from error


def _examine(context: typer.Context, how: How, only: list[str]) -> str:
    from digest.cli.doctor_sheet import Sheet, print_json
    from digest.operations.doctor.case import Case
    from digest.operations.doctor.findings import Finding, Level
    from digest.operations.doctor.registry import OPENING, family_of, select
    from digest.operations.doctor.run import Examination, examine

    checks = select(only)
    if not how.online and all(check.online for check in checks.values()):
        raise Refused("what was asked for looks at the network, so it needs --online")
    try:
        with opened(context, fresh=True) as app, progress_bar("Looking") as progress:
            found = examine(
                Case(app, resolvers=how.resolvers),
                checks,
                online=how.online,
                within=how.within,
                progress=progress,
            )
    except ConfigError as error:
        hint = "correct it (digest init makes a new one); nothing else was looked at"
        found = Examination((Finding(OPENING, Level.ERROR, str(error), hint),))
    shown = frozenset(id for id, check in checks.items() if check.shown or only)
    sheet = Sheet(found.findings, family_of, shown, how.whole)
    if how.as_json:
        left_out = {"offline": found.offline, "storeless": found.storeless}
        print_json(sheet, SystemClock().now(), online=how.online, left_out=left_out)
    else:
        sheet.show(_remarks(found))
    return found.level.value


def _remarks(found: "Examination") -> list[str]:
    remarks = []
    if first := dict.fromkeys(one.id for one in found.findings if one.level.value == "error"):
        remarks.append(f"Put right first: {', '.join(first)}.")
    if found.offline:
        remarks.append(
            "DNS, relays, mailboxes and public pages were not asked: --online does that."
        )
    if found.storeless:
        count = len(found.storeless)
        remarks.append(f"{count} checks need the database and were left out (STORE-1).")
    return remarks


def _judge(config: Path, message: Path, how: How, key: Path | None) -> str:
    from digest.cli.doctor_sheet import Sheet, print_json
    from digest.operations.doctor.received.copy import read_copy
    from digest.operations.doctor.received.judging import judge_copy
    from digest.operations.doctor.received.keys import Keyring, read_key

    copy = read_copy(_read(message))
    given = read_key(_read(key), str(key)) if key else None
    ring = Keyring(_configuration(config), given, how.resolvers, online=how.online)
    sheet = Sheet(judge_copy(copy, ring.find, ring.counts_for), lambda _id: COPY_FAMILY, whole=True)
    if how.as_json:
        print_json(sheet, SystemClock().now(), online=how.online)
    else:
        sheet.show()
    return sheet.level.value


def _read(path: Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error


def _configuration(path: Path) -> "Config | None":
    """Return the configuration where there is one: a copy can be judged on any machine."""
    from digest.config import load_config

    try:
        return load_config(path)
    except DigestError:
        return None
