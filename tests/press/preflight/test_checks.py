"""Every check: an issue that trips it and no other, and one just short of that."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from digest.press.preflight.material import Answer, ArticleFacts, EarlierPick, SpamScore
from digest.press.preflight.rules import Rules
from digest.rendering.view import QuoteView, TopperView

Lay = Callable[[Any], Any]


class Case(NamedTuple):
    """A check, an issue that it stops at, one that it lets pass, and what else the first trips."""

    check: str
    bad: Lay
    good: Lay
    also: frozenset[str] = frozenset()


def of(check: str, bad: Lay, good: Lay, *also: str) -> Case:
    return Case(check, bad, good, frozenset(also))


def clean(t: Any) -> Any:
    """Lay out an issue with nothing to find."""
    return t.lay()


def before_the_end(html: str) -> Lay:
    """Write something into the body."""
    return lambda t: t.lay(html=lambda s: s.replace("</body>", f"{html}</body>"))


def in_style(css: str) -> Lay:
    """Write something into the style sheets."""
    return lambda t: t.lay(html=lambda s: s.replace("</head>", f"<style>{css}</style></head>"))


def swapped(old: str, new: str) -> Lay:
    """Change the HTML."""
    return lambda t: t.lay(html=lambda s: s.replace(old, new))


def text_swapped(old: str, new: str) -> Lay:
    """Change the text part."""
    return lambda t: t.lay(text=lambda s: s.replace(old, new))


def both_swapped(old: str, new: str) -> Lay:
    """Change both parts."""

    def change(text: str) -> str:
        return text.replace(old, new)

    return lambda t: t.lay(html=change, text=change)


def header_swapped(old: str, new: str) -> Lay:
    """Change the copy's headers."""
    return lambda t: t.lay(message=lambda s: s.replace(old, new))


def link(url: str, words: str = "a rota") -> Lay:
    """Write a link into the body."""
    return before_the_end(f'<p style="color:#000000"><a href="{url}">{words}</a></p>')


def guarded_at(url: str) -> Lay:
    """Lay out a guarded issue whose lead is at that address."""
    return lambda t: t.guarded(lead=replace(t.view().lead, picture=None, url=url))


def image(attributes: str) -> Lay:
    return before_the_end(f"<img {attributes}>")


def facts(t: Any, days: int, title: str = "Dockers go back with what they asked for") -> Any:
    """Return what is known of the lead: published so many days before the issue."""
    at = t.now + timedelta(days=1 - days)
    return {f"{t.site}/1": ArticleFacts(f"{t.site}/1", f"{t.site}/1", title, at)}


def answers(t: Any, path: str = "/1", **answer: Any) -> Any:
    return {f"{t.site}{path}": Answer(**answer)}


def ran(t: Any, headline: str, path: str) -> list[EarlierPick]:
    day = t.now.date() - timedelta(days=13)
    return [EarlierPick(45, day, headline, f"{t.site}{path}")]


