"""An issue in the making, at the command line."""

from datetime import date

import pytest


def picks(line) -> list[str]:
    """Return ``section position article`` of the newest issue's picks."""
    out = line.good("issue", "show", "weekly")
    table = out[out.index("section\t") :].splitlines()[1:] if "section\t" in out else []
    return [" ".join(row.split("\t")[:3]) for row in table]


def test_new_issue_takes_the_next_slot(line) -> None:
    out = line.good("issue", "new", "weekly")

    day = date.fromisoformat(out.removeprefix("weekly/1 is a draft for ").rstrip(".\n"))
    assert day.weekday() == 4
    assert 0 <= (day - date.today()).days <= 7  # noqa: DTZ011 - a day more or less is no matter


@pytest.mark.parametrize("words", [("--extra",), ("--date", "2099-01-01")])
def test_issue_off_the_schedule_says_that_nothing_sends_it(line, words) -> None:
    out = line.good("issue", "new", "weekly", *words)

    assert "Nothing sends it by itself: digest issue schedule weekly/1 sets its moment." in out


def test_issue_on_a_later_slot_needs_no_word(line) -> None:
    assert line.good("issue", "new", "weekly", "--date", "2099-01-02") == (
        "weekly/1 is a draft for 2099-01-02.\n"
    )


def test_picks_are_placed_moved_and_taken_out(drafted) -> None:
    assert picks(drafted) == ["News 1 1", "Opinion 1 2"]

    moved = drafted.good(
        *("issue", "move", "weekly", 2, "--position", 1, "--section", "news"),
    )
    assert moved == "News 1: Rain\n"
    assert picks(drafted) == ["News 1 2", "News 2 1"]

    drafted.good("issue", "move", "weekly/1", 2, "--position", 9)
    assert picks(drafted) == ["News 1 1", "News 2 2"]

    assert drafted.good("issue", "unpick", "weekly", 1) == "Taken out: [Updated] Fog :fog: [/b]\n"
    assert picks(drafted) == ["News 1 2"]


def test_picked_article_is_out_of_the_inbox_until_it_is_unpicked(drafted) -> None:
    assert drafted.good("articles", "list") == ""

    drafted.good("issue", "unpick", "weekly", 2)

    assert "Rain" in drafted.good("articles", "list")


def test_texts_are_set_and_shown(drafted) -> None:
    drafted.good(
        *("issue", "set", "weekly", "preheader=P", "topper=Hi", "topper.signed=Ada"),
        *("quote=Oh", "numbers=38|pages", "appeal=no"),
    )

    out = drafted.good("issue", "show", "weekly")

    for row in (
        "subject    Fog & rain",
        "preheader  P",
        "topper     Hi — Ada",
        "quote      Oh",
        "numbers    38 pages",
        "appeal     left out",
    ):
        assert f"{row}\n" in out


def test_pick_s_words_are_set(drafted) -> None:
    drafted.good("issue", "set", "weekly", "--article", "2", "headline=Rain!", "layout=brief")

    assert "Opinion\t1\t2\tbrief\tRain!" in drafted.good("issue", "show", "weekly")


def test_edit_of_an_approved_issue_says_that_the_approval_is_void(drafted) -> None:
    drafted.good("issue", "approve", "weekly")

    out = drafted.good("issue", "set", "weekly", "subject=Later")

    assert out == "Changed; weekly/1 is a draft; its approval is void.\n"


def test_cancelled_issue_frees_its_slot(drafted) -> None:
    assert drafted.good("issue", "cancel", "weekly") == "weekly/1 is cancelled.\n"
    assert drafted.good("issue", "new", "weekly").startswith("weekly/2 is a draft for ")


def test_list_shows_state_and_subject(drafted) -> None:
    row = drafted.good("issue", "list").splitlines()[1].split("\t")

    assert (row[0], row[2], row[3]) == ("weekly/1", "draft", "Fog & rain")


def test_control_characters_do_not_reach_the_terminal(drafted) -> None:
    drafted.good("issue", "set", "weekly", "topper=\x1b[31mred\x07")

    assert "\x1b" not in drafted.good("issue", "show", "weekly")
