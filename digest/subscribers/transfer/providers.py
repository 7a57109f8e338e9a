"""The exports of other newsletter systems: how each is told by its header, and what its columns and
words mean.

Pure data and judgements on it. Columns that no provider's entry names are not read, and those of
payments and IP addresses are named in no entry at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from digest.errors import BadInput
from digest.subscribers.transfer.fates import WORDS, Fate

PLAIN = "csv"
FRIDAY = "friday"


@dataclass(frozen=True, slots=True)
class Provider:
    """One system that lists come from.

    `marks` are sets of column names, letters and digits only: a header with all of a set is theirs,
    unless it has one of `never`. `columns` names the column of each of our fields, the more trusted
    spelling first. `words` are those of their status column. `unsaid` is what has to be asked
    because their file does not say it.
    """

    name: str
    title: str
    marks: tuple[frozenset[str], ...] = ()
    never: frozenset[str] = frozenset()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: Mapping[str, Fate | None] = field(default_factory=dict)
    unsaid: str = ""


# Account exports and audience exports alike: one file for each of subscribed, unsubscribed, cleaned
# and nonsubscribed, which differ in their last columns. TIMEZONE is not read: Mailchimp guesses it
# from the reader's IP address.
MAILCHIMP = Provider(
    "mailchimp",
    "Mailchimp",
    marks=(frozenset({"leid", "euid"}), frozenset({"memberrating", "optintime"})),
    columns={
        "address": ("emailaddress", "email"),
        "first_name": ("firstname", "fname"),
        "last_name": ("lastname", "lname"),
        "language": ("language",),
        "joined": ("optintime",),
        "confirmed": ("confirmtime",),
        "left_at": ("unsubtime",),
        "bounced_at": ("cleantime",),
        "reason": ("unsubreason",),
    },
)

# The list inside the whole export: what `active_subscription` says is paying, not reading.
SUBSTACK = Provider(
    "substack",
    "Substack (email_list)",
    marks=(
        frozenset({"email", "activesubscription", "createdat"}),
        frozenset({"email", "activesubscription", "emaildisabled"}),
        frozenset({"email", "expiry", "emaildisabled"}),
    ),
    never=frozenset({"postid"}),  # who opened what, in the same export
    columns={
        "address": ("email",),
        "name": ("name",),
        "joined": ("createdat",),
        "refused": ("emaildisabled",),
    },
)

# The table of the subscribers page. A date of cancelling may be that of paying or of reading.
SUBSTACK_TABLE = Provider(
    "substack-table",
    "Substack (subscribers page)",
    marks=(
        frozenset({"email", "startdate", "stripeplan"}),
        frozenset({"email", "startdate", "subscriptionsourcefree"}),
        frozenset({"email", "subscriptiontype", "createdat"}),
    ),
    columns={
        "address": ("email",),
        "name": ("name",),
        "joined": ("startdate", "createdat"),
        "cancelled": ("canceldate",),
        "refused": ("emaildisabled",),
    },
)

GHOST = Provider(
    "ghost",
    "Ghost",
    marks=(frozenset({"email", "subscribedtoemails", "complimentaryplan"}),),
    columns={
        "address": ("email",),
        "name": ("name",),
        "joined": ("createdat",),
        "status": ("subscribedtoemails",),
        "deleted_at": ("deletedat",),
    },
    words={"true": Fate.ACTIVE, "false": Fate.LEFT, "": None},
)

LISTMONK = Provider(
    "listmonk",
    "listmonk",
    marks=(frozenset({"uuid", "email", "attributes", "status", "createdat"}),),
    columns={
        "address": ("email",),
        "name": ("name",),
        "joined": ("createdat",),
        "status": ("status",),
    },
    words={"enabled": Fate.ACTIVE, "disabled": Fate.LEFT, "blocklisted": Fate.BLOCKED},
    unsaid="listmonk's export does not say who has left a list: export its confirmed and its"
    " unsubscribed readers apart. Is every enabled reader of this file confirmed, or have they"
    " left?",
)

BUTTONDOWN = Provider(
    "buttondown",
    "Buttondown",
    marks=(
        frozenset({"emailaddress", "creationdate", "type"}),
        frozenset({"email", "creationdate", "type"}),
        frozenset({"email", "creationdate", "subscribertype"}),
    ),
    columns={
        "address": ("emailaddress", "email"),
        "joined": ("creationdate",),
        "status": ("type", "subscribertype"),
        "left_at": ("unsubscriptiondate",),
        "bounced_at": ("undeliverabilitydate",),
    },
    words={
        **dict.fromkeys(("regular", "premium", "trialed", "unpaid", "gifted"), Fate.ACTIVE),
        **dict.fromkeys(("churning", "churned", "past_due", "paused"), Fate.ACTIVE),
        "unsubscribed": Fate.LEFT,
        "removed": Fate.LEFT,
        **dict.fromkeys(("undeliverable", "bounced"), Fate.BOUNCED),
        "complained": Fate.COMPLAINED,
        **dict.fromkeys(("blocked", "spammy"), Fate.BLOCKED),
        **dict.fromkeys(("unactivated", "upcoming"), None),
    },
)

# Our own: a newsletter's readers, and the addresses that must not be mailed.
FRIDAY_READERS = Provider(
    FRIDAY,
    "Friday",
    marks=(frozenset({"email", "status", "edition", "pauseduntil", "consent"}),),
    columns={
        **{name: (name,) for name in ("name", "language", "timezone", "status", "edition")},
        "address": ("email",),
        "joined": ("joinedat",),
        "confirmed": ("confirmedat",),
        "state": ("state",),
        "paused_until": ("pauseduntil",),
        "without": ("without",),
        "appeal_hidden_until": ("appealhiddenuntil",),
        "changed": ("changedat",),
        "left_at": ("suppressedsince",),
        "consent": ("consent",),
    },
    words={
        **{fate.name.lower(): fate for fate in Fate if fate is not Fate.LEFT},
        "unsubscribed": Fate.LEFT,
    },
)
FRIDAY_BARRED = Provider(
    "friday-barred",
    "Friday (who must not be mailed)",
    marks=(frozenset({"email", "reason", "since", "addresshash", "hashedwith"}),),
    columns={
        "address": ("email",),
        "status": ("reason",),
        "left_at": ("since",),
        "hash": ("addresshash",),
        "hashed_with": ("hashedwith",),
    },
    words={fate.name.lower(): fate for fate in Fate if fate > Fate.LEFT},
)

# Spellings in the order of trust, letters and digits only; "address" may also be the street.
PLAIN_CSV = Provider(
    PLAIN,
    "a plain list",
    columns={
        "address": (
            *("email", "emailaddress", "mail", "subscriberemail", "contactemail", "useremail"),
            *("emailadresse", "mailadresse", "correo", "correoelectronico", "correoelectrónico"),
            *("courriel", "adresseemail", "adressemail", "eposta", "epost"),
            *("почта", "электроннаяпочта"),
            "address",
        ),
        "name": ("name", "fullname", "displayname", "subscribername"),
        "first_name": (
            *("firstname", "fname", "givenname", "vorname", "prénom", "prenom", "nombre"),
        ),
        "last_name": (
            *("lastname", "lname", "surname", "familyname", "nachname", "nom", "apellido"),
        ),
        "language": ("language", "lang", "locale"),
        "timezone": ("timezone", "tz"),
        "joined": (
            *("joined", "joinedat", "optintime", "subscribedat", "createdat", "created"),
            *("creationdate", "signupdate", "dateadded", "datejoined", "joinedtime"),
        ),
        "confirmed": (
            *("confirmed", "confirmedat", "confirmtime", "confirmationtime", "optinconfirmedat"),
        ),
        "status": ("status", "subscriptionstatus", "subscribed", "subscribedtoemails"),
        "left_at": ("unsubscribedat", "leftat", "unsubscribetime", "unsubtime"),
    },
    words=WORDS,
)

KNOWN: tuple[Provider, ...] = (
    *(MAILCHIMP, SUBSTACK, SUBSTACK_TABLE, GHOST, LISTMONK, BUTTONDOWN),
    *(FRIDAY_READERS, FRIDAY_BARRED),
)
BY_NAME: Mapping[str, Provider] = {each.name: each for each in (*KNOWN, PLAIN_CSV)}

# Never stored, and said so: what readers pay (safety.md), and where they are.
_PAYING = (
    *("stripe", "plan", "paid", "payment", "revenue", "tier", "price", "gift", "expiry"),
    *("expiration", "activesubscription", "subscriptiontype", "complimentary", "comped"),
    *("upgrade", "donor"),
    *("donation", "member", "churn", "product", "amount"),
)
_PLACES = frozenset(
    {"latitude", "longitude", "gmtoff", "dstoff", "cc", "region", "country", "city", "zipcode"}
)


def normal(column: str) -> str:
    """Return a column's name as it is compared: letters and digits only, in lower case."""
    return "".join(filter(str.isalnum, column.lower()))


