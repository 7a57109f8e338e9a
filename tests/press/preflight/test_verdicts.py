"""Whole verdicts: what a good issue is told, whatever its script, edition or instance."""

import pytest

from digest.press.preflight.findings import Level
from digest.press.preflight.rules import Rules
from digest.rendering.view import LOOKS, TYPEFACES, QuoteView, TopperView


def test_issue_with_nothing_wrong_is_only_told_of_small_type(table) -> None:
    report = table.judge(table.lay(editions=("full", "headlines")))

    assert [(one.check, one.level) for one in report.findings] == [("type-small", Level.NOTE)]


@pytest.mark.parametrize("typeface", TYPEFACES)
@pytest.mark.parametrize("look", LOOKS)
def test_no_look_of_ours_is_told_more_than_that(table, look: str, typeface: str) -> None:
    """With every part of the page; a new property in a template is judged here first."""
    view = table.view(
        look=look,
        typeface=typeface,
        appeal=table.appeal,
        quote=QuoteView("I wanted a shift rota.", "Marit Holm, crane driver"),
        numbers=(("41", "days on strike"), ("61", "empty flats")),
        corrections_address="desk@courier.example",
        privacy_url=f"{table.site}/privacy",
    )

    assert table.ids(table.lay(view, editions=("full", "headlines"))) - {"text-thin"} == set()


def test_two_editions_say_the_same_thing_once(table) -> None:
    report = table.judge(
        table.lay(table.view(subject="STRIKE OVER"), editions=("full", "headlines"))
    )

    assert [one.check for one in report.findings].count("subject-shouts") == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:8001/2", "http://localhost/2"])
def test_an_instance_on_one_machine_may_link_to_itself(table, url: str) -> None:
    """The demo, and everybody's first try."""
    rules = Rules(public_url="http://127.0.0.1:8000")

    assert table.ids(table.lay(table.lead(url=url), rules=rules)) == set()


@pytest.mark.parametrize(
    ("language", "words"),
    [("de", "Weiterlesen"), ("uk-UA", "читати далі"), ("fa", "ادامه مطلب"), ("fr", "ICI")],
)
def test_empty_link_words_are_known_in_the_newsletter_s_language(
    table, language: str, words: str
) -> None:
    link = f'<a href="https://courier.example/r" style="color:#000000">{words}</a>'
    material = table.lay(
        table.view(language=language), html=lambda s: s.replace("</body>", f"{link}</body>")
    )

    assert "link-words" in table.ids(material)


SCRIPTS = {
    "ar": "عاد عمال الميناء إلى العمل بعد واحد وأربعين يومًا من الإضراب، وهذا ما حصلوا عليه. ",
    "be": "Докеры вяртаюцца да працы пасля сарака аднаго дня страйку, і вось што яны атрымалі. ",
    "de": "Nach einundvierzig Tagen Streik kehren die Hafenarbeiter zurück, für „neue“ Schichten. ",
    "fa": "کارگران بندر پس از چهل‌ویک روز اعتصاب به کار برمی‌گردند و این همان است که می‌خواستند. ",
    "hi": "इकतालीस दिन की हड़ताल के बाद बंदरगाह के मज़दूर काम पर लौट आए हैं। ",
    "ja": "四十一日間のストライキのあと、港の労働者たちは求めていたものを手にして仕事に戻った。",
    "ko": "사십일 일간의 파업 끝에 부두 노동자들이 요구한 것을 얻고 일터로 돌아왔다. ",
    "th": "คนงานท่าเรือกลับไปทำงานหลังหยุดงานสี่สิบเอ็ดวันพร้อมกับสิ่งที่พวกเขาเรียกร้อง",
    "zh": "罢工四十一天之后，码头工人带着他们要求的条件重返工作岗位，这是协议的内容。",
}


@pytest.mark.parametrize("language", sorted(SCRIPTS))
def test_good_issue_is_good_in_every_script(table, language: str) -> None:
    words = SCRIPTS[language] * 6
    view = table.view(
        language=language,
        topper=TopperView(words, words[:20]),
        lead=table.pick(1, words[:60], blurb=words, layout="lead"),
        sections=(
            table.section(words[:9], 3, table.pick(2, f"2 {words[10:60]}", blurb=words)),
            table.section(words[:7], 4, table.pick(3, f"3 {words[30:50]}", blurb=words[9:])),
        ),
        postal_address=words[:30],
        about=words[:50],
    )

    report = table.judge(table.lay(view, editions=("full", "headlines")))

    assert report.blocking == ()
