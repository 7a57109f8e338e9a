"""The media room at the desk: uploads over HTTP, addresses, pages."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import httpx
import pytest

from digest.clock import FixedClock
from digest.curation.issues import find_issue
from digest.curation.picks import edit_pick, list_picks
from digest.media.darkroom import PICTURE_MOST
from digest.media.room import Words
from digest.models import AuditEntry, Picture, Role
from digest.testing.web import WebServer, answer
from tests.media.samples import (
    CAMERA,
    colour_of,
    noise,
    opened,
    photo,
    png_claiming,
    saved,
    striped,
)
from tests.web.desk.conftest import Browser, Desk
from tests.web.desk.test_board import ATTACKS
from tests.web.desk.test_inbox import LOCAL

UPLOAD, TAKE = "/desk/media/upload", "/desk/media/take"
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}
MULTIPART_FILE = (  # as browsers send it, an empty file without a name where none was chosen
    '--x\r\nContent-Disposition: form-data; name="token"\r\n\r\n%(token)s\r\n'
    '--x\r\nContent-Disposition: form-data; name="file"; filename="%(name)s"\r\n\r\n\r\n--x--\r\n'
)


def pictures(desk: Desk) -> list[Picture]:
    with desk.app.db.read() as session:
        return session.query(Picture).order_by(Picture.id).all()


def files(desk: Desk) -> list[Path]:
    return [path for path in desk.app.config.media.folder.rglob("*") if path.is_file()]


def upload(browser: Browser, data: bytes, name: str = "quay.jpg", **fields: str) -> httpx.Response:
    """Send the form with a file, as a browser does."""
    sent = {"token": browser.token, **fields}
    return browser.client.post(UPLOAD, data=sent, files={"file": (name, data, "image/jpeg")})


def bring(desk: Desk, data: bytes = b"", alt: str = "A quay", credit: str = "Ada Holm") -> int:
    """Put a picture into the room; return its number."""
    now = desk.app.clock.now()
    return desk.app.media.take_in(data or photo(), Words(alt, credit), None, now)[0]


def give(desk: Desk, name: str, shown: str, **more: str) -> None:
    """Give the first pick a print, as the command line would."""
    with desk.app.db.write() as session:
        issue = find_issue(session, name)
        _, pick, _ = list_picks(session, issue.id)[0]
        url = f"http://127.0.0.1:8000/pictures/{shown}"
        edit_pick(session, issue, pick, {"image_url": url, **more})


def kept_nothing(desk: Desk) -> bool:
    return pictures(desk) == [] and files(desk) == []


@pytest.fixture
def ada(desk: Desk) -> Browser:
    return desk.signed_in(Role.CONTRIBUTOR, "ada")


# Files.


def test_file_is_kept_stripped_and_shown(desk: Desk, ada: Browser) -> None:
    answer = upload(ada, photo(), credit="Photo: Ada Holm")

    [kept] = pictures(desk)
    assert answer.headers["location"] == f"/desk/media/picture/{kept.id}"
    assert kept.credit == "Photo: Ada Holm"
    assert len(files(desk)) == 2
    assert not any(CAMERA.encode() in path.read_bytes() for path in files(desk))
    page = ada.get(answer.headers["location"]).text
    assert f'src="/desk/media/picture/{kept.id}/original"' in page
    assert desk.verbs()[-1] == "add picture"
    with desk.app.db.read() as session:
        entry = session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
        assert entry is not None
        assert (entry.about, entry.detail) == (f"picture#{kept.id}", {})


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_without_the_token_nothing_is_looked_at(desk: Desk, ada: Browser, token: str) -> None:
    sent = {"file": ("quay.jpg", photo(), "image/jpeg")}
    for headers in ({}, {"X-Desk-Token": token}):
        answer = ada.client.post(UPLOAD, data={"token": token}, files=sent, headers=headers)
        assert answer.status_code == 403

    assert kept_nothing(desk)


def test_token_of_somebody_else_does_not_do(desk: Desk, ada: Browser) -> None:
    other = desk.signed_in(Role.OPERATOR, "bob")

    assert upload(ada, photo(), token=other.token).status_code == 403
    assert kept_nothing(desk)


def test_page_of_somebody_else_sends_no_file(desk: Desk, ada: Browser) -> None:
    sent = {"file": ("quay.jpg", photo(), "image/jpeg")}
    headers = {"Sec-Fetch-Site": "cross-site", "X-Desk-Token": ada.token}

    assert ada.client.post(UPLOAD, files=sent, headers=headers).status_code == 403
    assert kept_nothing(desk)


def test_stranger_is_sent_away_before_a_file_is_read(desk: Desk) -> None:
    with desk.browser() as client:
        sent = {"file": ("quay.jpg", b"x" * 1_000_000, "image/jpeg")}
        assert client.post(UPLOAD, files=sent).status_code == 303

    assert kept_nothing(desk)


@pytest.mark.parametrize(
    "name",
    [
        *("../../../../etc/cron.d/evil", "..\\..\\evil.jpg", "/etc/passwd", "evil.svg", "a.php"),
        *("\r\nX-Evil: 1", "a" * 2_000, "خليج.jpg", "%2e%2e%2fevil", "."),
    ],
)
def test_name_of_a_file_counts_for_nothing(desk: Desk, ada: Browser, name: str) -> None:
    assert upload(ada, photo(), name).status_code == 303

    folder = desk.app.config.media.folder
    for path in files(desk):
        assert re.fullmatch(r"(originals|prints)/[0-9a-f]{64}\.jpg", str(path.relative_to(folder)))
    assert len(files(desk)) == 2
    assert not (folder.parent / "evil").exists()


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/x-php", ""])
def test_what_a_file_is_said_to_be_counts_for_nothing(desk: Desk, ada: Browser, kind: str) -> None:
    sent = {"file": ("a", saved(striped(), "PNG"), kind)}

    answer = ada.client.post(UPLOAD, data={"token": ada.token}, files=sent)

    assert answer.status_code == 303
    assert {path.suffix for path in files(desk)} == {".jpg"}


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty"),
        (SVG, "take a JPEG, PNG, GIF or WebP"),
        (b"<html><script>alert(1)</script>", "take a JPEG, PNG, GIF or WebP"),
        (b"GIF89a<script>alert(1)</script>", "take a JPEG"),
        (saved(striped(), "TIFF"), "take a JPEG, PNG, GIF or WebP"),
        (saved(noise(300, 300))[:20_000], "broken"),
        (png_claiming(50_000, 50_000), "at most 64 million"),
        (png_claiming(7_000, 7_000), "broken"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    desk: Desk, ada: Browser, data: bytes, said: str
) -> None:
    answer = upload(ada, data)

    assert answer.status_code == 422
    assert said in answer.text
    assert 'name="file"' in answer.text  # the next try is right there
    assert kept_nothing(desk)


def test_form_without_a_file_says_so(desk: Desk, ada: Browser) -> None:
    none = MULTIPART_FILE % {"token": ada.token, "name": ""}
    answer = ada.client.post(UPLOAD, content=none, headers=MULTIPART)
    assert answer.status_code == 422
    assert "Choose a file first" in answer.text
    assert 'name="file"' in answer.text  # the next try is right there
    body = f'--x\r\nContent-Disposition: form-data; name="token"\r\n\r\n{ada.token}\r\n--x--\r\n'
    answer = ada.client.post(UPLOAD, content=body, headers=MULTIPART)
    assert "Choose a file first" in answer.text
    assert kept_nothing(desk)


@pytest.mark.parametrize("more", [30_001, 3_000_000])
def test_file_that_is_too_large_is_told_so(desk: Desk, ada: Browser, more: int) -> None:
    answer = upload(ada, b"\xff\xd8\xff" + os.urandom(PICTURE_MOST + more))

    assert answer.status_code == 413
    assert "larger than 10 MB" in answer.text
    assert kept_nothing(desk)


def test_file_just_too_large_is_told_so(desk: Desk, ada: Browser) -> None:
    answer = upload(ada, b"\xff\xd8\xff" + b"x" * PICTURE_MOST)

    assert "larger than 10 MB" in answer.text
    assert kept_nothing(desk)


def test_ten_megabytes_are_taken(desk: Desk, ada: Browser) -> None:
    data = saved(striped())

    assert upload(ada, data + b"\0" * (PICTURE_MOST - len(data))).status_code == 303
    assert len(pictures(desk)) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n", "boundary=x"),
        (b"--x\r\nno header\r\n\r\n", "boundary=x"),
        (b"--x", "charset=utf-8"),
        (b"--x\r\n" + b"a" * 100_000, "boundary=x"),
        (b"--x\r\nContent-Disposition: form-data; name=token\r\n\r\n" + b"a" * 6_000, "boundary=x"),
        (
            b"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n1\r\n" * 2,
            "boundary=x",
        ),
    ],
)
def test_form_that_is_none_is_refused(desk: Desk, ada: Browser, body: bytes, kind: str) -> None:
    headers = {"Content-Type": f"multipart/form-data; {kind}", "X-Desk-Token": ada.token}

    assert ada.client.post(UPLOAD, content=body, headers=headers).status_code == 400
    assert kept_nothing(desk)


def test_words_beside_a_file_are_utf_8_whatever_the_form_says(desk: Desk, ada: Browser) -> None:
    """In the way that a form says it is written it could write half of a letter."""
    parts = {"token": ada.token, "credit": "Ada\\ud800 Holm", "back": "\\ud800", "alt": "a\0b"}
    fields = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    )
    file = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    body = fields.encode() + file + saved(striped()) + b"\r\n--x--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x; charset=unicode_escape"}

    assert ada.client.post(UPLOAD, content=body, headers=kind).status_code == 303
    half = body.replace(b"Ada\\ud800", b"Ada\xed\xa0\x80").replace(b"a\0b", b"b")
    assert ada.client.post(UPLOAD, content=half, headers=kind).status_code == 303
    assert [(kept.credit, kept.alt) for kept in pictures(desk)] == [("Ada\\ud800 Holm", "a b")]
    wrong = body.replace(ada.token.encode(), b"\xed\xa0\x80")
    assert ada.client.post(UPLOAD, content=wrong, headers=kind).status_code == 403


def test_no_other_form_takes_a_file(desk: Desk, ada: Browser) -> None:
    sent = {"file": ("quay.jpg", b"x" * 500_000, "image/jpeg")}
    headers = {"X-Desk-Token": ada.token}
    for path in (TAKE, "/desk/media/picture/1", "/desk/inbox/add"):
        assert ada.client.post(path, files=sent, headers=headers).status_code == 413
        small = {"file": ("quay.jpg", b"x", "image/jpeg")}
        assert ada.client.post(path, files=small, headers=headers).status_code == 415


def test_same_file_leads_to_the_picture_that_there_is(desk: Desk, ada: Browser) -> None:
    data = photo()
    upload(ada, data, credit="Ada Holm")

    answer = upload(ada, data, credit="Somebody else")

    assert "was here already" in ada.get(answer.headers["location"]).text
    assert [kept.credit for kept in pictures(desk)] == ["Ada Holm"]
    assert desk.verbs().count("add picture") == 1


# Addresses.


@pytest.fixture
def near(open_house: Callable[..., AbstractContextManager], clock: FixedClock) -> Iterator[Desk]:
    """A desk whose configuration lets it ask this machine."""
    with open_house(more=LOCAL) as house:
        desk = Desk(house, clock)
        with desk.browsers:
            yield desk


@pytest.fixture
def site() -> Iterator[WebServer]:
    server = WebServer()
    server.answers["/quay.jpg"] = answer(body=photo(), Content_Type="text/plain")
    server.answers["/page"] = answer(body=b"<html>", Content_Type="image/jpeg")
    server.answers["/gone.jpg"] = answer(404)
    server.answers["/large.jpg"] = answer(body=b"\xff\xd8\xff" * 2_000_000)
    yield server
    server.close()


def test_address_is_asked_once_by_a_form_and_by_nothing_else(near: Desk, site: WebServer) -> None:
    ada = near.signed_in(Role.CONTRIBUTOR)
    for path in ("/desk/media", f"/desk/media?url={site.url('/quay.jpg')}"):
        ada.get(path)
    assert site.asked == []

    answers = [ada.post(TAKE, url=site.url("/quay.jpg"), credit="Ada Holm") for _ in range(2)]

    [kept] = pictures(near)
    assert (kept.source_url, kept.credit) == (site.url("/quay.jpg"), "Ada Holm")
    assert [answer.headers["location"].partition("?")[0] for answer in answers] == [
        f"/desk/media/picture/{kept.id}"
    ] * 2
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/gone.jpg", "could not be fetched"),
        ("/page", "take a JPEG"),
        ("/large.jpg", "larger than"),
    ],
)
def test_what_cannot_be_fetched_is_told(near: Desk, site: WebServer, path: str, said: str) -> None:
    answer = near.signed_in(Role.CONTRIBUTOR).post(TAKE, url=site.url(path))

    assert answer.status_code == 422
    assert said in answer.text
    assert kept_nothing(near)


@pytest.mark.parametrize(
    "url",
    [
        *("", "quay.jpg", "javascript:alert(1)", "file:///etc/passwd", "data:image/png;base64,AA"),
        *("http://127.0.0.1/a.jpg", "http://169.254.169.254/latest", "http://2130706433/a.jpg"),
        *("http://[::1]/a.jpg", "http://localhost/a.jpg", "ftp://courier.example/a.jpg"),
    ],
)
def test_no_private_network_and_no_other_scheme_is_asked(desk: Desk, ada: Browser, url) -> None:
    answer = ada.post(TAKE, url=url)

    assert answer.status_code == 422
    assert kept_nothing(desk)


def test_own_picture_is_not_fetched_from_oneself(desk: Desk, ada: Browser) -> None:
    number = bring(desk)
    shown = pictures(desk)[0].shown

    answer = ada.post(TAKE, url=f"http://127.0.0.1:8000/pictures/{shown}")
    gone = ada.post(TAKE, url=f"http://127.0.0.1:8000/pictures/{'0' * 64}.jpg")

    assert answer.headers["location"] == f"/desk/media/picture/{number}?known=yes"
    assert gone.status_code == 422
    assert "was removed" in gone.text


@pytest.mark.parametrize("back", ["//evil.example", "weekly/1/1/../..", "https://evil/1/1", "x"])
def test_bringing_in_leads_nowhere_else(desk: Desk, ada: Browser, back: str) -> None:
    assert upload(ada, photo(), back=back).headers["location"].startswith("/desk/media/picture/")
    assert "evil" not in upload(ada, b"x", back=back).text


# Pages.


def test_pictures_are_paged_and_found(desk: Desk, ada: Browser) -> None:
    for n in range(3):
        bring(desk, alt=f"Quay {n}")
    page = ada.get("/desk/media").text
    assert re.findall(r'class="what">(.*?)<', page) == ["Quay 2", "Quay 1", "Quay 0"]

    assert re.findall(r'class="what">(.*?)<', ada.get("/desk/media?search=quay+1").text) == [
        "Quay 1"
    ]
    assert "No picture is like that" in ada.get("/desk/media?search=fog").text
    older = ada.get(f"/desk/media?before={pictures(desk)[1].id}").text
    assert re.findall(r'class="what">(.*?)<', older) == ["Quay 0"]


def test_words_and_cut_are_saved_and_two_editors_do_not_overwrite(desk: Desk, ada: Browser) -> None:
    number = bring(desk, saved(striped(2700, 600)))
    path = f"/desk/media/picture/{number}"
    was = re.findall(r'name="was" value="(\w+)"', ada.get(path).text)[0]
    words = {"alt": "Fog", "credit": "Bo", "rights": "ours", "shape": "3:2"}

    saved_once = ada.post(path, was=was, x="0", y="50", **words)
    late = ada.post(path, was=was, x="100", y="50", **words)

    assert (saved_once.status_code, late.status_code) == (303, 409)
    [kept] = pictures(desk)
    assert (kept.alt, kept.credit, kept.rights, kept.focus_x) == ("Fog", "Bo", "ours", 0)
    assert colour_of(opened(ada.get(f"/pictures/{kept.shown}").content)) == "red"
    assert desk.verbs()[-1] == "edit picture"


@pytest.mark.parametrize("x", ["", "101", "-1", "x"])
def test_focal_point_that_is_none_is_refused(desk: Desk, ada: Browser, x: str) -> None:
    number = bring(desk)

    answer = ada.post(f"/desk/media/picture/{number}", was="", x=x, y="50", shape="3:2")

    assert answer.status_code == 422
    assert "from 0 to 100" in answer.text


def test_whole_of_a_picture_is_for_editors_alone(desk: Desk, ada: Browser) -> None:
    number = bring(desk)
    [kept] = pictures(desk)
    path = f"/desk/media/picture/{number}/original"

    assert opened(ada.get(path).content).size == (1500, 1000)
    assert ada.get(path).headers["cache-control"] == "no-store"
    with desk.browser() as client:
        assert client.get(path).status_code == 303
        assert client.get(f"/pictures/{kept.original}").status_code == 404


def test_only_editors_remove_and_only_what_is_used_nowhere(desk: Desk, ada: Browser) -> None:
    name = desk.house.newsroom.draft(date(2026, 12, 4))
    used, idle = bring(desk), bring(desk)
    give(desk, name, pictures(desk)[0].shown)
    editor = desk.signed_in(Role.EDITOR, "bob")

    assert ada.post(f"/desk/media/picture/{idle}/remove").status_code == 403
    assert "Remove it" not in ada.get(f"/desk/media/picture/{idle}").text
    assert "Remove it" not in editor.get(f"/desk/media/picture/{used}").text
    assert name in editor.get(f"/desk/media/picture/{used}").text
    assert editor.post(f"/desk/media/picture/{used}/remove").status_code == 403
    assert editor.post(f"/desk/media/picture/{idle}/remove").status_code == 303

    assert [kept.id for kept in pictures(desk)] == [used]
    assert len(files(desk)) == 2
    assert desk.verbs()[-1] == "remove picture"


@pytest.mark.parametrize("attack", ATTACKS)
def test_words_of_a_picture_are_words_only(desk: Desk, ada: Browser, attack: str) -> None:
    name = desk.house.newsroom.draft(date(2026, 12, 4))
    number = bring(desk, alt=attack, credit=attack)
    at_pick = f"/desk/{name}/picks/1/picture"
    for path in (
        *("/desk/media", f"/desk/media/picture/{number}", at_pick),
        f"{at_pick}?picture={number}",
        f"/desk/media?search={attack}",
    ):
        page = ada.client.get(path).text
        assert attack not in page
        assert "<svg onload" not in page
        assert "<img src=x" not in page