CASES = [
    # 1. what the compile left behind
    of("leftover", before_the_end("{{ weather }}"), before_the_end("<i>{weather}</i>")),
    of("leftover", before_the_end("<p>None</p>"), before_the_end("<p>None of it</p>")),
    of("leftover", text_swapped("City hall", "City hall\n<mj-text"), text_swapped("x", "x")),
    of("slot-missing", lambda t: without_slot(t, "address"), lambda t: t.guarded()),
    # 2. size
    of("html-too-large", lambda t: padded(t, 100_000), lambda t: padded(t, 79_999)),
    of("html-large", lambda t: padded(t, 80_000), lambda t: padded(t, 79_999)),
    of("html-large", lambda t: padded(t, 99_999), clean),
    of(
        "style-too-large",
        in_style("/*" + "x" * 16_000 + "*/"),
        in_style("p{margin:0}"),
        "text-thin",
    ),
    of("style-large", in_style("/*" + "x" * 12_000 + "*/"), in_style("p{margin:0}")),
    of(
        "style-nested",
        in_style("@media (max-width:1px){@media (max-width:2px){p{margin:0}}}"),
        in_style("@media (max-width:1px){p{margin:0}} @media (max-width:2px){p{margin:0}}"),
    ),
    # 3. leaving
    of("unsubscribe-link", lambda t: without_slot(t, "unsubscribe_url"), clean, "slot-missing"),
    of("unsubscribe-header", header_swapped("List-Unsubscribe:", "X-No:"), clean),
    of("unsubscribe-header", header_swapped("-Post: List", "-Post: Off"), clean),
    of("postal-address", both_swapped("Quay Street", "Quai"), clean),
    of(
        "postal-address",
        text_swapped("Quay Street", "Quai"),
        text_swapped("Quay Street", "Quay\nStreet"),
    ),
    of("why", both_swapped("because you signed up", "as you wished"), lambda t: t.guarded()),
    # 4. links
    of("link-empty", link(""), link("https://courier.example/rota")),
    of("link-empty", link("#"), link("https://courier.example/rota#top")),
    of("link-scheme", link("javascript:alert(1)"), link("tel:+441234")),
    of("link-scheme", link("/rota"), link("mailto:desk@courier.example")),
    of(
        "link-scheme",
        image('src="data:image/png;base64,AA" alt="A" width="9"'),
        image('src="cid:1@courier.example" alt="A" width="9"'),
    ),
    *(
        of("link-private", link(f"https://{host}/"), link("https://8.8.8.8.nip.example/"))
        for host in ("localhost", "10.0.0.7", "[::1]", "desk.local", "intranet", "127.1", "cms.lan")
    ),
    of("link-address", link("https://8.8.8.8/"), link("https://dns.example/")),
    of("link-shortener", link("https://bit.ly/3x"), link("https://orbit.ly.example/3x")),
    of("link-shortener", link("https://www.t.co/3x"), link("https://not-t.co/3x")),
    of("link-not-https", link("http://courier.example/rota"), link("https://courier.example/r")),
    of("link-crowd", lambda t: crowd(t, 40), lambda t: crowd(t, 20)),
    of("link-words", link("https://courier.example/r", "Read more …"), link("https://c.example/r")),
    of("link-words", link("https://c.example/r", "HERE"), link("https://c.example/r", "Here lies")),
    of(
        "link-two-titles",
        lambda t: t.lay(t.more(t.pick(2, "Landlords of the hill named at last"))),
        lambda t: t.lay(t.more(t.pick(5, "Landlords of the hill named at last"))),
        "article-twice",
    ),
    # 5. pictures
    of(
        "picture-alt",
        image('src="https://c.example/a.jpg" width="9"'),
        image('src="https://c.example/a.jpg" alt="" width="9"'),
    ),
    of(
        "picture-alt",
        link("https://c.example/r", '<img src="https://c.example/a.jpg" alt="" width="9">'),
        link("https://c.example/r", '<img src="https://c.example/a.jpg" alt="" width="9">a rota'),
    ),
    of("picture-alt-odd", lambda t: t.lay(t.photo(alt="IMG_2041.jpg")), clean),
    of(
        "picture-alt-odd",
        lambda t: t.lay(t.photo(alt="DSC_0042")),
        lambda t: t.lay(t.photo(alt="DSC chair")),
    ),
    of(
        "picture-alt-odd",
        lambda t: t.lay(t.photo(alt="A" * 126)),
        lambda t: t.lay(t.photo(alt="A" * 125)),
    ),
    of(
        "picture-width",
        image('src="https://c.example/a.jpg" alt="A"'),
        image('src="https://c.example/a.jpg" alt="A" width="264"'),
    ),
    of(
        "picture-format",
        lambda t: t.lay(t.photo(url="https://courier.example/p.avif?w=1")),
        lambda t: t.lay(t.photo(url="https://courier.example/p.webp")),
    ),
    # 6. contrast and size of type
    of(
        "contrast",
        before_the_end('<p style="color:#999999">pale</p>'),
        before_the_end('<p style="color:#696969">fair</p>'),
    ),
    of(
        "contrast",
        before_the_end(
            '<table bgcolor="#eee"><tr><td style="color:#777777">pale</td></tr></table>'
        ),
        before_the_end('<p style="color:#808080;font-size:24px">large</p>'),
    ),
    of(
        "type-tiny",
        before_the_end('<p style="font-size:12px;color:#000000">tiny</p>'),
        before_the_end('<p style="font-size:12px;display:none">tiny</p>'),
    ),
    # 7. structure
    of("language", swapped('<html lang="en-GB"', '<html lang="und"'), clean),
    of("language", swapped('<html lang="en-GB"', "<html"), clean),
    of("direction", swapped('dir="ltr"', 'dir="rtl"'), clean),
    of("title", swapped("<title>Dockers go back to work</title>", "<title> </title>"), clean),
    of(
        "headings",
        before_the_end("<h4>Deep</h4><h2>a</h2><h4>b</h4>"),
        before_the_end("<h3>a</h3>"),
    ),
    of("headings", before_the_end("<h1>Another</h1>"), clean),
    # 8. subject and preheader
    of("subject-missing", lambda t: replace(t.lay(), view=t.view(subject=" ")), clean),
    of("subject-too-long", lambda t: t.lay(t.view(subject="a " * 75 + "b")), clean),
    of(
        "subject-long",
        lambda t: t.lay(t.view(subject="a" * 61)),
        lambda t: t.lay(t.view(subject="a" * 60)),
    ),
    of("subject-long", lambda t: t.lay(t.view(subject="a" * 150)), clean),
    of(
        "subject-shouts",
        lambda t: t.lay(t.view(subject="STRIKE OVER")),
        lambda t: t.lay(t.view(subject="UNHCR!"[:4])),
    ),
    of(
        "subject-shouts",
        lambda t: t.lay(t.view(subject="Over! Over!")),
        lambda t: t.lay(t.view(subject="Over!")),
    ),
    of(
        "preheader-length",
        lambda t: t.lay(t.view(preheader="")),
        lambda t: t.lay(t.view(preheader="a" * 40)),
    ),
    of(
        "preheader-length",
        lambda t: t.lay(t.view(preheader="a" * 121)),
        lambda t: t.lay(t.view(preheader="a" * 120)),
    ),
    of(
        "preheader-repeats",
        lambda t: t.lay(
            t.view(
                subject="The strike is over, say the dockers at last",
                preheader="The strike is OVER, say the dockers at last ",
            )
        ),
        clean,
    ),
    # 9. the text part
    of(
        "text-missing",
        lambda t: t.lay(text=lambda s: ""),
        clean,
        "text-links",
        "text-differs",
        "postal-address",
        "why",
    ),
    of("text-links", text_swapped("https://courier.example/3", "–"), clean),
    of("text-thin", before_the_end("<!--" + "x" * 40_000 + "-->"), before_the_end("<!--x-->")),
    of(
        "text-differs",
        lambda t: t.lay(text=lambda s: s.replace("the", "zz").replace("a", "q")),
        clean,
        "text-links",
        "postal-address",
        "why",
    ),
    # 10. tags and style
    *(
        of("markup-forbidden", before_the_end(html), before_the_end("<p>x</p>"))
        for html in (
            "<script>1</script>",
            "<form></form>",
            "<iframe></iframe>",
            "<video></video>",
            "<svg></svg>",
            '<p style="position:absolute">x</p>',
            '<p style="display: flex">x</p>',
            '<p style="margin:var(--x)">x</p>',
            '<p style="background:url(https://c.example/a.png)">x</p>',
        )
    ),
    of("markup-forbidden", in_style("@font-face{font-family:A}"), in_style("p{font-family:A}")),
    of("markup-forbidden", in_style('@import "a.css";'), in_style("/* @import */")),
    of("markup-unsafe", before_the_end("<meter></meter>"), before_the_end("<em>x</em>")),
    of(
        "markup-unsafe",
        in_style("p{object-fit:cover}"),
        in_style("p{mso-line-height-rule:exactly}"),
    ),
    of("markup-unsafe", in_style("p::after{margin:0}"), in_style("a:hover{margin:0}")),
    of(
        "markup-unsafe",
        in_style("@supports (a:b){p{margin:0}}"),
        in_style("@media print{p{margin:0}}"),
    ),
    # 11. SpamAssassin
    of("spam-too-much", lambda t: t.lay(spam=SpamScore(4.0)), lambda t: t.lay(spam=SpamScore(1.9))),
    of("spam-much", lambda t: t.lay(spam=SpamScore(2.0)), lambda t: t.lay(spam=SpamScore(-1.0))),
    of("spam-much", lambda t: t.lay(spam=SpamScore(3.9, (("A", 3.9),))), clean),
    # 12. content
    of(
        "article-twice",
        lambda t: t.lay(
            t.more(t.pick(5, "Another look at the hill", url=f"{t.site}/2?utm_source=x"))
        ),
        lambda t: t.lay(t.more(t.pick(5, "Another look at the hill", url=f"{t.site}/2?page=2"))),
    ),
    of(
        "headline-twice",
        lambda t: t.lay(t.more(t.pick(5, "Who owns sixty-one empty flats on a hill"))),
        lambda t: t.lay(t.more(t.pick(5, "Who owns the hill"))),
    ),
    of(
        "article-elsewhere",
        lambda t: t.lay(t.lead(url="https://elsewhere.example/1")),
        lambda t: t.lay(
            t.lead(url="https://a.partner.example/1"),
            rules=Rules(allowed_hosts=("partner.example",)),
        ),
    ),
    of(
        "article-future",
        lambda t: t.lay(articles=facts(t, -3)),
        lambda t: t.lay(articles=facts(t, -1)),
    ),
    of(
        "article-old",
        lambda t: t.lay(articles=facts(t, 15)),
        lambda t: t.lay(articles=facts(t, 14)),
    ),
    of("placeholder", lambda t: t.lay(t.lead(blurb="Lorem ipsum, and so on and on.")), clean),
    of(
        "placeholder",
        lambda t: t.lay(t.view(topper=TopperView("TK " + "words of a note " * 20))),
        lambda t: t.lay(t.lead(kicker="TKO")),
    ),
    of("placeholder", lambda t: t.lay(t.view(quote=QuoteView("I said so", "XXX"))), clean),
    of(
        "ran-before",
        lambda t: t.lay(earlier=ran(t, "Something else", "/1")),
        lambda t: t.lay(earlier=ran(t, "Something else", "/9")),
    ),
    of(
        "ran-before",
        lambda t: t.lay(earlier=ran(t, "Dockers go back with what they have asked for", "/9")),
        lambda t: t.lay(earlier=ran(t, "Dockers go back", "/9")),
    ),
    # 13. guarded newsletters
    of("guarded-names", lambda t: t.guarded(subject="The Harbour in short"), lambda t: t.guarded()),
    of(
        "guarded-names",
        lambda t: t.guarded(preheader="What the H-a-r-b-o-u-r found out this week, and why"),
        lambda t: t.guarded(),
    ),
    of(
        "guarded-headers",
        lambda t: in_headers(t, "X-List: Harbour"),
        lambda t: in_headers(t, "X-List: A"),
    ),
    of("guarded-appeal", lambda t: t.guarded(appeal=t.appeal), clean),
    of("guarded-picture", lambda t: t.guarded(lead=t.view().lead), clean),
    of(
        "guarded-address",
        lambda t: replace(t.lay(), view=t.view(guarded=True)),
        lambda t: t.guarded(),
        "guarded-picture",
    ),
    of("guarded-link", guarded_at("https://www.har-bour.example/1"), lambda t: t.guarded()),
    of("guarded-link", lambda t: t.guarded(corrections_address="us@harbour.example"), clean),
    of(
        "guarded-tracking",
        guarded_at("https://courier.example/1?UTM_source=x"),
        guarded_at("https://courier.example/1?page=2"),
    ),
    # 14. online
    of(
        "link-dead",
        lambda t: t.lay(answers=answers(t, status=404, problem="404")),
        lambda t: t.lay(answers={}),
    ),
    of(
        "link-dead", lambda t: t.lay(answers=answers(t, "/p.jpg", status=410, problem="410")), clean
    ),
    of(
        "link-unanswered",
        lambda t: t.lay(answers=answers(t, status=0, problem="late")),
        lambda t: t.lay(answers=answers(t)),
    ),
    of(
        "drift-title",
        lambda t: t.lay(answers=answers(t, title="Dockers lose"), articles=facts(t, 1)),
        lambda t: t.lay(
            answers=answers(t, title="DOCKERS go back with what they asked for | Courier"),
            articles=facts(t, 1),
        ),
    ),
    of(
        "drift-address",
        lambda t: t.lay(answers=answers(t, url=f"{t.site}/moved")),
        lambda t: t.lay(answers=answers(t, url="http://www.courier.example/1/?utm_source=x")),
    ),
    of(
        "picture-heavy",
        lambda t: t.lay(answers=answers(t, "/p.jpg", size=200_001)),
        lambda t: t.lay(answers=answers(t, "/p.jpg", size=200_000)),
    ),
    *(
        of(
            "picture-scaled",
            lambda t, wide=wide: t.lay(answers=answers(t, "/p.jpg", width=wide, height=9)),
            lambda t: t.lay(answers=answers(t, "/p.jpg", width=1_200, height=800)),
        )
        for wide in (599, 1_301)
    ),
]


