"""When two URLs are the same article: `canonical_url` is what the inbox keeps apart by. Pure."""

from urllib.parse import urlsplit, urlunsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
TRACKING_PREFIXES = ("utm_", "mtm_", "pk_", "hsa_", "at_medium", "at_campaign", "wt_mc", "wt.mc")
# What advertising networks and mailers add to a link; none of them says which article it is.
TRACKING = frozenset(
    {
        *("fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "twclid", "ttclid"),
        *(
            "igshid",
            "igsh",
            "yclid",
            "ysclid",
            "mc_cid",
            "mc_eid",
            "mkt_tok",
            "_ga",
            "_gl",
            "_hsenc",
        ),
        *(
            "_hsmi",
            "oly_anon_id",
            "oly_enc_id",
            "vero_id",
            "s_cid",
            "cmpid",
            "__twitter_impression",
        ),
    }
)


def canonical_url(url: str) -> str:
    """Return an absolute http(s) URL without what does not name the article.

    Host in lower case, no fragment, no default port, no tracking parameter; other parameters keep
    their order, their case and their encoding. Doing it twice changes nothing.
    """
    parts = urlsplit(url.strip())
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _tracks(pair))
    return urlunsplit(
        (parts.scheme, _netloc(parts.netloc, parts.scheme), parts.path or "/", query, "")
    )


def _tracks(pair: str) -> bool:
    name = pair.partition("=")[0].lower()
    return name in TRACKING or name.startswith(TRACKING_PREFIXES)


def _netloc(netloc: str, scheme: str) -> str:
    return netloc.lower().removesuffix(f":{DEFAULT_PORTS.get(scheme, '')}").removesuffix(":")
