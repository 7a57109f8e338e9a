"""The server that counts counts what it answered for, and nothing else."""

import random
import smtplib
from collections import Counter

import pytest

from digest.testing.counting import CountingServer

MESSAGE = b"Subject: Hello\r\n\r\nA dot ends it.\r\n..\r\nNot this one.\r\n"


def send(port: int, address: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        client.sendmail("letters@courier.example", address, MESSAGE)


def test_each_copy_counts_for_its_address() -> None:
    with CountingServer() as server:
        for address in ("ada@example.org", "ben@example.org", "ada@example.org"):
            send(server.port, address)
        server.wait_until_quiet(5)

    assert server.copies == {"ada@example.org": 2, "ben@example.org": 1}


def test_copy_without_its_dot_does_not_count() -> None:
    with CountingServer() as server:
        client = smtplib.SMTP("127.0.0.1", server.port, timeout=5)
        client.ehlo()
        for command in ("MAIL FROM:<a@courier.example>", "RCPT TO:<ada@example.org>", "DATA"):
            client.docmd(command)
        client.send(b"Subject: Hello\r\n\r\nNo dot.\r\n")
        client.close()
        server.wait_until_quiet(5)

    assert not server.copies


def test_group_of_commands_is_answered_in_order() -> None:
    with CountingServer(delay=0.01) as server:
        client = smtplib.SMTP("127.0.0.1", server.port, timeout=5)
        envelope = b"MAIL FROM:<a@courier.example>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n"
        client.send(b"EHLO here\r\n" + envelope)
        codes = [client.getreply()[0] for _ in range(4)]
        client.send(b".\r\n" + envelope)
        codes += [client.getreply()[0] for _ in range(4)]
        client.close()

    assert codes == [250, 250, 250, 354, 250, 250, 250, 354]


def test_dropped_dots_count_half_of_the_time() -> None:
    with CountingServer(drop=1.0, chance=random.Random(4)) as server:
        for _ in range(20):
            with pytest.raises(smtplib.SMTPServerDisconnected):
                send(server.port, "ada@example.org")
        server.wait_until_quiet(5)

    assert server.drops == 20
    assert 4 <= server.copies["ada@example.org"] <= 16


def test_waiting_for_quiet_ends() -> None:
    with CountingServer() as server:
        client = smtplib.SMTP("127.0.0.1", server.port, timeout=5)
        with pytest.raises(TimeoutError, match="1 connections"):
            server.wait_until_quiet(0.05)
        client.close()

    assert server.copies == Counter()
