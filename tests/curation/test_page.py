"""A page is one article, in any encoding."""

import pytest

from digest.curation.sources.page import PageSource, decode_page
from digest.errors import BadInput
from digest.fetch import Fetched

URL = "https://courier.example/fog?key=k3y"
PAGE = "<html><head>{meta}<title>Café au port</title></head><body></body></html>"


def page(body: bytes, content_type: str | None = "text/html") -> Fetched:
    """Return a body as the Courier's page."""
    return Fetched(URL, 200, body, content_type)


@pytest.mark.parametrize(
    ("encoding", "meta", "content_type"),
    [
        ("utf-8", "", "text/html"),
        ("utf-8", "<meta charset=utf-8>", "text/html"),
        ("utf-8-sig", "", "text/html; charset=iso-8859-1"),
        ("utf-16", "", "text/html"),
        ("latin-1", "", "text/html; charset=ISO-8859-1"),
        ("latin-1", "<meta charset='latin1'>", "text/html"),
        (
            "cp1250",
            "<meta http-equiv=Content-Type content='text/html; charset=windows-1250'>",
            None,
        ),
        ("windows-1252", "", "text/html"),
        ("utf-8", "<meta charset='no-such-thing'>", "text/html"),
        ("utf-8", "<meta charset='zlib'>", "text/html"),
        ("utf-8", "<?xml version='1.0' encoding='utf-8'?>", "application/xhtml+xml"),
    ],
)
def test_page_is_read_in_its_encoding(encoding: str, meta: str, content_type: str | None) -> None:
    fetched = page(PAGE.format(meta=meta).encode(encoding), content_type)

    assert PageSource().read(fetched).articles[0].title == "Café au port"


def test_broken_bytes_do_not_stop_a_page() -> None:
    assert "\ufffd" in decode_page(page(b"<title>\xff\xfe</title>", "text/html; charset=utf-8"))


@pytest.mark.parametrize("kind", ["application/pdf", "image/png", "application/json", "text/plain"])
def test_other_content_type_is_bad_input(kind: str) -> None:
    with pytest.raises(BadInput, match=rf"courier\.example/fog: .*{kind}") as failure:
        PageSource().read(page(b"<title>x</title>", kind))
    assert "k3y" not in str(failure.value)


def test_untyped_body_must_look_like_html() -> None:
    with pytest.raises(BadInput, match="none given"):
        PageSource().read(page(b"%PDF-1.7", None))
