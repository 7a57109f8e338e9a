"""Names are cleaned; languages and time zones are taken or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import BadInput
from digest.subscribers.particulars import check_language, check_timezone, clean_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Anna   Bērziņa ", "Anna Bērziņa"),
        ("Anna\r\nBcc: x", "Anna Bcc: x"),
        ("An\u202ena\x0b", "Anna"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u200b", None),
        ("", None),
        (None, None),
        ("x" * 300, "x" * 200),
    ],
)
def test_name_becomes_one_clean_line(text: str | None, name: str | None) -> None:
    assert clean_name(text) == name


@given(st.text())
def test_cleaned_name_is_clean_already(text: str) -> None:
    name = clean_name(text)

    assert name is None or (clean_name(name) == name and len(name.splitlines()) == 1)


@pytest.mark.parametrize(
    ("text", "tag"),
    [("EN", "en"), ("pt_BR", "pt-BR"), (" lv ", "lv"), ("zh-Hant-TW", "zh-Hant-TW"), ("", None)],
)
def test_language_tag_is_taken(text: str, tag: str | None) -> None:
    assert check_language(text) == tag


@pytest.mark.parametrize("text", ["English", "e", "en--GB", "en-", "12"])
def test_language_that_is_no_tag_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="language tag"):
        check_language(text)


def test_time_zone_is_taken() -> None:
    assert check_timezone(" Europe/Riga ") == "Europe/Riga"


@pytest.mark.parametrize("text", ["Riga", "../../etc/passwd", "Europe", "/etc/passwd", "x" * 9999])
def test_time_zone_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="time zone"):
        check_timezone(text)
