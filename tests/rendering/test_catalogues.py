"""The catalogues: what ships is complete and up to date; what a newsroom adds corrects it."""

import os
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from digest.assets import asset
from digest.errors import RenderingFailed
from digest.rendering.catalogues import Catalogues, read_catalogue, shorter_tags, texts_of
from tools import messages

SHIPPED = asset("templates") / "translations"
LANGUAGES = ("ar", "de", "es", "fa", "fr", "ru", "uk")


def entry(context: str, phrase: str, translation: str, head: str = "") -> str:
    return f'{head}\nmsgctxt "{context}"\nmsgid "{phrase}"\nmsgstr "{translation}"\n'


def newsroom(folder: Path, **languages: str) -> Catalogues:
    (folder / "translations").mkdir(exist_ok=True)
    for name, text in languages.items():
        (folder / "translations" / f"{name.replace('_', '-')}.po").write_text(text)
    return Catalogues(folder)


def shipped(language: str) -> Catalog:
    return read_catalogue(SHIPPED / f"{language}.po")


def phrases_of(catalogue: Catalog) -> set[tuple[str, object]]:
    return {(message.context, message.id) for message in catalogue if message.id}


def test_these_languages_ship() -> None:
    assert tuple(sorted(path.stem for path in SHIPPED.glob("*.po"))) == LANGUAGES


def test_catalogues_are_as_make_messages_writes_them() -> None:
    stale = [
        path.name
        for path, text in messages.fresh([])
        if not path.exists() or path.read_bytes() != text
    ]

    assert stale == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_has_every_phrase_and_no_other(language: str) -> None:
    assert phrases_of(shipped(language)) == phrases_of(messages.extracted())


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_is_complete_and_nothing_in_it_is_fuzzy(language: str) -> None:
    catalogue = shipped(language)
    lacking = [
        message.id
        for message in catalogue
        if message.id
        and (message.fuzzy or not all(text.strip() for text in texts_of(message.string)))
    ]
    forms = {len(texts_of(message.string)) for message in catalogue if message.pluralizable}

    assert lacking == []
    assert forms <= {catalogue.num_plurals}


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_are_set_as_the_language_is_printed(language: str) -> None:
    wrong = {
        "fr": r"[^\u202f][?!;]|[^\u00a0/p]:|'|«(?!\u00a0)|(?<!\u00a0)»",
        "es": r"^[^¿]*\?|^[^¡]*!|\"",
        "de": r"[\"“](?=\w)|„[^“]*$",
        "ar": r"[,;?%]|[ىي]\u0651?[؟]$|ة\w",
        "fa": r"[,;?%]|[\u064a\u0643\u0649]|\bمی |ه ی\b",
        "uk": r"['`ыэъё]|\"",
        "ru": r"[іїєґ]|\"",
    }[language]
    found = [
        text
        for message in shipped(language)
        if message.id
        for text in texts_of(message.string)
        if re.search(wrong, re.sub(r"\{\w+\}", "x", text))
    ]

    assert found == []


@pytest.mark.parametrize(
    ("tag", "chain"),
    [
        ("de", ["de"]),
        ("PT-br", ["pt-BR", "pt"]),
        ("zh-hant-tw", ["zh-Hant-TW", "zh-Hant", "zh"]),
        ("../../etc/passwd", []),
        ("", []),
    ],
)
def test_tags_are_tried_from_the_longest_to_the_shortest(tag: str, chain: list[str]) -> None:
    assert shorter_tags(tag) == chain


def test_words_follow_the_first_subtag() -> None:
    assert Catalogues().words("de-AT").pgettext("link", "Unsubscribe") == "Abbestellen"


def test_language_without_words_gets_english_ones() -> None:
    assert Catalogues().words("tlh").pgettext("link", "Unsubscribe") == "Unsubscribe"


def test_newsrooms_phrase_wins_and_the_rest_is_ours(tmp_path: Path) -> None:
    words = newsroom(tmp_path, de=entry("link", "Unsubscribe", "Weg damit")).words("de-CH")

    assert words.pgettext("link", "Unsubscribe") == "Weg damit"
    assert words.pgettext("link", "Privacy policy") == "Datenschutz"


def test_newsroom_may_know_a_kind_of_a_language(tmp_path: Path) -> None:
    catalogues = newsroom(tmp_path, de_CH=entry("link", "Unsubscribe", "Abmelden"))

    assert catalogues.words("de-CH").pgettext("link", "Unsubscribe") == "Abmelden"
    assert catalogues.words("de").pgettext("link", "Unsubscribe") == "Abbestellen"


def test_newsroom_may_add_a_language(tmp_path: Path) -> None:
    words = newsroom(tmp_path, hy=entry("link", "Unsubscribe", "Չեղարկել")).words("hy")

    assert words.pgettext("link", "Unsubscribe") == "Չեղարկել"
    assert words.pgettext("link", "Privacy policy") == "Privacy policy"


def test_newsrooms_english_is_what_other_languages_fall_back_on(tmp_path: Path) -> None:
    words = newsroom(tmp_path, en=entry("link", "Unsubscribe", "Leave")).words("tlh")

    assert words.pgettext("link", "Unsubscribe") == "Leave"


@pytest.mark.parametrize("head", ["", "#, fuzzy"])
def test_blank_and_fuzzy_entries_count_as_missing(tmp_path: Path, head: str) -> None:
    text = "Vielleicht" if head else " "
    words = newsroom(tmp_path, de=entry("link", "Unsubscribe", text, head)).words("de")

    assert words.pgettext("link", "Unsubscribe") == "Abbestellen"


def test_changed_file_is_read_again(tmp_path: Path) -> None:
    catalogues = newsroom(tmp_path, de=entry("link", "Unsubscribe", "Eins"))
    before = catalogues.words("de")
    newsroom(tmp_path, de=entry("link", "Unsubscribe", "Zwei"))
    os.utime(tmp_path / "translations" / "de.po", ns=(0, 1))

    assert before.pgettext("link", "Unsubscribe") == "Eins"
    assert catalogues.words("de").pgettext("link", "Unsubscribe") == "Zwei"


def test_unchanged_file_is_read_once() -> None:
    assert Catalogues().words("de") is Catalogues().words("de")


@pytest.mark.parametrize(
    "translation",
    ["Foto", "Foto: {nam}", "Foto: {name.upper}", "Foto: {name!r}", "Foto: {name", "{}"],
)
def test_entry_with_other_places_is_refused_with_its_line(tmp_path: Path, translation: str) -> None:
    catalogues = newsroom(tmp_path, de="\n\n" + entry("credit", "Photo: {name}", translation))

    with pytest.raises(RenderingFailed, match=r"catalogue de\.po, line [45]: .*\{name\}'"):
        catalogues.words("de")


@pytest.mark.parametrize(
    "text",
    ["nonsense", 'msgid ""\nmsgstr "Plural-Forms: nplurals=x\\n"'],
)
def test_broken_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(RenderingFailed, match=r"catalogue de\.po: "):
        newsroom(tmp_path, de=text).words("de")


def test_file_that_is_no_utf8_is_refused_by_name(tmp_path: Path) -> None:
    catalogues = newsroom(tmp_path, de="")
    (tmp_path / "translations" / "de.po").write_bytes(b'msgid "a"\nmsgstr "\xff"\n')

    with pytest.raises(RenderingFailed, match=r"catalogue de\.po: "):
        catalogues.words("de")
