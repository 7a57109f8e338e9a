"""Importing at the desk: read first, decide, import beside, go on after an interruption."""

import asyncio
import io
import time
import zipfile
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from digest.curation.newsletters import find_newsletter
from digest.errors import Conflict
from digest.models import ImportState, Role, SubscriptionState
from digest.subscribers.standing import count_readers
from digest.subscribers.transfer.bundle import Asked
from digest.subscribers.transfer.merge import merge_import
from digest.subscribers.transfer.staging import list_under_way, stage_csv
from digest.subscribers.transfer.staging_file import StagingFile
from digest.web.desk.import_jobs import ImportJobs
from digest.web.desk.pages import DeskPages
from digest.web.desk.reader_import import CONSENT
from digest.web.desk.routes import DeskRoutes
from digest.web.desk.uploads import UploadedFile, upload_folder
from tests.web.conftest import ANNA
from tests.web.desk.conftest import Browser, Desk
from tests.web.desk.test_readers import assert_named_nowhere, record

PAGE = "/desk/readers/import/weekly"
LIST = f"email,name,joined,city\ncleo@example.org,Cleo,2024-03-01,Riga\n{ANNA},Anna,,\n"
BAD = LIST + "nobody,,,\n,,,\nnor this,,,\n"
LONG = "email\n" + "".join(f"r{number}@example.net\n" for number in range(4000))


@pytest.fixture
def publisher(desk: Desk) -> Browser:
    return desk.signed_in(Role.PUBLISHER)


def bring(browser: Browser, content: str | bytes = LIST, **fields: str) -> str:
    """Bring a file; return the page once it is read."""
    content = content if isinstance(content, bytes) else content.encode()
    files, data = {"file": ("readers of ours.csv", content)}, {"token": browser.token, **fields}
    answer = browser.client.post(f"{PAGE}/read", data=data, files=files)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE), answer.text
    return settled(browser)


def settled(browser: Browser) -> str:
    """Return the page once nothing is at work."""
    for _ in range(400):
        page = browser.get(PAGE).text
        if "<progress" not in page:
            return page
        time.sleep(0.05)
    raise AssertionError("the import does not end")


def merge(browser: Browser, number: int = 1, **fields: str):
    return browser.post(f"{PAGE}/{number}/merge", **{"consent": CONSENT[0], **fields})


def readers(desk: Desk) -> int:
    with desk.app.db.read() as session:
        return count_readers(session)["weekly"]


def under_way(desk: Desk) -> list[ImportState]:
    with desk.app.db.read() as session:
        books = list_under_way(session, find_newsletter(session, "weekly").id)
        return [book.state for book in books]


def files(desk: Desk) -> list[str]:
    """Return what imports have left on the disk, as names."""
    kept = [*upload_folder(desk.app).glob("*"), *desk.app.path.parent.glob("import-*")]
    return sorted(path.name for path in kept if not path.name.endswith(("-wal", "-shm")))


def interrupt(desk: Desk, text: str = LONG) -> None:
    """Leave an import half-way, as a process that was killed does."""
    path = desk.app.path.parent / "elsewhere.csv"
    path.write_text(text)

    def halt(done: int, _total: int) -> None:
        if done:
            raise InterruptedError

    app = desk.app
    with app.db.read() as session:
        newsletter_id = find_newsletter(session, "weekly").id
    where = {"newsletter_id": newsletter_id, "folder": app.path.resolve().parent}
    staged = stage_csv(app.db, app.sealer, path, clock=app.clock, **where)
    with pytest.raises(InterruptedError):
        merge_import(app.db, staged, clock=app.clock, progress=halt)
    path.unlink()


def test_reading_says_what_importing_would_do(
    desk: Desk, publisher: Browser, logged: list[str]
) -> None:
    page = bring(publisher)

    for words in (
        "What importing it would do",
        "Import 1 new reader<",
        "never stored, where readers are (IP addresses, places): city",
        "Read as: a plain list.",
    ):
        assert words in page
    assert "<dt>Subscribed already</dt><dd>1</dd>" in page
    assert "The file says when people joined; that is kept as evidence." in page
    assert readers(desk) == 2
    assert [name.partition("-")[0] for name in files(desk)] == ["import"]
    assert_named_nowhere(desk, logged)


