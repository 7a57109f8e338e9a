"""What the tests of the sign-up page share: a good form, posted, and what came of it."""

import re
from datetime import date, timedelta
from html import unescape

from sqlalchemy import func, select

from digest.models import Notice
from digest.tokens import Purpose

FRIDAY = date(2026, 11, 27)
ANNA = "anna@example.org"
BEN = "ben@example.org"
NEW = "nora@example.net"
SCHEDULE = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }\n'
GUARDED = """
[[newsletters]]
slug = "letter"
name = "The Harbour Courier, guarded"
host = "post.neutral.example"
sender = { name = "Friday letter", address = "letter@neutral.example" }
relay = "main"
postal_address = "12 Quay Street, Harbour Town"
public_url = "https://pages.neutral.example"
guarded = true
guarded_names = ["Courier"]
"""
WATCHED = SCHEDULE + (
    '\n[newsletters.signup]\nwatched_providers = ["post.example"]\nadvice = "Go abroad."\n'
)


def stamp_in(page: str) -> str:
    found = re.search(r'name="stamp" value="([^"]+)"', page)
    assert found
    return unescape(found[1])


def fresh_stamp(house) -> str:
    """Open the page and let a moment pass, as people do."""
    stamp = stamp_in(house.client.get("/n/weekly").text)
    house.app.clock.advance(timedelta(seconds=3))
    return stamp


def many_stamps(house) -> list[str]:
    """Return a thousand good stamps, as a thousand visits would bring."""
    signer, now = house.app.signer, house.app.clock.now()
    shown = signer.read_until(Purpose.FORM, fresh_stamp(house), now)
    return [signer.sign_until(Purpose.FORM, shown.public_id, shown.until) for _ in range(1000)]


def post(house, address: str, **fields: str):
    fields = {
        "address": address,
        "stamp": fields.pop("stamp", None) or fresh_stamp(house),
        **fields,
    }
    return house.client.post("/n/weekly", data=fields)


def count(house, table) -> int:
    with house.app.db.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def told(house) -> list[str]:
    """Return the subjects of the letters in the outbox."""
    with house.app.db.read() as session:
        return list(session.scalars(select(Notice.subject).order_by(Notice.id)))
