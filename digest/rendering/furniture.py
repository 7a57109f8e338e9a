"""The mail's own words, in the newsletter's language: what no editor types and every issue needs.

A typed table, not gettext: a dozen short phrases, where a missing one must be a type error and
never a silent blank. When the reader pages are translated, these move into the same catalogues.
Languages without a row get English words and, where Babel knows them, their own dates.
"""

from dataclasses import dataclass
from datetime import date

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal

from digest.rendering.view import IssueView


@dataclass(frozen=True, slots=True)
class Furniture:
    """The fixed words of a mail; ``{}`` marks where a value goes."""

    number: str  # the issue's number
    read_in_browser: str
    unsubscribe: str
    greeting: str  # the reader's first name
    photo: str  # the picture's credit
    numbers: str  # heading
    remind_later: str
    thanks: str  # heading of what members read
    why: str  # the newsletter's name; used where the view gives no reason of its own
    sent_to: str  # the address follows
    corrections: str  # the address follows
    privacy: str


ENGLISH = Furniture(
    number="No. {}",
    read_in_browser="Read in browser",
    unsubscribe="Unsubscribe",
    greeting="Good morning {},",
    photo="Photo: {}",
    numbers="By the numbers",
    remind_later="Not today? Remind me later",
    thanks="Thank you for your support",
    why="You get this letter because you signed up for {}.",
    sent_to="This copy went to",
    corrections="Found a mistake? Tell us:",
    privacy="Privacy policy",
)
GERMAN = Furniture(
    number="Nr. {}",
    read_in_browser="Im Browser lesen",
    unsubscribe="Abbestellen",
    greeting="Guten Morgen {},",
    photo="Foto: {}",
    numbers="In Zahlen",
    remind_later="Heute nicht? Später erinnern",
    thanks="Danke, dass Sie uns tragen",
    why="Sie erhalten diesen Brief, weil Sie {} abonniert haben.",
    sent_to="Diese Ausgabe ging an",
    corrections="Einen Fehler gefunden? Schreiben Sie uns:",
    privacy="Datenschutz",
)
FRENCH = Furniture(
    number="Nº {}",
    read_in_browser="Lire dans le navigateur",
    unsubscribe="Se désabonner",
    greeting="Bonjour {},",
    photo="Photo\u202f: {}",
    numbers="En chiffres",
    remind_later="Pas aujourd’hui\u202f? Me le rappeler plus tard",
    thanks="Merci de nous soutenir",
    why="Vous recevez cette lettre parce que vous êtes abonné à {}.",
    sent_to="Cet exemplaire a été adressé à",
    corrections="Une erreur\u202f? Écrivez-nous\u202f:",
    privacy="Confidentialité",
)
SPANISH = Furniture(
    number="N.º {}",
    read_in_browser="Leer en el navegador",
    unsubscribe="Darse de baja",
    greeting="Buenos días, {}:",
    photo="Foto: {}",
    numbers="En cifras",
    remind_later="¿Hoy no? Recordármelo más tarde",
    thanks="Gracias por su apoyo",
    why="Recibe esta carta porque se suscribió a {}.",
    sent_to="Este ejemplar se envió a",
    corrections="¿Ha visto un error? Escríbanos:",
    privacy="Política de privacidad",
)
RUSSIAN = Furniture(
    number="№ {}",
    read_in_browser="Открыть в браузере",
    unsubscribe="Отписаться",
    greeting="Доброе утро, {}!",
    photo="Фото: {}",
    numbers="В цифрах",
    remind_later="Не сегодня? Напомнить позже",
    thanks="Спасибо, что поддерживаете нас",
    why="Вы получили это письмо, потому что подписались на «{}».",
    sent_to="Этот выпуск отправлен на адрес",
    corrections="Нашли ошибку? Напишите нам:",
    privacy="Политика конфиденциальности",
)
UKRAINIAN = Furniture(
    number="№ {}",
    read_in_browser="Відкрити у браузері",
    unsubscribe="Відписатися",
    greeting="Доброго ранку, {}!",
    photo="Фото: {}",
    numbers="У цифрах",
    remind_later="Не сьогодні? Нагадати пізніше",
    thanks="Дякуємо за підтримку",
    why="Ви отримали цей лист, бо підписалися на «{}».",
    sent_to="Цей випуск надіслано на адресу",
    corrections="Знайшли помилку? Напишіть нам:",
    privacy="Політика приватності",
)
ARABIC = Furniture(
    number="العدد {}",
    read_in_browser="اقرأ في المتصفح",
    unsubscribe="إلغاء الاشتراك",
    greeting="صباح الخير {}،",
    photo="صورة: {}",
    numbers="بالأرقام",
    remind_later="ليس اليوم؟ ذكّرني لاحقًا",
    thanks="شكرًا لدعمكم",
    why="تصلك هذه الرسالة لأنك اشتركت في {}.",
    sent_to="أُرسلت هذه النسخة إلى",
    corrections="وجدت خطأ؟ راسلنا:",
    privacy="سياسة الخصوصية",
)
PERSIAN = Furniture(
    number="شمارهٔ {}",
    read_in_browser="خواندن در مرورگر",
    unsubscribe="لغو اشتراک",
    greeting="صبح بخیر {}،",
    photo="عکس: {}",
    numbers="به روایت اعداد",
    remind_later="امروز نه؟ بعداً یادآوری کن",
    thanks="از حمایت شما سپاسگزاریم",
    why="این نامه را دریافت می‌کنید چون مشترک {} شده‌اید.",
    sent_to="این نسخه فرستاده شد به",
    corrections="اشتباهی دیدید؟ به ما بنویسید:",
    privacy="حریم خصوصی",
)
WORDS = {
    "en": ENGLISH,
    "de": GERMAN,
    "fr": FRENCH,
    "es": SPANISH,
    "ru": RUSSIAN,
    "uk": UKRAINIAN,
    "ar": ARABIC,
    "fa": PERSIAN,
}


def furniture_for(language: str) -> Furniture:
    """Return the words for a BCP 47 tag, by its first subtag; English where there is no row."""
    return WORDS.get(language.split("-")[0].lower(), ENGLISH)


def date_line(day: date, language: str) -> str:
    """Return the date in full as the language writes it, such as ``Friday, 27 November 2026``."""
    return format_date(day, format="full", locale=_locale(language))


def number_line(view: IssueView) -> str:
    """Return the issue's number as the language writes it, such as ``No. 47``."""
    number = format_decimal(view.number, format="0", locale=_locale(view.language))
    return furniture_for(view.language).number.format(number)


def why_line(view: IssueView) -> str:
    """Return the sentence that says why the reader gets this."""
    return view.why or furniture_for(view.language).why.format(view.newsletter)


def credit_line(credit: str, language: str) -> str:
    """Return a picture's credit; one that says by itself what it is ("Drawing: …") stays as it
    is.
    """
    return credit if ":" in credit else furniture_for(language).photo.format(credit)


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        primary, _, more = language.partition("-")
        return _locale(primary) if more else Locale("en")
