"""A copy is a file: in tmp/ while staged, in new/ once accepted, its bytes behind trace headers."""

import asyncio
import mailbox
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.delivery.backends.base import Envelope
from digest.delivery.backends.maildir import MaildirBackend, MaildirOptions
from digest.delivery.outcome import Accepted, Deferred, Outcome, Rejected
from digest.errors import BackendDown

ENVELOPE = Envelope("b+1@news.example", "reader@readers.example", "1")
MESSAGE = b"Subject: This week\r\n\r\nbody\r\n"


def file_one(folder: Path, clock: FixedClock, envelope: Envelope = ENVELOPE) -> Outcome:
    """Stage and release one copy."""

    async def scenario() -> Outcome:
        channel = await MaildirBackend(MaildirOptions(folder=folder), clock).open()
        return await channel.stage(envelope, MESSAGE) or await channel.release()

    return asyncio.run(scenario())


def names(folder: Path) -> dict[str, int]:
    """Count the files in each part of a Maildir."""
    return {part: len(list((folder / part).iterdir())) for part in ("tmp", "new", "cur")}


def test_staged_copy_lies_in_tmp_only(tmp_path: Path) -> None:
    async def scenario() -> dict[str, int]:
        channel = await MaildirBackend(MaildirOptions(folder=tmp_path)).open()
        await channel.stage(ENVELOPE, MESSAGE)
        return names(tmp_path)

    assert asyncio.run(scenario()) == {"tmp": 1, "new": 0, "cur": 0}


def test_mail_readers_understand_the_folder(tmp_path: Path, clock: FixedClock) -> None:
    file_one(tmp_path, clock)

    (message,) = mailbox.Maildir(tmp_path, create=False)
    assert message["Subject"] == "This week"
    assert message["Return-Path"] == "<b+1@news.example>"
    assert message["Delivered-To"] == "reader@readers.example"


def test_name_tells_the_time_and_is_the_queue_id(tmp_path: Path, clock: FixedClock) -> None:
    outcome = file_one(tmp_path, clock)

    (file,) = (tmp_path / "new").iterdir()
    assert isinstance(outcome, Accepted)
    assert outcome.queue_id == file.name
    assert file.name.startswith(f"{int(clock.now().timestamp())}.M0P")


def test_discard_removes_the_file(tmp_path: Path) -> None:
    async def scenario() -> None:
        channel = await MaildirBackend(MaildirOptions(folder=tmp_path)).open()
        await channel.stage(ENVELOPE, MESSAGE)
        await channel.discard()

    asyncio.run(scenario())

    assert names(tmp_path) == {"tmp": 0, "new": 0, "cur": 0}


def test_folder_that_vanished_before_the_rename_is_deferred(tmp_path: Path) -> None:
    async def scenario() -> Outcome:
        channel = await MaildirBackend(MaildirOptions(folder=tmp_path)).open()
        await channel.stage(ENVELOPE, MESSAGE)
        (tmp_path / "new").rmdir()
        return await channel.release()

    assert isinstance(asyncio.run(scenario()), Deferred)


def test_folder_that_is_a_file_is_backend_down(tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "mail").write_text("not a folder")

    with pytest.raises(BackendDown, match="not a usable Maildir"):
        file_one(tmp_path / "mail", clock)


def test_folder_that_cannot_be_written_is_backend_down(tmp_path: Path) -> None:
    async def scenario() -> None:
        channel = await MaildirBackend(MaildirOptions(folder=tmp_path)).open()
        (tmp_path / "tmp").rmdir()
        await channel.stage(ENVELOPE, MESSAGE)

    with pytest.raises(BackendDown, match="cannot be written"):
        asyncio.run(scenario())


def test_address_cannot_add_a_header(tmp_path: Path, clock: FixedClock) -> None:
    outcome = file_one(
        tmp_path, clock, Envelope("b@news.example", "r@x.example\r\nBcc: y@z.example")
    )

    assert isinstance(outcome, Rejected)
    assert names(tmp_path) == {"tmp": 0, "new": 0, "cur": 0}