def test_import_is_made_after_the_answer_about_consent(
    desk: Desk, publisher: Browser, logged: list[str]
) -> None:
    bring(publisher)
    for consent in ("", "somewhere", ANNA):
        assert merge(publisher, consent=consent).status_code == 422
    assert merge(publisher).status_code == 303
    page = settled(publisher)

    assert "The import is done." in page
    assert readers(desk) == 3
    assert desk.house.state("cleo@example.org") is SubscriptionState.ACTIVE
    assert files(desk) == []
    assert record(desk) == [
        ("read a list of readers", "weekly", {}),
        ("import readers", "weekly", {"import": 1, "consent": CONSENT[0]}),
        ("imported readers", "weekly", {"import": 1, "added": 1}),
    ]
    assert_named_nowhere(desk, logged)
    assert merge(publisher).status_code == 404


def test_bad_rows_are_named_by_number_and_left_out_only_when_said(
    desk: Desk, publisher: Browser
) -> None:
    page = bring(publisher, BAD)
    assert "row 4, address: not an e-mail address" in page
    assert "row 6, address: not an e-mail address" in page
    assert "nor this" not in page
    assert merge(publisher).status_code == 422
    merge(publisher, skip_bad="1")
    settled(publisher)
    assert readers(desk) == 3


def test_file_without_evidence_says_so(desk: Desk, publisher: Browser) -> None:
    page = bring(publisher, "email\ncleo@example.org\n")
    assert "no evidence of consent in it but the file itself" in page


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour\nred\n", "row 1 names no column email"),
        ('email\ncleo@example.org\n"' + "x" * 70_000, "never closed"),
    ],
)
def test_file_that_is_no_list_is_refused_in_words(
    desk: Desk, publisher: Browser, text: str, words: str
) -> None:
    page = bring(publisher, text)
    assert words in page
    assert str(desk.app.path.parent) not in page
    assert "upload-" not in page
    assert not list(upload_folder(desk.app).glob("*"))


def test_what_was_read_is_put_away(desk: Desk, publisher: Browser) -> None:
    bring(publisher)
    assert publisher.post(f"{PAGE}/1/take-back").status_code == 303
    page = settled(publisher)

    assert "The import is taken back." in page
    assert files(desk) == []
    assert under_way(desk) == []
    assert readers(desk) == 2
    assert [verb for verb, *_ in record(desk)] == ["read a list of readers", "take back import"]


def test_interrupted_import_goes_on_by_a_press(desk: Desk, publisher: Browser) -> None:
    interrupt(desk)
    page = publisher.get(PAGE).text
    assert "Import 1 is half-way in" in page
    assert "of 4,000 readers are in" in page
    assert readers(desk) == 2

    merge(publisher)
    assert "The import is done." in settled(publisher)
    assert readers(desk) == 4002
    assert files(desk) == []


def test_interrupted_import_goes_on_by_the_same_file(desk: Desk, publisher: Browser) -> None:
    interrupt(desk)
    for path in desk.app.path.parent.glob("import-*"):
        path.unlink()  # the staging file is lost as well
    page = publisher.get(PAGE).text
    assert "bring the file again" in page
    assert merge(publisher).status_code == 404

    bring(publisher, LONG)
    merge(publisher)
    settled(publisher)
    assert readers(desk) == 4002
    assert under_way(desk) == []


def test_interrupted_import_is_taken_back(desk: Desk, publisher: Browser) -> None:
    interrupt(desk)
    publisher.post(f"{PAGE}/1/take-back")
    settled(publisher)
    assert readers(desk) == 2
    assert under_way(desk) == []


def test_import_of_another_newsletter_is_not_found(desk: Desk, publisher: Browser) -> None:
    bring(publisher)
    for number in (2, 999):
        assert merge(publisher, number).status_code == 404
        assert publisher.post(f"{PAGE}/{number}/take-back").status_code == 404
    assert publisher.get("/desk/readers/import/daily").status_code == 404


def test_end_of_the_process_stops_an_import_between_two_steps(
    desk: Desk, publisher: Browser
) -> None:
    bring(publisher, LONG)
    jobs = ImportJobs(desk.app)
    jobs.end()
    jobs.merge("weekly", 1, 1)
    jobs.wait("weekly")

    job = jobs.find("weekly")
    assert job is not None
    assert "because the program ended" in job.trouble
    assert under_way(desk) == [ImportState.MERGING]
    assert readers(desk) == 2
    merge(publisher)
    settled(publisher)
    assert readers(desk) == 4002


def test_import_that_another_process_is_at_is_left_alone(desk: Desk, publisher: Browser) -> None:
    bring(publisher)
    [name] = files(desk)
    with StagingFile(desk.app.path.parent / name):
        page = publisher.get(PAGE).text
        assert "Import 1 is at work elsewhere" in page
        assert "Put it away" not in page
        refused = merge(publisher)
        assert refused.status_code == 409
        assert str(desk.app.path.parent) not in f"{page}{refused.text}"
    assert "Put it away" in publisher.get(PAGE).text


