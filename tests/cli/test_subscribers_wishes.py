"""Why people left, and the link to one's settings, at the command line."""

import sqlite3

ANNA = "anna@example.org"


def test_reasons_are_shown_by_month(line) -> None:
    line.good("subscribers", "add", ANNA)
    assert line.good("subscribers", "reasons") == ""
    with sqlite3.connect(line.folder / "digest.db") as connection:
        connection.execute("INSERT INTO leave_counts VALUES (1, '2026-11-01', 'too-much', 7)")

    shown = line.good("subscribers", "reasons")

    assert "2026-11" in shown
    assert "too-much" in shown
    assert "7" in shown


def test_link_to_the_settings_is_mailed_and_not_shown(line) -> None:
    line.good("subscribers", "add", ANNA)

    said = line.good("subscribers", "settings", ANNA)

    assert said == "The scheduler mails the link within seconds.\n"
    with sqlite3.connect(line.folder / "digest.db") as connection:
        rows = connection.execute("SELECT kind, origin FROM reader_requests").fetchall()
    assert rows == [("settings", "command line")]


def test_settings_of_nobody_are_refused(line) -> None:
    assert line.bad("subscribers", "settings", ANNA) == "nobody with this address is known"
