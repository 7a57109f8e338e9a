"""What became of an article, judged from two readings of its page; and what a page says of
itself.
"""

from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter

import pytest

from digest.curation.drift import Drift, Kind, Seen, accept, accept_headline, begin_watch, compare
from digest.curation.page_marks import read_marks

URL = "https://courier.example/fog"
PAGE = Seen("Fog closes the harbour", URL, "digest", ("Correction: it was Monday.",))
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def kinds(then: Seen, now: Seen) -> list[Kind]:
    return [each.kind for each in compare(then, now)]


def test_page_as_it_was_has_not_drifted() -> None:
    assert compare(PAGE, PAGE) == []
    assert compare(PAGE, replace(PAGE, title="FOG closes the harbour.")) == []
    assert compare(PAGE, replace(PAGE, url="http://www.courier.example/fog/?utm_source=x")) == []
    assert compare(PAGE, replace(PAGE, text_digest="advertisements change")) == []


def test_each_drift_is_told() -> None:
    later = "2026-11-25T10:00:00+00:00"
    assert kinds(PAGE, Seen(gone="404")) == [Kind.GONE]
    assert kinds(PAGE, Seen(unreached="no answer")) == [Kind.UNREACHED]
    assert kinds(PAGE, Seen(unreadable="a picture")) == [Kind.UNREADABLE]
    assert kinds(PAGE, replace(PAGE, url="https://courier.example/")) == [Kind.MOVED]
    assert kinds(PAGE, replace(PAGE, embargo="until Friday")) == [Kind.EMBARGO]
    assert kinds(PAGE, replace(PAGE, text_digest="new", modified=later)) == [Kind.REVISED]
    marks = (*PAGE.marks, "Correction: it was Tuesday.")
    assert compare(PAGE, replace(PAGE, marks=marks)) == [
        Drift(Kind.CORRECTION, now="Correction: it was Tuesday.")
    ]
    one_more_dead = replace(PAGE, title="Fog closes the harbours")
    assert compare(PAGE, one_more_dead) == [
        Drift(Kind.HEADLINE, "Fog closes the harbour", "Fog closes the harbours")
    ]


def test_corrected_page_says_so_once() -> None:
    changed = replace(PAGE, marks=("Update: more.",), text_digest="new", modified="2026-11-25")
    assert kinds(PAGE, changed) == [Kind.CORRECTION]


def test_worst_comes_first() -> None:
    now = replace(PAGE, title="Another", url="https://courier.example/", embargo="until Friday")
    assert kinds(PAGE, now) == [Kind.EMBARGO, Kind.HEADLINE, Kind.MOVED]


@pytest.mark.parametrize(
    ("title", "same"),
    [
        ("Fog closes the harbour", True),
        ("Fog closes the harbour | The Courier", True),
        ("Sun over the harbour", False),
    ],
)
def test_first_reading_is_compared_with_what_was_picked(title: str, same: bool) -> None:
    first = replace(PAGE, title=title, url=URL)
    then = begin_watch("Fog closes the harbour", URL, first)

    assert (compare(then, first) == []) is same


def test_embargo_at_the_first_reading_is_drift_and_old_corrections_are_not() -> None:
    first = replace(PAGE, embargo="Embargoed until Friday")
    assert kinds(begin_watch(PAGE.title, URL, first), first) == [Kind.EMBARGO]


def test_present_is_what_counts_once_accepted() -> None:
    now = replace(PAGE, title="Another", embargo="until Friday", marks=("Update: x",))
    assert compare(accept(PAGE, now), now) == []
    away = Seen(unreached="403")
    assert compare(accept(PAGE, away), away) == []
    assert kinds(accept(PAGE, away), Seen(gone="404")) == [Kind.GONE]


def test_taking_the_headline_accepts_nothing_else() -> None:
    now = replace(PAGE, title="Another", marks=("Update: x",))
    assert kinds(accept_headline(PAGE, now), now) == [Kind.CORRECTION]


