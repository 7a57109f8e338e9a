"""Group 14: mirrors, as the approved copies have them, as configured now, and as they answer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from digest.mirrors import PAGES, Mirrored
from digest.press.preflight.checks import CHECKS, ONLINE
from digest.press.preflight.material import Answer, ArticleFacts, Material
from tests.press.preflight.conftest import GOOD, GUARDED, NEWSLETTER, SITE
from tests.press.preflight.test_checks import CASES
from tests.press.preflight.test_watch_checks import WATCHED

HOST = SITE.removeprefix("https://")
M1, M2 = "https://m1.example", "https://m2.example/courier"
ARTICLES = Mirrored(HOST, (M1, M2, SITE))
OURS = {"mirror-insecure", "mirror-same", "mirror-unlisted", "mirror-none", "mirror-down"}
# Neutral names for a guarded newsletter's reader pages.
PAGES_LISTED = Mirrored(PAGES, ("https://p1.example", "https://p2.example"))


def lay(table: Any, *mirrors: Mirrored, config: Any = None, **known: Any) -> Material:
    """Return an issue approved with these mirrors; `config` lists others."""
    listed = config if config is not None else {HOST: [M1, M2]}
    rows = [{"of": of, "at": at} for of, at in listed.items()]
    view = known.pop("view", GOOD)
    return table.lay(
        replace(view, mirrors=mirrors or (ARTICLES,)),
        newsletter={**known.pop("newsletter", NEWSLETTER), "mirrors": rows},
        **known,
    )


def found(table: Any, material: Material, check: str) -> list[str]:
    return [one.message for one in table.judge(material).findings if one.check == check]


def answers(material: Material, **changed: Answer) -> dict[str, Answer]:
    """Return right answers from all, but for those of the hosts changed."""
    title = material.picks[0].headline
    return {
        url: next((a for host, a in changed.items() if f"//{host}." in url), Answer(title=title))
        for url in material.asked_for()
    }


def test_every_check_has_its_mail() -> None:
    assert {case.check for case in CASES} | {"type-small"} | OURS | WATCHED == set(CHECKS)


def test_mirror_down_is_found_online_only() -> None:
    assert {"mirror-down"} == OURS & ONLINE


def test_issue_with_mirrors_has_nothing_to_find(table: Any) -> None:
    assert table.ids(lay(table)) == set()


def test_links_are_judged_as_copies_have_them(table: Any) -> None:
    material = lay(table)

    assert {url.split("/")[2] for url in material.web_links()} == {"m1.example"}
    assert material.headline_of(material.picks[0].url) == GOOD.lead.headline  # type: ignore[union-attr]
    assert material.original_of(material.picks[0].url) == GOOD.lead.url  # type: ignore[union-attr]


def test_insecure_mirror_blocks(table: Any) -> None:
    http = Mirrored(HOST, (M1, "http://127.0.0.1:8000"))

    assert found(table, lay(table, http), "mirror-insecure") == [
        f"the mirror http://127.0.0.1:8000 of {HOST} must be https://"
    ]
    assert table.judge(lay(table, http)).blocking


@pytest.mark.parametrize(
    ("config", "count"),
    [
        ({HOST: [SITE, M1]}, 1),
        ({HOST: [f"https://www.{HOST}/x"]}, 1),
        ({HOST: [M1]}, 0),
        ({"pages": [SITE]}, 1),
        ({"pages": [f"{SITE}/letters"]}, 0),
    ],
)
def test_mirror_that_is_the_original_warns(table: Any, config: Any, count: int) -> None:
    material = lay(table, config=config, newsletter={**NEWSLETTER, "public_url": SITE})

    assert len(found(table, material, "mirror-same")) == count


def test_mirror_that_came_after_approval_warns(table: Any) -> None:
    assert found(table, lay(table, config={HOST: [M2, M1]}), "mirror-unlisted") == []
    assert found(
        table, lay(table, config={HOST: [M1, "https://m3.example"]}), "mirror-unlisted"
    ) == [f"https://m3.example of {HOST} is new: approve again to have it used"]


def test_host_without_a_mirror_is_noted_once(table: Any) -> None:
    other = [table.pick(number, f"Elsewhere {number}") for number in (8, 9)]
    other = [replace(pick, url=pick.url.replace(HOST, "agency.example")) for pick in other]
    view = table.more(*other)

    assert found(table, lay(table, view=view), "mirror-none") == [
        "agency.example has no mirror: who cannot open it cannot read on"
    ]
    assert found(table, table.lay(view), "mirror-none") == []


def test_article_of_a_mirrored_host_is_still_the_paper_s_own(table: Any) -> None:
    assert found(table, lay(table), "article-elsewhere") == []


def test_guarded_copy_may_pick_from_the_paper_s_host_by_way_of_a_mirror(table: Any) -> None:
    listed = Mirrored("harbour.example", (M1, "https://m2.example"))
    lead = replace(GOOD.lead, url="https://harbour.example/strike", picture=None)  # type: ignore[type-var]
    view = replace(GOOD, guarded=True, lead=lead)

    def judged(*mirrors: Mirrored) -> list[str]:
        material = table.lay(replace(view, mirrors=mirrors), newsletter=GUARDED)
        return found(table, material, "guarded-link")

    assert judged(listed) == []
    assert "list a mirror" in "".join(judged())
    assert judged(Mirrored("harbour.example", ("https://harbour.example",))) != []


def test_reader_pages_are_looked_for_at_their_mirror(table: Any) -> None:
    material = lay(table, PAGES_LISTED, config={"pages": list(PAGES_LISTED.at)})

    assert material.reader_pages == "https://p1.example"
    assert table.ids(material) == {"mirror-unlisted"}  # the original came with this table's rules
    assert not [url for url in material.asked_for() if "p1.example" in url or "p2.example" in url]


def test_each_mirror_is_asked_for_one_article(table: Any) -> None:
    material = lay(table)

    path = GOOD.lead.url.removeprefix(SITE)  # type: ignore[union-attr]
    assert [trial.url for trial in material.trials] == [f"{M1}{path}", f"{M2}{path}"]
    assert set(material.asked_for()) >= {f"{M2}{path}"}


Change = Callable[[str], Answer]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(404, "HTTP status 404"), "HTTP status 404"),
        (Answer(0, "no connection"), "no connection"),
        (Answer(title="Welcome to nginx"), "its page says 'Welcome to nginx'"),
        (Answer(), "its page has no title"),
    ],
)
def test_mirror_without_the_article_warns(table: Any, answer: Answer, said: str) -> None:
    material = lay(table)

    asked = replace(material, answers=answers(material, m2=answer))

    assert found(table, asked, "mirror-down") == [f"{M2} of {HOST}: {said}"]
    assert "link-dead" not in table.ids(asked)  # nobody is led there yet


def test_first_mirror_without_the_article_blocks_as_any_dead_link(table: Any) -> None:
    material = lay(table)

    asked = replace(material, answers=answers(material, m1=Answer(404, "HTTP status 404")))

    assert {"mirror-down", "link-dead"} <= table.ids(asked)


def test_mirror_with_the_article_under_its_own_title_is_fine(table: Any) -> None:
    material = lay(table)
    pick = material.picks[0]
    facts = ArticleFacts(material.original_of(pick.url), "", "Strike at the docks is over", None)
    right = {url: Answer(title=facts.title) for url in material.asked_for()}

    asked = replace(material, answers=right, articles={pick.url: facts})

    assert found(table, asked, "mirror-down") == []


def test_mirror_that_names_the_original_s_address_is_no_drift(table: Any) -> None:
    material = lay(table)
    pick = material.picks[0]
    at_home = Answer(title=pick.headline, url=material.original_of(pick.url))

    asked = replace(material, answers={pick.url: at_home})

    assert found(table, asked, "drift-address") == []


def test_nobody_asked_says_nothing(table: Any) -> None:
    assert found(table, lay(table), "mirror-down") == []
