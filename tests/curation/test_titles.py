"""Near-same headlines, in the scripts that newsrooms write."""

import pytest

from digest.curation.titles import is_same_title


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # English: order, articles, signs, one word more
        ("The harbour sold its cranes for one euro", "Harbour sold the cranes for one Euro!"),
        ("Dockers go back to work at last", "At last, the dockers go back to work"),
        ("Council votes down ferry plan again", "Ferry plan: council votes down again, mayor"),
        ("Fog", "FOG!"),
        # German: ß and ss, umlauts, articles
        ("Die Fähre fährt ab Mai wieder täglich", "Ab Mai fährt die Fähre wieder täglich"),
        ("Große Straße bleibt bis Ostern gesperrt", "GROSSE STRASSE bleibt bis zu Ostern gesperrt"),
        # Persian: Arabic letters for Persian ones, half space or space
        ("شهرداری بودجهٔ بندر را دوباره رد کرد", "شهرداری بودجه بندر را دوباره رد کرد"),
        ("کارگران بندر به کار برمی‌گردند امروز", "كارگران بندر به كار برمي گردند امروز"),
        # Arabic: vowel signs, hamza, tatweel
        ("البَلَدِيَّة ترفض ميزانية الميناء مجددا", "البلدية ترفض ميزانيـــة الميناء مجددا"),
        ("إعادة فتح الميناء أمام السفن اليوم", "اعادة فتح الميناء امام السفن اليوم"),
    ],
)
def test_headlines_that_say_the_same(one: str, other: str) -> None:
    assert is_same_title(one, other)
    assert is_same_title(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Twelve hurt in ferry fire", "Twelve hurt in school fire"),
        ("Dockers go back to work", "Teachers go back to work"),
        ("Fog over town", "Fog over the town"),
        ("The week in pictures", "The week in books"),
        ("What the council decided this week", "What the council decided last year"),
        ("Die Fähre fährt wieder", "Die Fähre fährt nicht"),
        ("Stadtrat lehnt Haushalt für Schulen ab", "Stadtrat lehnt Haushalt für Theater ab"),
        ("شهرداری بودجه بندر را رد کرد", "شهرداری بودجه مدرسه را پذیرفت"),
        ("البلدية ترفض ميزانية الميناء", "البلدية تقبل ميزانية المدرسة"),
        ("", ""),
        ("…", "!"),
    ],
)
def test_headlines_that_do_not(one: str, other: str) -> None:
    assert not is_same_title(one, other)
    assert not is_same_title(other, one)
