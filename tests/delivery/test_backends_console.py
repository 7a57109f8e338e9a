"""One readable line a copy, and no reader's whole address in it."""

import asyncio

import pytest

from digest.delivery.backends.base import Envelope
from digest.delivery.backends.console import ConsoleBackend, ConsoleOptions, summary

ENVELOPE = Envelope("b+1@news.example", "reader@readers.example", "7")


def test_line_names_copy_subject_and_size() -> None:
    message = b"Subject: =?utf-8?q?Woche_f=C3=BCr_Woche?=\r\n\r\n" + b"x" * 61_000 + b"\r\n"

    line = summary(ENVELOPE, message)

    assert line == "[7] r…@readers.example  “Woche für Woche”  61,047 bytes"


def test_line_stays_one_line() -> None:
    message = b"Subject: =?utf-8?q?one=0Atwo=1B[31m?=\r\n\r\nx\r\n"

    assert summary(ENVELOPE, message).isprintable()


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_line_goes_to_the_chosen_stream(stream: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> None:
        options = ConsoleOptions.model_validate({"stream": stream})
        channel = await ConsoleBackend(options).open()
        await channel.stage(ENVELOPE, b"Subject: x\r\n\r\n")
        await channel.release()

    asyncio.run(scenario())

    printed = capsys.readouterr()
    assert "[7] r…@readers.example" in (printed.out if stream == "stdout" else printed.err)
    assert printed.out == "" or printed.err == ""
