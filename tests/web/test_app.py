"""The web application as a whole: alive, ready, a locked store, no trace of a reader anywhere."""

from datetime import date

import pytest
from sqlalchemy import create_engine, text

from digest.curation.issues import find_issue
from digest.db import Database
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom

ANNA = "anna@example.org"
BEN = "ben@example.org"
NAME = "Zebulon Quimby"


@pytest.mark.parametrize(("method", "body"), [("GET", "ok"), ("HEAD", "")])
@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_fit_instance_is_alive_and_ready(shared_house, path: str, method: str, body: str) -> None:
    answer = shared_house.client.request(method, path)

    assert (answer.status_code, answer.text) == (200, body)


def _older_schema(house) -> None:
    with house.app.db.alter() as connection:
        connection.execute(text("DELETE FROM alembic_version"))


def _lost_table(house) -> None:
    with house.app.db.alter() as connection:
        connection.execute(text("DROP TABLE instance"))


def _other_keys(house) -> None:
    with house.app.db.alter() as connection:
        connection.execute(text("UPDATE instance SET value = '00' WHERE name = 'key_canary'"))


@pytest.mark.parametrize("harm", [_older_schema, _lost_table, _other_keys])
def test_instance_that_is_not_fit_is_not_ready_and_still_alive(house, harm, logged) -> None:
    harm(house)

    answer = house.client.get("/ready")

    assert (answer.status_code, answer.text) == (503, "unfit")
    assert house.client.get("/health").status_code == 200
    assert [line for line in logged if line.startswith("ERROR digest.web.app unfit: ")]


def test_store_that_stays_locked_asks_to_come_again(open_house) -> None:
    with open_house() as house:
        house.newsroom.subscribe(ANNA)
        link = house.leave_link(ANNA)
        house.app.db.close()
        house.app.db = Database(house.app.config.database.url, write_patience=0.2)
        other = create_engine(house.app.config.database.url)
        with other.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            answer = house.client.post(link)
        other.dispose()

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        assert house.client.post(link).status_code == 200


def test_newsletter_that_left_the_configuration_can_still_be_left(open_house) -> None:
    with open_house() as house:
        house.newsroom.subscribe(ANNA)
        link = house.leave_link(ANNA)
    with open_house(more={'slug = "weekly"': 'slug = "monthly"'}) as house:
        page = house.client.get(link)
        answer = house.client.post(link, data={"page": "1"})

        assert (page.status_code, answer.status_code) == (200, 200)
        assert house.state(ANNA) == "unsubscribed"


def _walk(house, run) -> tuple[list[str], list[str]]:
    """Send an issue and follow every link there is, as people and as machines; return pages and
    secrets.
    """
    issue = house.newsroom.ready(date(2026, 11, 27))
    links = [
        link(reader) for reader in (ANNA, BEN) for link in (house.leave_link, house.later_link)
    ]
    tokens = [link.rpartition("/")[2] for link in links]
    run(tick_once(house.app))
    paths = [*links, *(f"{link}x" for link in links), *(f"{link}/?a={ANNA}" for link in links)]
    paths += [
        f"/i/{_issue_id(house.newsroom, issue)}",
        "/own-copy",
        "/health",
        "/ready",
        f"/{ANNA}",
    ]
    answers = [house.client.request(m, p) for p in paths for m in ("GET", "HEAD", "POST", "PUT")]
    answers += [house.client.post(link, data={"page": "1"}) for link in links]
    answers += [house.client.post(link, content=b"x" * 11_000) for link in links]
    seen = [f"{answer.headers} {answer.text}" for answer in answers]
    return seen, [*tokens, *(t[:20] for t in tokens), ANNA, BEN, "example.org", *NAME.split()]


def _issue_id(newsroom: Newsroom, issue: str) -> str:
    with newsroom.app.db.read() as session:
        return find_issue(session, issue).public_id


def test_pages_and_logs_name_no_reader(house, run, logged) -> None:
    seen, secrets = _walk(house, run)

    assert len(seen) > 60
    assert any("issue frozen" in line for line in logged)
    assert not [secret for secret in secrets for text in (*seen, *logged) if secret in text]
