"""Two hundred invented subscribers in many languages; the same ones every time.

Names are put together from lists and mean nobody. Domains are those of RFC 2606 and their
subdomains, so that no demo can ever reach a real mailbox.
"""

import csv
import unicodedata
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random

PEOPLE = 200
DOMAINS = (
    "example.org", "example.net", "example.com", "mail.example.org", "post.example.net",
    "students.example.org", "harbour.example.com",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """One row of the sample import; an empty name is one nobody gave."""

    email: str
    name: str
    language: str  # BCP 47
    timezone: str  # IANA


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language and its time zones; names as written, with ``/latin`` where that differs."""

    language: str
    share: int  # of a hundred and two
    zones: tuple[str, ...]
    first: str
    last: str
    family_first: bool = False


TONGUES = (
    Tongue(
        "en", 24, ("Europe/London", "Europe/Dublin", "America/New_York", "Australia/Sydney"),
        "Alice Maeve Rowan Desmond Imogen Clyde Orla Winston Thea Angus Priya Callum",
        "Wetherlow Harkness Tamblyn Osgood Pemberwick Quillan Ashgrove O’Dunnet Larkmoor Fernsby",
    ),
    Tongue(
        "de", 14, ("Europe/Berlin", "Europe/Vienna", "Europe/Zurich"),
        "Jürgen/juergen Anneliese Bärbel/baerbel Till Wiebke Konrad Käthe/kaethe "
        "Sönke/soenke Hedda Ole",
        "Strümpfel/struempfel Kranichfeld Oßwinkel/osswinkel Deichgrün/deichgruen "
        "Hasenpusch Möwig/moewig Torfstecher",
    ),
    Tongue(
        "fr", 10, ("Europe/Paris", "Europe/Brussels", "Africa/Dakar", "America/Toronto"),
        "Élodie Rémi Zoé Aïssatou Léopold Capucine Mathurin Noëlle",
        "Beauvallon Lestrange Chanterel Delapointe Quévillart Montaubin Fontbrune",
    ),
    Tongue(
        "es", 9, ("Europe/Madrid", "America/Mexico_City", "America/Argentina/Buenos_Aires"),
        "Íñigo Begoña Ximena Nicolás Rocío Joaquín Maite Álvaro",
        "Valdemorales Peñarriba Quintalba Olmedilla Sotoverde Ibarluz",
    ),
    Tongue(
        "uk", 8, ("Europe/Kyiv",),
        "Олена/olena Дмитро/dmytro Соломія/solomiia Остап/ostap Ярина/yaryna Тарас/taras",
        "Вербохліб/verbokhlib Кринич/krynych Степовик/stepovyk Калинюк/kalyniuk",
    ),
    Tongue(
        "ru", 6, ("Asia/Almaty", "Europe/Riga", "Asia/Tbilisi"),
        "Глафира/glafira Тимофей/timofei Ульяна/uliana Аркадий/arkadii Зоя/zoya",
        "Берестенко/berestenko Журавель/zhuravel Полыных/polynykh",
    ),
    Tongue(
        "ar", 7, ("Africa/Cairo", "Asia/Amman", "Africa/Casablanca", "Asia/Beirut"),
        "ليلى/layla يوسف/yousef مريم/maryam سامي/sami نادية/nadia طارق/tariq",
        "البحراوي/albahrawi الزيتوني/alzaytouni السنديان/alsindian المرجاني/almurjani",
    ),
    Tongue(
        "fa", 5, ("Asia/Tehran", "America/Toronto"),
        "نسترن/nastaran بهرام/bahram شیرین/shirin کاوه/kaveh پروانه/parvaneh",
        "کوه‌نشین/kuhneshin دریاکنار/daryakenar باغبان‌پور/baghbanpour",
    ),
    Tongue(
        "ja", 6, ("Asia/Tokyo",),
        "葵/aoi 蓮/ren 千代/chiyo 海斗/kaito 美緒/mio",
        "浜風/hamakaze 霧島野/kirishimano 潮崎沢/shiozakizawa 灯台田/todaida",
        family_first=True,
    ),
    Tongue(
        "tr", 5, ("Europe/Istanbul",),
        "Çağla Işıl Ömer Gülşen Deniz Tuğrul",
        "Denizkuşu Limoncuoğlu Yelkenbağ Işıkdere",
    ),
    Tongue(
        "pl", 5, ("Europe/Warsaw",),
        "Łucja Zbigniew Małgosia Świętosława Bożydar",
        "Żuraw/zuraw Wiśniogór Mewa Śledź",
    ),
    Tongue(
        "pt", 3, ("America/Sao_Paulo", "Europe/Lisbon"),
        "João Conceição Inês Tomé",
        "Maréval Vilarinhães Pedrafina",
    ),
)  # fmt: skip

# Letters that canonical decomposition does not take apart.
_PLAIN = str.maketrans({"ł": "l", "ı": "i", "ø": "o", "đ": "d", "ß": "ss", "’": "", "-": ""})


def sample_people() -> tuple[Person, ...]:
    """Return the two hundred in a fixed order; no address occurs twice, whatever its case."""
    dice = Random("the readers of the Harbour Courier")  # noqa: S311 - the same readers every time
    people: dict[str, Person] = {}
    for number in count():
        if len(people) == PEOPLE:
            return tuple(people.values())
        person = _person(dice, number)
        people.setdefault(person.email.lower(), person)
    raise AssertionError("unreachable")


def write_people_csv(path: Path) -> None:
    """Write the two hundred as UTF-8 CSV with the columns email, name, language and timezone."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("email", "name", "language", "timezone"))
        rows.writerows((p.email, p.name, p.language, p.timezone) for p in sample_people())


def _person(dice: Random, number: int) -> Person:
    tongue = dice.choices(TONGUES, [one.share for one in TONGUES])[0]
    first, last = dice.choice(tongue.first.split()), dice.choice(tongue.last.split())
    names = [first.partition("/")[0], last.partition("/")[0]]
    name = " ".join(reversed(names) if tongue.family_first else names)
    email = f"{_local_part(dice, _latin(first), _latin(last))}@{_domain(dice, number)}"
    return Person(
        email, "" if dice.random() < 0.15 else name, tongue.language, dice.choice(tongue.zones)
    )


def _local_part(dice: Random, first: str, last: str) -> str:
    form = dice.choice(("{f}.{l}", "{f}.{l}", "{f}{l}", "{i}.{l}", "{f}_{l}", "{l}.{f}"))
    tag = dice.choice(("+courier", "+news")) if dice.random() < 0.03 else ""
    return form.format(f=first, l=last, i=first[0]) + tag


def _domain(dice: Random, number: int) -> str:
    # Two readers with a domain beyond ASCII, so that the demo exercises IDNA.
    return {40: "bücher.example", 120: "søfolk.example"}.get(number, dice.choice(DOMAINS))


def _latin(name: str) -> str:
    written, _, given = name.partition("/")
    plain = unicodedata.normalize("NFKD", (given or written).lower().translate(_PLAIN))
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha())
