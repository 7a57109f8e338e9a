"""Files that editors bring: private, limited, checked before they are kept, and gone afterwards."""

import fcntl
import http.client
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from digest.models import Role
from digest.web.desk import reader_import
from digest.web.desk.doors import COOKIE
from digest.web.desk.uploads import PREFIX, UploadedFile, remove_leftovers, upload_folder
from tests.web.desk.conftest import Browser, Desk

READ = "/desk/readers/import/weekly/read"
FORM = b"\r\n".join(
    [
        b"--b",
        b'Content-Disposition: form-data; name="token"',
        b"",
        b"%(token)s",
        b"--b",
        b'Content-Disposition: form-data; name="file"; filename="a.csv"',
        b"",
        b"email\na@example.org",
        b"--b--",
        b"",
    ]
)


@pytest.fixture
def publisher(desk: Desk) -> Browser:
    return desk.signed_in(Role.PUBLISHER)


def folder(desk: Desk) -> Path:
    return upload_folder(desk.app)


def left(desk: Desk) -> list[Path]:
    """Return what lies in the folder once the last request is over, soon after its answer."""
    for _ in range(100):
        if not folder(desk).exists() or not list(folder(desk).iterdir()):
            return []
        time.sleep(0.02)
    return list(folder(desk).iterdir())


def send(browser: Browser, body: bytes, kind: str = "multipart/form-data; boundary=b"):
    body = body.replace(b"%(token)s", browser.token.encode())
    return browser.client.post(READ, content=body, headers={"Content-Type": kind})


def test_file_is_private(tmp_path: Path) -> None:
    file = UploadedFile(tmp_path / "uploads")
    file.write(b"anna@example.org")
    file.complete()

    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert file.path.read_bytes() == b"anna@example.org"
    file.discard()
    file.discard()
    assert list(file.path.parent.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_nothing_in_use(tmp_path: Path) -> None:
    mine = UploadedFile(tmp_path)
    program = (
        "import sys; from pathlib import Path; from digest.web.desk.uploads import UploadedFile;"
        "f = UploadedFile(Path(sys.argv[1])); print(f.path, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    ) as process:
        assert process.stdout
        theirs = Path(process.stdout.readline().strip())
        remove_leftovers(tmp_path)
        assert sorted(tmp_path.iterdir()) == sorted([mine.path, theirs])
        process.kill()
        process.wait()
        remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == [mine.path]
    mine.discard()


def test_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("x")
    (tmp_path / f"{PREFIX}locked").write_text("x")
    with (tmp_path / f"{PREFIX}locked").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        remove_leftovers(tmp_path)
        assert len(list(tmp_path.iterdir())) == 2


def test_file_without_the_token_is_never_written(desk: Desk, publisher: Browser) -> None:
    other = desk.signed_in(Role.PUBLISHER, "other")
    for token in (b"", b"0" * 64, other.token.encode()):
        assert send(publisher, FORM.replace(b"%(token)s", token)).status_code == 403
    fields = FORM.split(b"--b\r\n")
    late = b"--b\r\n".join([fields[0], fields[2].replace(b"--b--\r\n", b""), fields[1] + b"--b--"])
    assert send(publisher, late).status_code == 403
    assert not folder(desk).exists()


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.EDITOR])
def test_file_of_who_may_not_is_never_written(desk: Desk, role: Role) -> None:
    assert send(desk.signed_in(role), FORM).status_code == 403
    assert not folder(desk).exists()


def test_form_of_another_site_is_refused(desk: Desk, publisher: Browser) -> None:
    headers = {"Origin": "https://evil.example"}
    files = {"file": ("a.csv", b"email\n")}
    answer = publisher.client.post(
        READ, data={"token": publisher.token}, files=files, headers=headers
    )
    assert answer.status_code == 403
    assert not folder(desk).exists()


def test_file_is_gone_when_nobody_takes_it(desk: Desk, publisher: Browser) -> None:
    files = {"file": ("a.csv", b"")}
    answer = publisher.client.post(READ, data={"token": publisher.token}, files=files)
    assert answer.status_code == 422
    assert "Choose a file" in answer.text
    unknown = READ.replace("weekly", "daily")
    files = {"file": ("a.csv", b"email\n")}
    answer = publisher.client.post(unknown, data={"token": publisher.token}, files=files)
    assert answer.status_code == 404
    assert left(desk) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"--c\r\n", 400),
        (FORM[:-40], 400),
        (FORM[:-12], 400),
        (FORM.replace(b"--b--", b"--b\r\n" + FORM.split(b"--b\r\n")[2]), 400),
        (FORM.split(b"--b\r\n")[1].join([b"--b\r\n", b"--b--\r\n"]), 400),
        (b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n" + b"x" * 20_000, 413),
    ],
    ids=[
        "nothing",
        "another boundary",
        "cut off",
        "file cut off",
        "two files",
        "no file",
        "long field",
    ],
)
def test_body_that_is_no_form_with_a_file(
    desk: Desk, publisher: Browser, body: bytes, status: int
) -> None:
    assert send(publisher, body).status_code == status
    assert left(desk) == []


def test_boundary_is_asked_for(desk: Desk, publisher: Browser) -> None:
    for kind in ("multipart/form-data", f"multipart/form-data; boundary={'x' * 500}"):
        assert send(publisher, FORM, kind).status_code == 400
    assert left(desk) == []


def test_long_file_is_refused_by_its_said_and_by_its_real_length(
    desk: Desk, publisher: Browser
) -> None:
    head = FORM.split(b"email")[0].replace(b"%(token)s", publisher.token.encode())
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    said = {**kind, "Content-Length": str(reader_import.MOST_BYTES * 2)}
    connection = http.client.HTTPConnection(*desk.house.address)
    cookie = {"Cookie": f"{COOKIE}={publisher.secret}"}
    connection.request("POST", READ, body=head, headers={**said, **cookie})
    assert connection.getresponse().status == 413
    connection.close()
    assert not folder(desk).exists()

    def endless():
        yield head
        for _ in range(reader_import.MOST_BYTES // 1_000_000 + 2):
            yield b"x" * 1_000_000

    answer = publisher.client.post(READ, content=endless(), headers=kind)
    assert answer.status_code == 413
    assert "larger than 100 MB" in answer.text
    assert left(desk) == []
