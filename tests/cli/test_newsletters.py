"""The look and the fixed words of a newsletter, at the command line."""

import pytest


def shown(line) -> dict[str, str]:
    """Return the fields as the table shows them."""
    rows = line.good("newsletters", "show", "weekly").splitlines()[1:]
    return dict(row.split("\t") for row in rows)


def test_look_is_shown_and_changed(line) -> None:
    assert shown(line)["look"] == "front-page"

    line.good(
        *("newsletters", "set", "weekly", "look=quiet-letter", "typeface=sans"),
        *("accent=#0B5394", "tagline=The week by hand"),
        "logo=https://courier.example/n.png|300|48",
    )

    found = shown(line)
    assert (found["look"], found["typeface"], found["accent"]) == (
        *("quiet-letter", "sans", "#0b5394"),
    )
    assert (found["logo.width"], found["tagline"]) == ("300", "The week by hand")


def test_a_field_without_a_value_is_emptied(line) -> None:
    line.good("newsletters", "set", "weekly", "logo=https://courier.example/n.png|300|48")

    line.good("newsletters", "set", "weekly", "logo=", "look=")

    assert (shown(line)["logo"], shown(line)["look"]) == ("-", "front-page")


def test_appeal_is_changed_by_parts(line) -> None:
    site = "https://courier.example/give"
    line.good(
        *("newsletters", "set", "weekly", "appeal.heading=Keep us", "appeal.text=You can."),
        *(f"appeal.{how}={how}|{site}/{how}" for how in ("once", "monthly", "annual")),
    )

    assert shown(line)["appeal.monthly"] == f'["monthly", "{site}/monthly"]'


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (
            "look=gaudy",
            "weekly: look: Input should be 'front-page'",
        ),
        ("accent=#ffff00", "accent #ffff00: contrast 1.1 on white; to be read it needs 4.5"),
        ("shoes=38", "weekly: shoes: this key is unknown"),
        ("look", "'look': write field=value"),
        ("logo=https://courier.example/n.png", "logo: write URL|width|height"),
        ("sections=A", "sections are not part of the furniture"),
        ("appeal.heading=Keep us", "weekly: appeal.text: this key is missing"),
    ],
)
def test_what_cannot_be_is_one_clear_line(line, field: str, said: str) -> None:
    before = shown(line)

    result = line("newsletters", "set", "weekly", field)

    assert result.status == 1
    assert said in result.err
    assert shown(line) == before