def fitting(header: Sequence[str]) -> list[Provider]:
    """Return the known systems whose export has such a header."""
    names = {normal(cell) for cell in header}
    return [
        each
        for each in KNOWN
        if any(mark <= names for mark in each.marks) and not each.never & names
    ]


def choose(header: Sequence[str], said: str | None) -> Provider:
    """Return whose export this is; `said` overrides what the header looks like.

    BadInput where it could be two systems', where no system is called so, and where the header is
    not that system's.
    """
    if said is not None:
        return _as_said(header, said)
    found = fitting(header)
    if len(found) > 1:
        names = " or ".join(each.name for each in found)
        raise BadInput(f"this could be from {names}: say --from with one of them, or --from csv")
    return found[0] if found else PLAIN_CSV


def _as_said(header: Sequence[str], said: str) -> Provider:
    found = [each for each in fitting(header) if family(each) == family_of(said)]
    if found:
        return found[0]
    if said not in BY_NAME:
        raise BadInput(f"no system is known as {said}; known are {', '.join(sorted(BY_NAME))}")
    chosen = BY_NAME[said]
    if "address" not in find_columns(header, chosen):
        raise BadInput(f"this is no export of {chosen.title}: it lacks its column for the address")
    return chosen


def family(provider: Provider) -> str:
    """Return the system whose several shapes belong together: substack, friday."""
    return family_of(provider.name)