def padded(t: Any, size: int) -> Any:
    """Return an issue whose HTML has so many bytes, words enough among them."""
    material = t.lay()
    missing = size - len(material.largest.html.encode()) - len("<i></i>")
    filler = ("word " * missing)[:missing]
    return t.lay(
        html=lambda s: s.replace("</body>", f"<i>{filler}</i></body>"),
        text=lambda s: s.replace("City hall", f"City hall {filler}"),
    )


def crowd(t: Any, number: int) -> Any:
    links = "".join(f'<a href="https://courier.example/l{i}">a rota</a> ' for i in range(number))
    return t.lay(html=lambda s: s.replace("</body>", f"{links}</body>"))


def without_slot(t: Any, slot: str) -> Any:
    """Return an issue that does not have a slot, though its compile was to have it."""
    material = t.lay()
    rendering = t.render()
    bare = replace(
        rendering,
        html=tuple(part for part in rendering.html if part.slot != slot),
        text=tuple(part for part in rendering.text if part.slot != slot),
    )
    edition = replace(material.editions[0], rendering=bare)
    if slot == "unsubscribe_url":
        pages = material.reader_pages
        edition = replace(
            edition,
            html=edition.html.replace(f"{pages}/u/", f"{pages}/i/"),
            text=edition.text.replace(f"{pages}/u/", f"{pages}/i/"),
        )
    return replace(material, editions=(edition,))


def in_headers(t: Any, header: str) -> Any:
    material = t.guarded()
    (edition,) = material.editions
    return replace(
        material, editions=(replace(edition, message=header.encode() + b"\r\n" + edition.message),)
    )


@pytest.mark.parametrize("case", CASES, ids=[case.check for case in CASES])
def test_check_stops_at_its_own_mail_and_no_other_check_does(table, case: Case) -> None:
    assert table.ids(case.bad(table)) - case.also == {case.check}


@pytest.mark.parametrize("case", CASES, ids=[case.check for case in CASES])
def test_check_lets_a_mail_just_short_of_that_pass(table, case: Case) -> None:
    assert case.check not in table.ids(case.good(table))


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (case.check, case.bad)
        for case in CASES
        if case.check
        in {"picture-alt-odd", "ran-before", "drift-title", "article-old", "link-dead"}
    ],
)
def test_finding_about_a_pick_names_its_headline(table, check: str, bad: Lay) -> None:
    [finding] = [one for one in table.judge(bad(table)).findings if one.check == check]

    assert finding.pick == "Dockers go back with what they asked for"
