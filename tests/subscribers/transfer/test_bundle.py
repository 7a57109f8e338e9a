"""Which files of an export belong together is found out; what could be two things is asked."""

import json
import zipfile
from pathlib import Path

import pytest

from digest.errors import BadInput
from digest.subscribers.transfer.bundle import Asked, Bundle, open_bundle
from digest.subscribers.transfer.fates import Fate

SAMPLES = Path(__file__).parent / "samples"
PLAIN = "email\nanna@example.org\n"


def names(bundle: Bundle) -> list[str]:
    return [part.place.name.partition("_")[0] for part in bundle.source.parts]


def copied(sample: str, into: Path) -> None:
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_bytes((SAMPLES / sample).read_bytes())


def test_three_files_of_one_audience_are_one_import() -> None:
    bundle = open_bundle(SAMPLES / "mailchimp", Asked())

    assert names(bundle) == ["cleaned", "subscribed", "unsubscribed"]
    assert "other files in it that are not read: 1" in bundle.notes


def test_zip_of_a_folder_is_the_same_import_as_the_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        for path in sorted((SAMPLES / "mailchimp").iterdir()):
            archive.write(path, f"lists/{path.name}")

    packed = open_bundle(tmp_path / "e.zip", Asked())

    assert packed.digest == open_bundle(SAMPLES / "mailchimp", Asked()).digest


def test_files_of_one_audience_share_the_rest_of_their_names(tmp_path: Path) -> None:
    for path in (SAMPLES / "mailchimp").iterdir():
        name = path.name.replace("_members_export_", "_email_audience_export_")
        copied(f"mailchimp/{path.name}", tmp_path / name)

    assert len(open_bundle(tmp_path, Asked()).source.parts) == 3


def test_several_audiences_are_a_question(tmp_path: Path) -> None:
    for audience in ("weekly", "daily"):
        for path in (SAMPLES / "mailchimp").iterdir():
            copied(f"mailchimp/{path.name}", tmp_path / audience / path.name)

    with pytest.raises(BadInput, match=r"several lists: .*daily.*weekly.*Bring one at a time"):
        open_bundle(tmp_path, Asked())


def test_lists_of_two_systems_are_a_question_that_from_answers(tmp_path: Path) -> None:
    copied("substack.csv", tmp_path / "email_list.paper.csv")
    copied("ghost.csv", tmp_path / "members.csv")
    with pytest.raises(BadInput, match="lists of ghost and substack: say --from"):
        open_bundle(tmp_path, Asked())

    assert open_bundle(tmp_path, Asked("ghost")).title == "Ghost"


def test_list_inside_an_export_full_of_other_files_is_found(tmp_path: Path) -> None:
    copied("substack.csv", tmp_path / "email_list.paper.csv")
    (tmp_path / "posts.csv").write_text("post_id,post_date,title\n1,2026-01-01,One\n")
    (tmp_path / "1.opens.csv").write_text("post_id,timestamp,email\n1,2026-01-01,eva@example.org\n")

    assert names(open_bundle(tmp_path, Asked())) == ["email"]


def test_damaged_list_of_people_who_left_is_not_passed_over(tmp_path: Path) -> None:
    for path in (SAMPLES / "mailchimp").iterdir():
        copied(f"mailchimp/{path.name}", tmp_path / path.name)
    (damaged,) = tmp_path.glob("unsubscribed*")
    damaged.write_bytes(damaged.read_bytes() + "Žanna Ķirse\n".encode() + b"\xff\n")

    with pytest.raises(BadInput, match=r"unsubscribed.*: row 6: damaged text"):
        open_bundle(tmp_path, Asked())


def test_several_plain_lists_are_a_question(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(PLAIN)

    with pytest.raises(BadInput, match=r"several lists: .*a\.csv, .*b\.csv"):
        open_bundle(tmp_path, Asked())


def test_file_names_of_listmonk_answer_the_question(tmp_path: Path) -> None:
    for name in ("confirmed.csv", "unsubscribed.csv"):
        copied("listmonk.csv", tmp_path / name)
    bundle = open_bundle(tmp_path, Asked())

    fates = [part.meaning.everybody for part in bundle.source.parts]
    assert fates == [Fate.ACTIVE, Fate.LEFT]


@pytest.mark.parametrize(
    "asked", [Asked(only_leaves=True), Asked(status="confirmed"), Asked("csv")]
)
def test_one_file_read_in_another_way_is_another_import(tmp_path: Path, asked: Asked) -> None:
    path = tmp_path / "r.csv"
    path.write_text(PLAIN)

    assert open_bundle(path, asked).digest != open_bundle(path, Asked()).digest


@pytest.mark.parametrize("asked", [Asked("mailjet"), Asked(status="happy")])
def test_unknown_words_are_refused_with_the_known_ones(tmp_path: Path, asked: Asked) -> None:
    with pytest.raises(BadInput, match="known are"):
        open_bundle(tmp_path, asked)


def test_altered_wording_is_refused(tmp_path: Path) -> None:
    header = "email,status,edition,paused_until,consent\n"
    (tmp_path / "subscribers-weekly.csv").write_text(header)
    (tmp_path / "consent-texts.json").write_text(json.dumps({"0" * 64: "You may sell my data."}))

    with pytest.raises(BadInput, match="a wording was altered"):
        open_bundle(tmp_path, Asked(slug="weekly"))


def test_our_own_folder_without_that_newsletter_is_a_question(tmp_path: Path) -> None:
    header = "email,status,edition,paused_until,consent\n"
    for slug in ("weekly", "daily"):
        (tmp_path / f"subscribers-{slug}.csv").write_text(header)

    with pytest.raises(BadInput, match=r"subscribers-monthly\.csv is not in it"):
        open_bundle(tmp_path, Asked(slug="monthly"))
