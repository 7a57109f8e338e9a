"""What is made of what the judges say; the judges themselves are asked by ``make judges``."""

import io

import pytest
from rich.console import Console

from tools.judges.court import JUDGES
from tools.judges.planted import PLANTED, html
from tools.judges.samples import make_samples
from tools.judges.verdicts import Verdict, show, verdict_on_planted, verdicts_on


def test_silence_about_a_sample_is_no_praise() -> None:
    spoken, silent = verdicts_on("markup", ["one", "other"], {"one": []})

    assert spoken.passed
    assert not silent.passed


@pytest.mark.parametrize(
    ("said", "passed"), [(["image-alt, 1 times"], True), (["link-name"], False), ([], False)]
)
def test_planted_fault_must_be_found_by_its_name(said: list[str], passed: bool) -> None:
    assert verdict_on_planted("access", "a picture without alt", said, "image-alt").passed is passed


def test_tables_name_every_fault_and_count() -> None:
    output = io.StringIO()
    verdicts = [
        Verdict("markup", "quiet-letter ru", ("no-dup-id, line 3",)),
        Verdict("spam", "quiet-letter ru", ()),
        Verdict("markup", "an id given twice", (), planted=True),
    ]

    show(verdicts, Console(file=output, width=100))

    assert "no-dup-id, line 3" in output.getvalue()
    assert output.getvalue().endswith("judges: 2 passed, 1 failed\n")


def test_every_judge_has_a_fault_planted_for_it() -> None:
    assert {fault.judge for fault in PLANTED} == set(JUDGES)


def test_fault_that_cannot_be_planted_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to plant"):
        html("no such thing", "")(make_samples()[0])


def test_samples_are_every_look_in_every_language_headlines_and_offline_files() -> None:
    samples = make_samples()

    assert len({sample.name for sample in samples}) == len(samples) == 16
    assert sum(sample.name.endswith("headlines") for sample in samples) == 3
    assert [sample.name for sample in samples if not sample.is_mail] == [
        *("offline file en", "offline file ru", "offline file ar")
    ]


def test_first_sample_is_the_mail_that_faults_are_planted_in() -> None:
    assert make_samples()[0].name == "front-page en"


def test_sample_takes_another_compilers_html_in_place_of_ours() -> None:
    sample = make_samples()[0]
    markers = "".join(part for part in sample.mjml.split("<") if "Zq" in part)

    assert "zoe.marlowe@example.org" in sample.fill(f"<p>{markers}</p>")
