"""The sample subscribers: many, varied, always the same, out of reach of any real mailbox."""

import csv
from pathlib import Path
from zoneinfo import ZoneInfo

from email_validator import validate_email

from digest.demo.people import sample_people, write_people_csv

RESERVED = (".example", "example.org", "example.net", "example.com")


def test_people_are_two_hundred_with_addresses_of_their_own() -> None:
    assert len({person.email.lower() for person in sample_people()}) == 200


def test_people_are_the_same_every_time() -> None:
    assert sample_people() == sample_people()


def test_people_have_valid_addresses_at_reserved_domains_only() -> None:
    for person in sample_people():
        local, _, domain = person.email.partition("@")

        assert local.isascii()
        assert domain in RESERVED or domain.endswith(tuple(f".{d.lstrip('.')}" for d in RESERVED))
        validate_email(person.email, check_deliverability=False, strict=True)


def test_people_include_tags_and_domains_beyond_ascii() -> None:
    emails = [person.email for person in sample_people()]

    assert sum("+" in email for email in emails) >= 2
    assert sum(not email.isascii() for email in emails) == 2


def test_people_speak_many_languages_in_many_zones() -> None:
    people = sample_people()

    assert len({person.language for person in people}) >= 11
    assert len({ZoneInfo(person.timezone).key for person in people}) >= 10


def test_people_leave_their_name_out_now_and_then() -> None:
    nameless = sum(not person.name for person in sample_people())

    assert 20 <= nameless <= 40


def test_people_csv_holds_every_row(tmp_path: Path) -> None:
    write_people_csv(tmp_path / "people.csv")
    with (tmp_path / "people.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert [row["email"] for row in rows] == [person.email for person in sample_people()]
    assert list(rows[0]) == ["email", "name", "language", "timezone"]
