"""WORDS, LOOK, SIGNUP, MEDIA, SOURCE, PREFLIGHT: what editors and readers see can be made."""

from collections.abc import Iterator

from digest.correspondence.terms import policy_of
from digest.curation.newsletters import find_newsletter
from digest.curation.source_list import list_sources
from digest.errors import ConfigError, RenderingFailed
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Said, how_many, note, warn, well, wrong
from digest.press.preflight.verdict import rules_of
from digest.press.sample import print_sample, sample_view
from digest.rendering.furniture import Furniture, untranslated
from digest.rendering.view import LOOKS

FAILS_FOR_GOOD = 5  # polls in a row, each twice as long after the one before
SHOWN = 10  # sources; the rest are how_many


def check_words(case: Case) -> Iterator[Said]:
    """WORDS-1: the catalogues of each newsletter's language can be read, and lack nothing."""
    for newsletter in case.app.config.newsletters:
        language = newsletter.language
        words = Furniture(case.app.templates.catalogues.words(language), language)
        if lacking := untranslated(words):
            yield note(
                f"{newsletter.slug}: {len(lacking)} phrases have no words in {language!r}; readers "
                "see English ones",
                f"write them into translations/{language}.po in a templates folder of your own",
            )
        else:
            yield well(f"{newsletter.slug}: every phrase has its words in {language!r}")


def check_looks(case: Case) -> Iterator[Said]:
    """LOOK-1: an issue of each newsletter compiles in each look."""
    app = case.app
    today = app.clock.now().date()
    for configured in app.config.newsletters:
        site = app.config.site_of(configured)
        for look in LOOKS:
            with app.db.read() as session:
                newsletter = find_newsletter(session, configured.slug)
                view = sample_view(session, newsletter, configured, {"look": look}, today=today)
            try:
                print_sample(app.press, view, configured, site)
            except RenderingFailed as error:
                yield wrong(
                    f"{configured.slug}, {look}: {error}",
                    "mend the template: no issue in this look can be approved",
                )
            else:
                yield well(f"{configured.slug}: {look} compiles")


def check_templates(case: Case) -> Iterator[Said]:
    """LOOK-2: each of the newsroom's own templates can be read, and replaces one of ours."""
    folder = case.app.config.templates
    if folder is None:
        return
    faults = list(case.app.templates.list_faults())
    for name, fault in faults:
        say = wrong if fault else note
        yield say(
            f"templates: {name}: {fault or 'replaces none of ours, and is not read by itself'}",
            "mend it" if fault else "correct its name, unless another of yours includes it",
        )
    if not faults:
        yield well("templates: the newsroom's own can be read")


def check_levels(case: Case) -> Iterator[Said]:
    """PREFLIGHT-1: every level in the configuration is that of a check there is."""
    try:
        rules = rules_of(case.app.config, case.app.path.name)
    except ConfigError as error:
        yield wrong(str(error), "correct it: nothing can be approved before")
        return
    if rules.levels:
        yield well(f"preflight.levels: the newsroom's own are {', '.join(rules.levels)}")


def check_policies(case: Case) -> Iterator[Said]:
    """SIGNUP-1: every privacy policy that is a file can be read: nobody can join without it."""
    for configured in case.app.config.newsletters:
        if configured.privacy_file is None:
            continue
        try:
            policy_of(configured)
        except ConfigError as error:
            yield wrong(
                f"{configured.slug}: {error}",
                "correct the file, as UTF-8 text, or privacy_file: nobody can subscribe before",
            )
        else:
            yield well(f"{configured.slug}: its privacy policy can be read")


def check_media(case: Case) -> Iterator[Said]:
    """MEDIA-1: the folder of the media room can be written to, or made."""
    if trouble := case.app.media.store.trouble():
        yield warn(
            f"media.folder: {trouble}: editors can take no picture in",
            "make the folder, and give it to the user that digest web runs as",
        )
    else:
        yield well("media.folder: pictures can be kept")


def check_sources(case: Case) -> Iterator[Said]:
    """SOURCE-1: the sources answer, or which do not and for how long."""
    with case.app.db.read() as session:
        sources = [source for source in list_sources(session) if source.active]
    failing = [source for source in sources if source.failures]
    for source in failing[:SHOWN]:
        say = warn if source.failures >= FAILS_FOR_GOOD else note
        often = how_many(source.failures, "time")
        yield say(
            f"{source.name}: not read, {often} in a row: {source.last_error}",
            f"digest sources list; if it is gone for good, let number {source.id} rest",
        )
    if len(failing) > SHOWN:
        yield warn(
            f"{how_many(len(failing) - SHOWN, 'source')} more not read", "digest sources list"
        )
    if sources and not failing:
        yield well(f"{how_many(len(sources), 'source')}, none of them failing")