def family_of(name: str) -> str:
    """Return the same of a provider's name."""
    return name.partition("-")[0]


def find_columns(header: Sequence[str], provider: Provider) -> dict[str, int]:
    """Return the place of each field the header names; the more trusted spelling wins."""
    names = [normal(cell) for cell in header]
    columns = {}
    for field_name, spellings in provider.columns.items():
        for spelling in spellings:
            if spelling in names:
                columns[field_name] = names.index(spelling)
                break
    return columns


def find_unused(header: Sequence[str], columns: Mapping[str, int]) -> tuple[str, ...]:
    """Return the columns that are not read, by their names."""
    used = set(columns.values())
    return tuple(cell[:40] for place, cell in enumerate(header) if cell and place not in used)


def notes_on_unused(unused: Sequence[str]) -> tuple[str, ...]:
    """Return what to say of columns that are not read."""
    where = [cell for cell in unused if _tells_where(normal(cell))]
    paying = [cell for cell in unused if cell not in where and _tells_paying(normal(cell))]
    others = [cell for cell in unused if cell not in where and cell not in paying]
    said = (
        ("never stored, where readers are (IP addresses, places)", where),
        ("never stored, what readers pay", paying),
        ("columns that are not read", others),
    )
    return tuple(f"{words}: {', '.join(cells)}" for words, cells in said if cells)


def _tells_where(name: str) -> bool:
    return name in _PLACES or name.endswith(("ip", "ipaddress")) or name == "timezone"


def _tells_paying(name: str) -> bool:
    return name != "memberrating" and any(word in name for word in _PAYING)
