"""A copy as it arrived: what is said of it, and that signatures of others verify as they should."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.delivery.dkim.keys import DkimKey, KeyType, new_private_key
from digest.delivery.dkim.signing import DkimSigner, sign_message
from digest.errors import BadInput
from digest.operations.doctor.findings import Finding
from digest.operations.doctor.received.copy import read_copy
from digest.operations.doctor.received.judging import COPY_CHECKS, judge_copy
from digest.operations.doctor.received.keys import Keyring, read_key
from digest.operations.doctor.received.signatures import Outcome, verify_all
from tests.name_server import NameServer

NOW = datetime(2025, 1, 3, 7, 0, tzinfo=UTC)
RSA = DkimKey("courier.example", "friday", new_private_key(KeyType.RSA))
ED25519 = DkimKey("courier.example", "ed", new_private_key(KeyType.ED25519))
READER = "zoe.reader@mailbox.example"
MESSAGE = (
    b'From: "The Courier" <letters@courier.example>\r\n'
    b"To: <" + READER.encode() + b">\r\n"
    b"Subject: Dockers go\r\n back to work\r\n"
    b"Date: Fri, 03 Jan 2025 07:00:00 +0000\r\n"
    b"Message-ID: <abcdefghijklmnopqrstuvwxyz.47@courier.example>\r\n"
    b"List-Id: Weekly <weekly.courier.example>\r\n"
    b"List-Unsubscribe: <https://news.courier.example/u/ttt>,\r\n"
    b" <mailto:leave@courier.example>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n\r\n"
    b"<p>Hello  Zoe,</p> \r\n\r\n.\r\n\r\n"
)
TRACES = (
    b"Return-Path: <b+tokentoken@bounces.courier.example>\r\n"
    b"Received: by 2002:a05:1 with SMTP id x; Fri, 3 Jan 2025 07:00:03 +0000\r\n"
    b"Authentication-Results: mx.mailbox.example; dkim=pass (2048-bit key; ok) header.d=courier"
    b".example\r\n header.s=friday;\r\n"
    b" spf=pass smtp.mailfrom=b+tokentoken@bounces.courier.example;\r\n"
    b" dmarc=pass (p=REJECT) header.from=courier.example\r\n"
    b"Received: from out.courier.example (out.courier.example [192.0.2.4])\r\n"
    b"\tby mx.mailbox.example with ESMTPS id y (version=TLS1_3)\r\n"
    b"\tfor <" + READER.encode() + b">; Fri, 3 Jan 2025 07:00:02 +0000\r\n"
    b"Authentication-Results: forged.example; dmarc=fail\r\n"
)


def sign(*keys: DkimKey, message: bytes = MESSAGE) -> bytes:
    signers = [DkimSigner(key.domain, key.selector, key.private) for key in keys or (RSA,)]
    return sign_message(signers, message, NOW)


def find(domain: str, selector: str):
    keys = {("courier.example", "friday"): RSA, ("courier.example", "ed"): ED25519}
    return keys[domain, selector].private.public_key()


def judged(raw: bytes, find_key: Callable = find) -> list[Finding]:
    found = judge_copy(read_copy(raw), find_key)
    said = "\n".join(f"{one.text} {one.hint}" for one in found)
    assert READER not in said
    assert "tokentoken" not in said
    assert all(bool(one.hint) == (one.level != "ok") for one in found)
    return found


def about(raw: bytes, id: str, find_key: Callable = find) -> tuple[str, str]:
    """Return the worst level a check says of a message, and all that it says."""
    found = [one for one in judged(raw, find_key) if one.id == id]
    worst = max(found, key=lambda one: one.level.rank)
    return worst.level.value, "\n".join(one.text for one in found)


def test_copy_that_arrived_well() -> None:
    found = judged(TRACES + sign())

    assert [one for one in found if one.level != "ok"] == []
    assert {one.id for one in found} == set(COPY_CHECKS)
    assert "mx.mailbox.example says dmarc=pass for courier.example" in [one.text for one in found]


def test_both_kinds_of_key_verify() -> None:
    found = verify_all(read_copy(sign(RSA, ED25519)), find)

    assert [(one.selector, one.outcome) for one in found] == [
        ("friday", Outcome.VALID),
        ("ed", Outcome.VALID),
    ]


@pytest.mark.parametrize("head", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
@pytest.mark.parametrize("message", [MESSAGE, MESSAGE.partition(b"<p>")[0], MESSAGE + b"no end"])
def test_signatures_of_another_program_verify(head: bytes, body: bytes, message: bytes) -> None:
    pem = RSA.private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    header = dkim.sign(message, b"friday", b"courier.example", pem, canonicalize=(head, body))

    (found,) = verify_all(read_copy(header + message), find)

    assert found.outcome is Outcome.VALID


def test_ed25519_of_another_program_verifies() -> None:
    seed = ED25519.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    header = dkim.sign(
        MESSAGE,
        b"ed",
        b"courier.example",
        base64.b64encode(seed),
        signature_algorithm=b"ed25519-sha256",
    )

    (found,) = verify_all(read_copy(header + MESSAGE), find)

    assert found.outcome is Outcome.VALID


def test_part_of_a_body_is_verified_and_warned_about() -> None:
    pem = RSA.private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    header = dkim.sign(MESSAGE, b"friday", b"courier.example", pem, length=True)

    level, text = about(header + MESSAGE + b"added\r\n", "COPY-2")

    assert level == "warn"
    assert "covers only a part of the body (l=)" in text


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([b"a  b", b" ", b"\t x", b"", b"end \t "]), max_size=6),
    st.sampled_from([(b"simple", b"simple"), (b"relaxed", b"relaxed")]),
)
def test_whatever_blanks_a_mail_has_both_programs_agree(lines: list[bytes], how) -> None:
    message = b"From: a@courier.example\r\nSubject:  x \t y\r\n\r\n"
    message += b"".join(line + b"\r\n" for line in lines)
    pem = RSA.private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    header = dkim.sign(message, b"friday", b"courier.example", pem, canonicalize=how)

    (found,) = verify_all(read_copy(header + message), find)

    assert found.outcome is Outcome.VALID


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"Hello", b"Hallo", "the body was changed on its way"),
        (b"\r\n.\r\n", b"\r\n.\r\n-- \r\nscanned\r\n", "the body was changed on its way"),
        (b"Subject: Dockers", b"Subject: [SPAM] Dockers", "a signed header was changed"),
        (b"/u/ttt", b"/u/uuu", "a signed header was changed"),
        (b"MIME-Version", b"Subject: second\r\nMIME-Version", "a signed header was changed"),
    ],
)
def test_what_was_changed_on_its_way_is_found(old: bytes, new: bytes, words: str) -> None:
    level, text = about(TRACES + sign().replace(old, new), "COPY-2")

    assert (level, words in text) == ("error", True), text


def test_headers_that_a_signature_does_not_cover_may_change() -> None:
    assert about(b"X-Spam: no\r\n" + sign(), "COPY-2")[0] == "ok"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"a=rsa-sha256", b"a=rsa-sha1", "a=rsa-sha1: receivers take"),
        (b"h=from:from:", b"h=", "From is not among the signed fields"),
        (b" d=courier.example;", b"", "it has no d="),
        (b"v=1;", b"v", "it has no a="),
        (b"bh=", b"bh=*", "is not base64"),
    ],
)
def test_signature_that_nobody_can_use_is_an_error(old: bytes, new: bytes, words: str) -> None:
    raw = sign()
    assert old in raw

    level, text = about(raw.replace(old, new, 1), "COPY-2")

    assert (level, words in text) == ("error", True), text


def test_copy_without_a_signature_or_with_a_strangers() -> None:
    stranger = DkimKey("provider.example", "p", RSA.private)

    assert about(MESSAGE, "COPY-2")[0] == "error"
    level, text = about(sign(stranger), "COPY-2", lambda *_: RSA.private.public_key())
    assert level == "error"
    assert "no signature is of courier.example" in text
    assert (
        "signed by provider.example as well"
        in about(sign(stranger, RSA), "COPY-4", lambda *_: RSA.private.public_key())[1]
    )


def test_signature_whose_key_nobody_has_is_a_note() -> None:
    level, text = about(sign(), "COPY-2", lambda *_: None)

    assert (level, "not verified" in text) == ("note", True)


@pytest.mark.parametrize(
    ("raw", "level", "words"),
    [
        (sign(), "ok", "a valid signature covers them"),
        (
            sign().replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
            "error",
            "-Post is missing, though it was signed: somebody took it out",
        ),
        (
            sign(message=MESSAGE.replace(b"List-Unsub", b"X-Unsub")),
            "error",
            "List-Unsubscribe and -Post is missing",
        ),
        (
            sign(message=MESSAGE.replace(b"<https://news.courier.example/u/ttt>,\r\n ", b"")),
            "error",
            "no https:// address",
        ),
        (sign(message=MESSAGE.replace(b"=One-Click", b"=one-click")), "error", "RFC 8058"),
        (MESSAGE, "error", "no signature covers them"),
        (sign().replace(b"Hello", b"Hallo"), "note", "is not known"),
    ],
)
def test_leaving_by_one_click(raw: bytes, level: str, words: str) -> None:
    found = about(raw, "COPY-3")

    assert (found[0], words in found[1]) == (level, True), found[1]


@pytest.mark.parametrize(
    ("old", "new", "level", "words"),
    [
        (b"spf=pass", b"spf=softfail", "warn", "says spf=softfail for bounces.courier.example"),
        (b"dmarc=pass", b"dmarc=fail", "error", "says dmarc=fail for courier.example"),
        (b"dkim=pass", b"dkim=fail", "warn", "says dkim=fail for courier.example"),
        (b"dmarc=pass", b"x-dmarc=pass", "note", "says nothing of dmarc"),
        (
            b"Authentication-Results: mx",
            b"X-Results: mx",
            "error",
            "forged.example says dmarc=fail",
        ),
        (b"Authentication-Results", b"X-Results", "note", "no receiver wrote down"),
    ],
)
def test_what_the_receiver_made_of_it(old: bytes, new: bytes, level: str, words: str) -> None:
    found = about(TRACES.replace(old, new) + sign(), "COPY-1")

    assert (found[0], words in found[1]) == (level, True), found[1]


def test_only_the_last_receivers_word_counts() -> None:
    assert "forged" not in about(TRACES + sign(), "COPY-1")[1]


@pytest.mark.parametrize(
    ("old", "new", "keys", "level", "words"),
    [
        (b"@bounces.courier", b"@relay", (RSA,), "note", "Return-Path relay.example"),
        (b"@bounces.courier", b"@relay", (), "error", "SPF vouches for the second only"),
        (b"Return-Path", b"X-Path", (RSA,), "note", "it has no Return-Path"),
    ],
)
def test_alignment_of_a_copy(old: bytes, new: bytes, keys, level: str, words: str) -> None:
    found = about(TRACES.replace(old, new) + (sign(*keys) if keys else MESSAGE), "COPY-4")

    assert (found[0], words in found[1]) == (level, True), found[1]


def test_two_senders_are_an_error() -> None:
    two = MESSAGE.replace(b"letters@courier.example>", b"letters@courier.example>, b@c.example")

    assert about(two, "COPY-4")[0] == "error"


@pytest.mark.parametrize(
    ("old", "new", "level", "words"),
    [
        (b"ESMTPS id y (version=TLS1_3)", b"ESMTP id y", "warn", "from out.courier.example to mx"),
        (b"ESMTPS id y (version=TLS1_3)", b"ESMTP id y (using TLSv1.3)", "ok", "under TLS"),
        (b"ESMTPS id y (version=TLS1_3)", b"UTF8SMTPS id y", "ok", "under TLS"),
        (b"ESMTPS id y (version=TLS1_3)", b"LMTP id y", "note", "no Received header"),
        (b"from out.courier.example (", b"from localhost (", "note", "no Received header"),
        # What hands over on the server itself may call itself anything.
        (b"(out.courier.example [192.0.2.4])", b"(localhost [127.0.0.1])", "note", "no Received"),
        (b"(out.courier.example [192.0.2.4])", b"(localhost [IPv6:::1])", "note", "no Received"),
    ],
)
def test_the_way_a_copy_took(old: bytes, new: bytes, level: str, words: str) -> None:
    found = about(TRACES.replace(old, new) + sign(), "COPY-5")

    assert (found[0], words in found[1]) == (level, True), found[1]


def test_size_of_a_copy() -> None:
    large = MESSAGE + b"<p>x</p>\r\n" * 12_000

    assert about(MESSAGE, "COPY-6")[0] == "ok"
    level, text = about(large, "COPY-6")
    assert (level, "cut off" in text) == ("warn", True)


@pytest.mark.parametrize(
    ("seals", "level", "words"),
    [
        (b"", "ok", "no machine says"),
        (b"ARC-Seal: i=1; a=rsa-sha256; cv=none; d=x.example; b=\r\n", "note", "by 1 machine"),
        (b"ARC-Seal: i=2; cv=fail; d=x\r\nARC-Seal: i=1; cv=none; d=x\r\n", "warn", "cv=fail"),
    ],
)
def test_copy_that_was_passed_on(seals: bytes, level: str, words: str) -> None:
    found = about(seals + TRACES + sign(), "COPY-7")

    assert (found[0], words in found[1]) == (level, True), found[1]


@pytest.mark.parametrize(
    ("old", "new", "level", "words"),
    [
        (b"List-Id:", b"List-Id: x\r\nList-Id:", "error", "list-id is there twice"),
        (b"Message-ID:", b"X-ID:", "error", "it has no Message-ID"),
        (b"Date: Fri, 03 Jan 2025 07", b"Date: Fri, 03 Jan 2025 02", "note", "5 hours after its"),
        (
            b"Date: Fri, 03 Jan 2025 07",
            b"Date: Fri, 03 Jan 2025 20",
            "warn",
            "13 hours after its a",
        ),
        (b"Date: Fri, 03", b"Date: Someday, 99", "error", "its Date cannot be read"),
    ],
)
def test_headers_of_a_copy(old: bytes, new: bytes, level: str, words: str) -> None:
    found = about(TRACES + MESSAGE.replace(old, new), "COPY-8")

    assert (found[0], words in found[1]) == (level, True), found[1]


def test_copy_saved_with_bare_line_ends_or_from_a_mailbox_is_read() -> None:
    saved = (
        b"From letters@courier.example Fri Jan  3 07:00:00 2025\r\n" + TRACES + sign()
    ).replace(b"\r\n", b"\n")

    assert [one for one in judged(saved) if one.level != "ok"] == []


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "no whole mail"),
        (b"Subject: x\r\n", "no whole mail"),
        (b"\x89PNG\r\n\x1a\n\r\n\r\n", "a line among its headers"),
        (b"<html>\r\n\r\n</html>", "a line among its headers"),
    ],
)
def test_what_is_no_mail_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_copy(raw)


@settings(max_examples=60)
@given(st.binary(max_size=400), st.integers(0, 3000))
def test_nothing_in_a_mail_breaks_the_doctor(noise: bytes, at: int) -> None:
    raw = TRACES + sign()
    place = at % len(raw)
    try:
        copy = read_copy(raw[:place] + noise + raw[place:])
    except BadInput:
        return

    judge_copy(copy, lambda *_: None)


@pytest.mark.parametrize("key", [RSA, ED25519])
def test_key_is_read_from_a_file_of_any_kind(key: DkimKey) -> None:
    private = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    record = key.dns_record().value

    for raw in (private, public, record.encode(), f'"{record[:50]}" "{record[50:]}"'.encode()):
        assert read_key(raw.replace(b'" "', b""), "file") == key.private.public_key()


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"v=DKIM1; p=", b"-----BEGIN PUBLIC KEY-----"])
def test_file_that_holds_no_key_is_named(raw: bytes) -> None:
    with pytest.raises(BadInput, match=r"^the-file: "):
        read_key(raw, "the-file")


def test_key_comes_from_the_dns_where_it_may_be_asked() -> None:
    record = RSA.dns_record()
    half = f'"{record.value[:200]}" "{record.value[200:]}"'
    zone = f'{record.name}. IN TXT {half}\n_dmarc.courier.example. IN TXT "v=DMARC1; p=none"\n'
    zone += 'old._domainkey.courier.example. IN TXT "v=DKIM1; p="\n'
    with NameServer(zone) as server:
        ring = Keyring(None, None, [server.address], online=True)

        assert ring.find("courier.example", "friday") == RSA.private.public_key()
        with pytest.raises(BadInput, match="does not exist"):
            ring.find("courier.example", "gone")
        with pytest.raises(BadInput, match="revoked"):
            ring.find("courier.example", "old")
        assert ring.counts_for("courier.example", "bounces.courier.example")
        assert not ring.counts_for("courier.example", "other.example")
        found = judge_copy(read_copy(TRACES + sign()), ring.find, ring.counts_for)

    assert [one for one in found if one.level != "ok"] == []
