"""A link to the settings, asked for: by an address that somebody types, or from a mail's own link.

All that a page does is to keep the request; whether there is anybody to write to is found out by
whoever answers it. What limits it is how much comes from one network, and from everywhere.
"""

from fastapi import Request, Response

from digest.app import App
from digest.correspondence.limits import form_limits
from digest.models import RequestKind
from digest.subscribers.door.limits import allow, network_of
from digest.subscribers.door.requests import Asked, put_request
from digest.web.forms import visitor_address
from digest.web.pages import Masthead, Pages
from digest.web.reader.signup import AGAIN_AFTER


def ask_for_settings(
    instance: App,
    request: Request,
    *,
    newsletter_id: int,
    address: str,
    language: str | None,
    origin: str,
) -> bool:
    """Keep a request for a link to the settings; False when too many have come. BadInput for what
    is no address.
    """
    network = network_of(visitor_address(request, instance.config.web.trusted_proxies))
    key = instance.sealer.network(network)
    wish = Asked(
        kind=RequestKind.SETTINGS,
        newsletter_id=newsletter_id,
        address=address,
        origin=origin,
        language=language,
        network=key.hex(),
    )
    now = instance.clock.now()
    with instance.db.write() as session:
        reached = allow(session, form_limits(instance.config.limits, key), now)
        if reached is None:
            put_request(session, instance.sealer, wish, now)
    return reached is None


def asked(pages: Pages, masthead: Masthead, *, allowed: bool) -> Response:
    """Return the page after asking, the same for everybody; another when too many have come."""
    if allowed:
        return pages.show("settings_mailed.html", masthead)
    busy = pages.show("signup_busy.html", masthead, status=429)
    busy.headers["Retry-After"] = AGAIN_AFTER
    return busy