def test_values_survive_being_kept() -> None:
    assert Seen.from_json(PAGE.to_json()) == PAGE
    drift = Drift(Kind.MOVED, "a", "b")
    assert Drift.from_json(drift.to_json()) == drift


def page(body: str, head: str = "") -> str:
    return f"<html><head><title>T</title>{head}</head><body><article>{body}</article></body></html>"


@pytest.mark.parametrize(
    "line",
    [
        "Correction: It was Monday.",
        "Corrections (27 November 2026): two names were wrong.",
        "Editor’s note: this story was changed.",
        "Update, 14:30: the ferry sails again.",
        "Updated 27 November 2026, 10:15",
        "This article was amended on 27 November 2026.",
        "Berichtigung: Es war Montag.",
        "Korrektur vom 27. November: Es war Montag.",
        "Anm. der Red.: Der Text wurde geändert.",
        "اصلاحیه: رقم درست دوازده است.",
        "به‌روزرسانی: کشتی حرکت کرد.",
        "تصحيح: الرقم الصحيح اثنا عشر.",
    ],
)
@pytest.mark.parametrize("box", ["<p>{}</p>", "<div>{}</div>", "<aside><em>{}</em></aside>"])
def test_correction_is_found_in_its_language(line: str, box: str) -> None:
    assert read_marks(page("<p>Fog.</p>" + box.format(line))).marks == (line,)


@pytest.mark.parametrize(
    "line",
    [
        "Update on the harbour: three ships",
        "Updates: nothing new",
        "Corrections officers strike: why they do",
        "He asked for a correction: it never came.",
    ],
)
def test_words_like_these_are_no_correction(line: str) -> None:
    assert read_marks(page(f"<p>{line}</p>")).marks == ()


def test_word_set_apart_and_linked_data_are_found() -> None:
    boxed = "<div><strong>Correction:</strong> It was Monday.</div>"
    data = (
        '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "T", '
        '"dateModified": "2026-11-25T10:00:00Z", "correction": '
        '{"text": "Two, not three."}}</script>'
    )
    marks = read_marks(page(boxed, data))

    assert marks.marks == ("Two, not three.", "Correction: It was Monday.")
    assert marks.modified == datetime(2026, 11, 25, 10, tzinfo=UTC)


def test_text_is_that_of_the_article_alone() -> None:
    one = read_marks(page("<p>Fog.</p>") + "<p>Most read: A</p>")
    other = read_marks(page("<p>Fog.</p>") + "<p>Most read: B</p>")
    changed = read_marks(page("<p>Thick fog.</p>"))

    assert one.text_digest == other.text_digest != changed.text_digest


@pytest.mark.parametrize(
    ("line", "held"),
    [
        ("EMBARGOED UNTIL 27 November, 07:00", True),
        ("Sperrfrist: Freitag, 7 Uhr", True),
        ("The embargo on oil hits the port", False),
    ],
)
def test_embargo_is_read_from_the_top_of_a_page(line: str, held: bool) -> None:
    assert bool(read_marks(page(f"<p>{line}</p>")).embargo_at(NOW)) is held


def test_page_of_the_future_is_held_until_then() -> None:
    marks = read_marks(page("", '<meta property="article:published_time" content="2026-11-26">'))

    assert marks.embargo_at(NOW) == "dated 2026-11-26 00:00 UTC"
    assert marks.embargo_at(datetime(2026, 11, 26, tzinfo=UTC)) == ""


@pytest.mark.parametrize(
    "text",
    [
        *("", "\0", "<", "<div>a" * 250 + "x" * 500_000, "<div>a<p>b" * 20_000),
        # Made to be read once for each box around it: minutes, each of them.
        *("<article>a" * 200 + "<p>b" * 100_000, "<div>a" * 200 + "<i></i>" * 50_000),
    ],
)
def test_any_page_is_read_in_little_time(text: str) -> None:
    started = perf_counter()
    read_marks(text)

    assert perf_counter() - started < 5
