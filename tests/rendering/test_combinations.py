"""Whatever a reader does without, whatever edition and pictures: a well-formed message, in which
what is left stands and what was left out does not.
"""

import email
import email.policy
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.blocks import APPEAL, EDITIONS, GREETING, THANKS, WHOLE_TEXTS, section_block
from digest.press.pictures import embed_pictures
from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.issue import render_issue
from digest.rendering.mime import CopyPress, Letterhead
from digest.rendering.personalise import ReaderValues
from digest.rendering.stored import Rendering
from digest.rendering.templates import Templates
from digest.rendering.view import LOOKS, IssueView

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
MESSAGE_ID = f"<{'a1' * 12}@courier.example>"
PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
# What each block alone brings into the full edition of the sample issue, in HTML and text alike.
TELLTALES = {
    GREETING: "Good morning",
    APPEAL: "/give/monthly",
    THANKS: "You have already paid.",
    WHOLE_TEXTS: "Nobody left.",
    section_block(3): "Who owns the empty flats?",
}
NOT_IN_HEADLINES = {WHOLE_TEXTS}


Set = Callable[[str, str, bool], Rendering]


@pytest.fixture(scope="module")
def rendering_of(make_view: Callable[..., IssueView], templates: Templates) -> Set:
    """The sample issue by look and edition, its pictures linked or, with True, in the mail."""
    made = {}
    for look, edition, inside in itertools.product(LOOKS, EDITIONS, (False, True)):
        view, pictures = make_view(look=look), ()
        if inside:
            view, pictures = embed_pictures(view, lambda _url: PIXEL, "courier.example")
        made[look, edition, inside] = render_issue(
            view,
            edition=edition,
            templates=templates,
            compile_mjml=compile_mjml,
            pictures=pictures,
        )
    return lambda look, edition, inside: made[look, edition, inside]


@given(
    look=st.sampled_from(LOOKS),
    edition=st.sampled_from(EDITIONS),
    inside=st.booleans(),
    hidden=st.frozensets(st.sampled_from([*TELLTALES])),
    name=st.text(st.characters(codec="utf-8", categories=["L", "M", "N", "P"]), min_size=1),
)
def test_every_combination_is_a_well_formed_message(
    rendering_of: Set,
    letterhead: Letterhead,
    reader: ReaderValues,
    look: str,
    edition: str,
    inside: bool,
    hidden: frozenset[str],
    name: str,
) -> None:
    rendering = rendering_of(look, edition, inside)
    values = ReaderValues({**reader.slots, "first_name": f"x{name}"}, hidden)

    copy = CopyPress(rendering, letterhead).build(
        values,
        to="zoe@example.net",
        message_id=MESSAGE_ID,
        date=NOW,
        unsubscribe_url="https://letters.example/u/x",
    )

    message: EmailMessage = email.message_from_bytes(copy, policy=email.policy.default)  # type: ignore[assignment]
    assert [defect for part in message.walk() for defect in part.defects] == []
    assert all(len(line) <= 78 and not line.startswith(b".") for line in _body_lines(copy))
    plain, html = (_content(message, kind) for kind in ("plain", "html"))
    for block, telltale in TELLTALES.items():
        needed_blocks = {block} | ({section_block(3)} if block == WHOLE_TEXTS else set())
        shown = not needed_blocks & hidden and (edition == "full" or block not in NOT_IN_HEADLINES)
        assert (telltale in plain, telltale in html) == (shown, shown), block
    page = lxml.html.fromstring(html)
    needed = {image.get("src") for image in page.iter("img")}
    carried = {part["Content-ID"] for part in message.walk() if part["Content-ID"]}
    assert all(src.startswith("cid:") for src in needed) or not inside
    assert {src.replace("cid:", "<") + ">" for src in needed if src.startswith("cid:")} <= carried


def _body_lines(copy: bytes) -> list[bytes]:
    assert copy.endswith(b"\r\n")
    assert b"\n" not in copy.replace(b"\r\n", b"")
    return copy.split(b"\r\n\r\n", 1)[1].split(b"\r\n")


def _content(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return " ".join(str(part.get_content()).split())


def test_pictures_come_back_as_they_were(
    rendering_of: Set,
    letterhead: Letterhead,
    reader: ReaderValues,
) -> None:
    rendering = rendering_of(LOOKS[0], "full", True)

    copy = CopyPress(rendering, letterhead).build(
        reader, to="a@b.example", message_id=MESSAGE_ID, date=NOW, unsubscribe_url="https://x"
    )

    message = email.message_from_bytes(copy, policy=email.policy.default)
    kinds = [part.get_content_type() for part in message.walk()]
    pictures = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert kinds[:4] == [
        *("multipart/alternative", "text/plain", "multipart/related", "text/html"),
    ]
    assert [part.get_content() for part in pictures] == [PIXEL]
    assert "filename" not in str(pictures[0]["Content-Disposition"])


def test_a_rendering_with_pictures_is_read_back_as_it_was(
    rendering_of: Set,
) -> None:
    for inside in (False, True):
        rendering = rendering_of(LOOKS[0], "full", inside)
        assert Rendering.from_bytes(rendering.to_bytes()) == rendering


def test_many_ways_to_choose_share_their_pieces(
    rendering_of: Set, letterhead: Letterhead, reader: ReaderValues
) -> None:
    """A plan holds references: a thousand ways to choose must not cost a thousand mails."""
    press = CopyPress(rendering_of(LOOKS[0], "full", False), letterhead)
    blocks = [*TELLTALES]
    ways = [
        frozenset(chosen)
        for count in range(len(blocks) + 1)
        for chosen in itertools.combinations(blocks, count)
    ]

    pieces = [press.body(ReaderValues(reader.slots, way)) for way in ways]

    different = {id(piece): len(piece) for each in pieces for piece in each}
    assert sum(different.values()) < 2 * len(b"".join(pieces[0]))
