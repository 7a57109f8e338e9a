"""Group 4: where links lead, and what stands on them. Whether they answer is for `online`."""

from collections.abc import Iterator

from digest.press.preflight.findings import Level
from digest.press.preflight.hosts import SHORTENERS, host_of, is_bare_address, is_private, scheme_of
from digest.press.preflight.material import Material
from digest.press.preflight.page import Link
from digest.press.preflight.registry import Said, check

MOST_LINKS = 40
SCHEMES = frozenset({"https", "http", "mailto", "tel"})
PICTURE_SCHEMES = frozenset({"https", "http", "cid"})
# What says nothing where a screen reader lists the links of a mail, in the languages we have.
EMPTY_WORDS = {
    "en": ("read more", "click here", "here", "more", "read on", "continue reading", "link"),
    "de": ("mehr", "mehr lesen", "weiterlesen", "hier", "hier klicken", "weiter", "zum artikel"),
    "fr": ("lire la suite", "ici", "cliquez ici", "en savoir plus", "plus", "la suite"),
    "es": ("leer más", "aquí", "haga clic aquí", "haz clic aquí", "más", "seguir leyendo"),
    "ru": ("читать далее", "подробнее", "здесь", "тут", "далее", "нажмите здесь", "ещё"),
    "uk": ("читати далі", "докладніше", "тут", "далі", "натисніть тут", "більше"),
    "be": ("чытаць далей", "падрабязней", "тут", "далей", "націсніце тут"),
    "ar": ("اقرأ المزيد", "هنا", "اضغط هنا", "المزيد"),
    "fa": ("ادامه مطلب", "اینجا", "اینجا کلیک کنید", "بیشتر بخوانید", "بیشتر"),
    "he": ("קרא עוד", "כאן", "לחצו כאן", "עוד"),
    "tr": ("devamını oku", "buraya tıklayın", "burada", "devamı", "tıklayın"),
    "pt": ("leia mais", "aqui", "clique aqui", "saiba mais", "mais"),
    "it": ("leggi di più", "qui", "clicca qui", "leggi tutto", "continua a leggere"),
    "pl": ("czytaj więcej", "tutaj", "kliknij tutaj", "więcej", "czytaj dalej"),
    "zh": ("阅读更多", "点击这里", "更多", "閱讀更多", "點擊這裡", "这里"),
    "ja": ("続きを読む", "こちら", "ここをクリック", "もっと見る"),
    "ko": ("더 보기", "여기", "자세히 보기", "여기를 클릭"),
}


@check("link-empty", Level.BLOCK, "A link leads nowhere.")
def link_empty(material: Material) -> Iterator[Said]:
    """Empty, or a lone hash."""
    for link in _links(material):
        if link.url.strip() in {"", "#"}:
            yield Said(f"the link on {link.words[:60]!r} leads nowhere")


@check("link-scheme", Level.BLOCK, "A link or picture is of a kind that no mail program opens.")
def link_scheme(material: Material) -> Iterator[Said]:
    """Links: http(s), mailto, tel. Pictures: http(s), and cid for those sent along."""
    for link in _links(material):
        if link.url.strip() not in {"", "#"} and scheme_of(link.url) not in SCHEMES:
            yield Said(f"{link.url[:80]!r} is no address that can be mailed", _pick(material, link))
    for edition in material.editions:
        for image in edition.page.images:
            if scheme_of(image.url) not in PICTURE_SCHEMES:
                pick = material.headline_of(image.url)
                yield Said(
                    f"the picture {image.url[:80]!r} has no address that can be mailed", pick
                )


@check("link-private", Level.BLOCK, "A link or picture is on a machine that readers cannot reach.")
def link_private(material: Material) -> Iterator[Said]:
    """Localhost, private networks, names without a dot. An instance on loopback is left alone."""
    if material.is_trial:
        return
    for url in material.web_links():
        if is_private(host_of(url)):
            yield Said(f"readers cannot reach {host_of(url)}", material.headline_of(url))


@check("link-address", Level.WARN, "A link leads to a bare IP address, as spam does.")
def link_address(material: Material) -> Iterator[Said]:
    """A public one; private ones are `link-private`."""
    for url in material.web_links():
        if is_bare_address(host_of(url)):
            yield Said(f"{host_of(url)} is a bare address: use a name", material.headline_of(url))


@check("link-shortener", Level.WARN, "A link goes through a shortener that spam filters distrust.")
def link_shortener(material: Material) -> Iterator[Said]:
    """By a list of the usual ones."""
    for url in material.web_links():
        if host_of(url) in SHORTENERS:
            yield Said(
                f"{host_of(url)} hides where the link leads: use the article's own address",
                material.headline_of(url),
            )


@check("link-not-https", Level.WARN, "A link or picture goes over the wire unencrypted.")
def link_not_https(material: Material) -> Iterator[Said]:
    """http:// instead of https://."""
    if material.is_trial:
        return
    for url in material.web_links():
        if scheme_of(url) == "http":
            yield Said(f"{url[:80]}: write https://", material.headline_of(url))


@check("link-crowd", Level.WARN, "There are more links than a digest needs.")
def link_crowd(material: Material) -> Iterator[Said]:
    """More than 40 different ones."""
    most = max(len({link.url for link in edition.page.links}) for edition in material.editions)
    if most > MOST_LINKS:
        yield Said(f"{most} different links; more than {MOST_LINKS} look like spam to filters")


@check("link-words", Level.WARN, "A link says “read more” instead of where it leads.")
def link_words(material: Material) -> Iterator[Said]:
    """In the newsletter's language, and in English."""
    primary = material.view.language.split("-")[0].lower()
    empty = {*EMPTY_WORDS["en"], *EMPTY_WORDS.get(primary, ())}
    for link in _links(material):
        if link.words.casefold().strip(" .…!:>›»→←‹«") in empty:
            yield Said(
                f"the link says {link.words!r}: name what it leads to", _pick(material, link)
            )


@check("link-two-titles", Level.WARN, "One address stands under two different titles.")
def link_two_titles(material: Material) -> Iterator[Said]:
    """Among the picks; which of the two is right, only an editor knows."""
    titles: dict[str, list[str]] = {}
    for pick in material.picks:
        titles.setdefault(pick.url, []).append(pick.headline)
    for url, headlines in titles.items():
        if len(set(headlines)) > 1:
            yield Said(f"{url[:80]} is also under {headlines[0]!r}", headlines[-1])


def _links(material: Material) -> Iterator[Link]:
    """Yield each link of any edition once."""
    yield from dict.fromkeys(link for edition in material.editions for link in edition.page.links)


def _pick(material: Material, link: Link) -> str:
    return material.headline_of(link.url)
