"""Only links that a mail program opens safely may stand in a mail."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from digest.errors import RenderingFailed
from digest.rendering.links import is_reader_link, is_web_link, refuse_unsafe_links
from digest.rendering.view import IssueView, PickView, PictureView

UNSAFE = [
    "javascript:alert(1)",
    "JAVASCRIPT:alert(1)",
    "data:text/html,x",
    "//evil.example/x",
    "/relative",
    "",
    "#",
    "ftp://a.example/x",
    "https://",
    'https://a.example/"onload="x',
    "https://a.example/ blank",
    "https://a.example/\nX: y",
    "https://a.example/<b>",
    "https://user:secret@a.example/",
    "https://[broken/",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("url", UNSAFE)
def test_pick_with_unsafe_link_is_refused_by_headline(
    make_view: Callable[..., IssueView], url: str
) -> None:
    view = make_view(lead=PickView("The headline", url))

    with pytest.raises(RenderingFailed, match="The headline"):
        refuse_unsafe_links(view)


@pytest.mark.parametrize("url", [*UNSAFE, "mailto:desk@a.example", "cid:picture"])
def test_picture_must_be_a_web_link(make_view: Callable[..., IssueView], url: str) -> None:
    pick = PickView("The headline", "https://a.example/", picture=PictureView(url, ""))

    with pytest.raises(RenderingFailed, match="picture of The headline"):
        refuse_unsafe_links(make_view(lead=pick))


def test_pick_may_link_to_a_mailbox(make_view: Callable[..., IssueView]) -> None:
    view = make_view(lead=PickView("Write to us", "mailto:desk@a.example"))

    assert refuse_unsafe_links(view) is None  # nothing was raised


def test_appeal_privacy_and_site_links_are_checked(make_view: Callable[..., IssueView]) -> None:
    view = make_view()
    assert view.appeal
    bad = replace(view.appeal, annual=("Yearly", "javascript:x"))

    for changed in ({"appeal": bad}, {"privacy_url": "x"}, {"site_url": "javascript:x"}):
        with pytest.raises(RenderingFailed):
            refuse_unsafe_links(make_view(**changed))


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/?a=1&b=2#c",
        "http://xn--bcher-kva.example/",
        "https://ar.example/أخبار/١",
        "https://a.example/a|b'(c)",
    ],
)
def test_newsroom_links_pass(url: str) -> None:
    assert is_web_link(url)


@pytest.mark.parametrize("url", [*UNSAFE, "https://a.example/ü", "mailto:a@b.example"])
def test_reader_link_is_plain_ascii_web_link(url: str) -> None:
    assert not is_reader_link(url)


@pytest.mark.parametrize(
    "url", ["https://a.example/u/abc?x=1&y=~2", "http://127.0.0.1:8000/", "http://[::1]:80/u"]
)
def test_reader_link_of_ours_passes(url: str) -> None:
    assert is_reader_link(url)
