"""A folder is brought up to date: nothing is written twice, and what is not ours stays."""

import json
from pathlib import Path

import pytest

from digest.errors import BadInput, Refused
from digest.web.archive.folder import MANIFEST, Folder


def fill(path: Path, files: dict[str, bytes], owner: str = "weekly") -> tuple[list[str], list[str]]:
    """Bring a folder to these files; return what was written and what was removed."""
    folder = Folder(path, owner)
    folder.claim(files)
    written = [name for name, content in files.items() if folder.put(name, content)]
    return written, folder.finish()


def stamps(path: Path) -> dict[str, tuple[int, int]]:
    """Return by file what changes when it is written."""
    return {
        str(file.relative_to(path)): (file.stat().st_ino, file.stat().st_mtime_ns)
        for file in path.rglob("*")
        if file.is_file()
    }


def test_files_are_written_once(tmp_path) -> None:
    files = {"index.html": b"a", "1/index.html": b"b"}
    fill(tmp_path / "out", files)
    before = stamps(tmp_path / "out")

    assert fill(tmp_path / "out", files) == ([], [])
    assert stamps(tmp_path / "out") == before


def test_what_changed_is_written_and_what_is_gone_removed_with_its_folder(tmp_path) -> None:
    fill(tmp_path, {"index.html": b"a", "1/index.html": b"b", "2/index.html": b"c"})

    done = fill(tmp_path, {"index.html": b"new", "1/index.html": b"b"})

    assert done == (["index.html"], ["2/index.html"])
    assert (tmp_path / "index.html").read_bytes() == b"new"
    assert not (tmp_path / "2").exists()


def test_files_of_others_stay(tmp_path) -> None:
    fill(tmp_path, {"1/index.html": b"a"})
    (tmp_path / "1" / "notes.txt").write_text("mine")
    (tmp_path / "robots.txt").write_text("mine")

    fill(tmp_path, {"index.html": b"b"})

    assert sorted(stamps(tmp_path)) == sorted([MANIFEST, "1/notes.txt", "index.html", "robots.txt"])


def test_gone_file_that_somebody_changed_stays(tmp_path) -> None:
    fill(tmp_path, {"1/index.html": b"a"})
    (tmp_path / "1" / "index.html").write_text("mine")

    assert fill(tmp_path, {"index.html": b"b"})[1] == []
    assert (tmp_path / "1" / "index.html").read_text() == "mine"


def test_folder_with_a_page_of_somebody_else_is_refused_untouched(tmp_path) -> None:
    (tmp_path / "index.html").write_text("mine")

    with pytest.raises(Refused, match="is there already"):
        fill(tmp_path, {"1/index.html": b"a", "index.html": b"b"})

    assert list(stamps(tmp_path)) == ["index.html"]
    assert (tmp_path / "index.html").read_text() == "mine"


def test_run_that_was_cut_short_is_taken_up(tmp_path) -> None:
    short = Folder(tmp_path, "weekly")
    short.claim(["index.html", "1/index.html", "2/index.html"])
    short.put("1/index.html", b"a")
    short.put("2/index.html", b"gone")
    (tmp_path / "1" / ".index.html.part").write_bytes(b"half")

    done = fill(tmp_path, {"1/index.html": b"a", "index.html": b"b"})

    assert done == (["index.html"], ["2/index.html"])
    assert sorted(stamps(tmp_path)) == [MANIFEST, "1/index.html", "index.html"]


def test_folder_of_another_newsletter_is_refused(tmp_path) -> None:
    fill(tmp_path, {"index.html": b"a"}, owner="monthly")

    with pytest.raises(Refused, match="'monthly'"):
        Folder(tmp_path, "weekly")


@pytest.mark.parametrize("written", ["", "[]", "{}", '{"newsletter": "weekly", "files": 3}'])
def test_manifest_that_cannot_be_read_is_named(tmp_path, written: str) -> None:
    (tmp_path / MANIFEST).write_text(written)

    with pytest.raises(BadInput, match=MANIFEST):
        Folder(tmp_path, "weekly")


def test_manifest_of_another_form_is_refused(tmp_path) -> None:
    (tmp_path / MANIFEST).write_text('{"form": 9, "newsletter": "weekly", "files": {}}')

    with pytest.raises(BadInput, match="another version"):
        Folder(tmp_path, "weekly")


@pytest.mark.parametrize("name", ["../kept.html", "/kept.html", "1/../../kept.html", "notes.txt"])
def test_manifest_removes_nothing_that_this_program_would_not_write(tmp_path, name: str) -> None:
    out = tmp_path / "out"
    fill(out, {"index.html": b"a"})
    for path in (tmp_path / "kept.html", out / "notes.txt"):
        path.write_text("kept")
    manifest = json.loads((out / MANIFEST).read_text())
    manifest["files"][name] = ""
    (out / MANIFEST).write_text(json.dumps(manifest))

    assert fill(out, {"index.html": b"a"}) == ([], [])
    assert (tmp_path / "kept.html").exists()
    assert (out / "notes.txt").exists()