def test_what_ends_with_the_process_is_ended(desk: Desk) -> None:
    routes, ended = DeskRoutes(desk.app, DeskPages()), list[str]()
    routes.endings.append(lambda: ended.append("imports"))
    web = FastAPI()
    web.include_router(routes.router)

    async def live() -> None:
        async with web.router.lifespan_context(web):
            assert ended == []

    asyncio.run(live())
    assert ended == ["imports"]


def test_file_is_gone_when_another_import_is_at_work(desk: Desk, tmp_path: Path) -> None:
    jobs = ImportJobs(desk.app)
    first, second = UploadedFile(tmp_path / "u"), UploadedFile(tmp_path / "u")
    first.write(b"email\n" + b"".join(b"r%d@example.org\n" % n for n in range(20_000)))
    first.complete()
    jobs.stage("weekly", first, Asked(slug="weekly"))
    with pytest.raises(Conflict):
        jobs.stage("weekly", second, Asked(slug="weekly"))
    jobs.wait("weekly")
    assert not list((tmp_path / "u").iterdir())


def test_zip_of_another_system_is_known_and_keeps_people_from_being_mailed(
    desk: Desk, publisher: Browser
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, address in (("subscribed", "cleo@example.org"), ("cleaned", "dead@example.org")):
            rows = f"Email Address,LEID,EUID\n{address},1,a\n"
            archive.writestr(f"{name}_members_export_1.csv", rows)
        rows = f"Email Address,LEID,EUID\n{ANNA},2,b\n"
        archive.writestr("unsubscribed_members_export_1.csv", rows)
    page = bring(publisher, packed.getvalue())

    assert "Read as: Mailchimp." in page
    assert "Import 1 new reader and keep 2 from being mailed" in page
    assert "<td>they are never mailed</td>" in page
    assert "1 who left there has asked us for it since, and stays" in page  # Anna confirmed with us
    merge(publisher)
    settled(publisher)
    assert readers(desk) == 3


def test_what_a_file_does_not_say_is_asked_in_the_words_of_the_page(
    desk: Desk, publisher: Browser
) -> None:
    text = "uuid,email,name,attributes,status,created_at\n1,cleo@example.org,,{},enabled,\n"
    page = bring(publisher, text)
    assert "does not say who has left a list" in page
    assert "Say below which it is" in page
    assert "--" not in page.partition("<main")[2].partition("</section>")[0]

    page = bring(publisher, text, everybody="confirmed")
    assert "Read as: listmonk." in page
    assert "Import 1 new reader<" in page


def test_leavings_are_brought_alone(desk: Desk, publisher: Browser) -> None:
    text = f"email,status\ncleo@example.org,active\n{ANNA},cleaned\n"
    page = bring(publisher, text, everybody="leaves")

    assert "<dt>New</dt><dd><strong>0</strong></dd>" in page
    assert "<dt>Never to be mailed</dt><dd>1</dd>" in page


@pytest.mark.parametrize("fields", [{"from": "aweber"}, {"everybody": "happy"}])
def test_choices_that_the_page_does_not_offer_are_refused(
    publisher: Browser, fields: dict[str, str]
) -> None:
    files, data = {"file": ("r.csv", LIST.encode())}, {"token": publisher.token, **fields}
    answer = publisher.client.post(f"{PAGE}/read", data=data, files=files)

    assert answer.status_code == 422


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_list_is_imported_in_a_browser(desk: Desk, browser: Chromium, scripts: bool) -> None:
    with browser.new_context(java_script_enabled=scripts) as context:
        desk.let_in(context, Role.PUBLISHER)
        page = context.new_page()
        page.goto(f"{desk.house.url}{PAGE}")
        csv = {"name": "list.csv", "mimeType": "text/csv", "buffer": LIST.encode()}
        page.get_by_label("The export").set_input_files(csv)
        page.get_by_role("button", name="Read it first").click()
        for doing in ("Import 1 new reader", ""):
            while not scripts and page.get_by_role("link", name="Look again").is_visible():
                page.get_by_role("link", name="Look again").click()
            if doing:
                page.get_by_label("Where does their consent").select_option(CONSENT[2])
                page.get_by_role("button", name=doing).click()
        expect(page.get_by_text("The import is done.")).to_be_visible()
        assert readers(desk) == 3
