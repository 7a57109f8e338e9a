"""Signing up: what the newsletter is, the form, and its privacy policy.

The form writes down what was asked for and nothing else, for whatever address: every answer is the
same page, after the same work. A form that comes without our stamp, from another site or faster
than a person types, is shown once more with a fresh one; nobody is refused.
"""

from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from digest.app import App
from digest.correspondence.asking import Answer, ask_by_form
from digest.correspondence.rhythm import when_it_comes
from digest.correspondence.terms import policy_of
from digest.errors import BadInput, NotFound
from digest.models import RequestKind
from digest.subscribers.addresses import ParsedAddress, parse_address
from digest.subscribers.door.limits import network_of
from digest.subscribers.door.requests import Asked
from digest.tokens import Passing
from digest.web.forms import Form, PostedForm, visitor_address
from digest.web.pages import Pages
from digest.web.reader.offer import Offer, Offers, find_offer, find_preview
from digest.web.reader.stamps import make_stamp, read_stamp

TRAP = "homepage"  # a field that people do not see, and that machines fill in
OUR_FRAMES = "frame-src 'self'"  # the latest issue is shown in one
AGAIN_AFTER = "600"  # seconds, for those who are asked to come later


@dataclass(frozen=True, slots=True)
class Typed:
    """What a visitor has typed so far."""

    address: str = ""
    name: str = ""
    error: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class SignupPages:
    """The handlers of signing up; NotFound for a newsletter that there is not, ConfigError when its
    privacy policy cannot be read.
    """

    instance: App
    pages: Pages
    offers: Offers

    def show(self, slug: str) -> Response:
        """Show what a newsletter is, and the form."""
        offer = find_offer(self.instance, self.pages, slug)
        if not offer.configured.signup.open:
            return self.pages.show("signup_closed.html", offer.masthead)
        return self._form("signup.html", offer, Typed())

    def privacy(self, slug: str) -> Response:
        """Show the privacy policy's own text."""
        offer = find_offer(self.instance, self.pages, slug)
        policy = policy_of(offer.configured)
        if policy is None or policy.text is None:
            raise NotFound("there is no policy to show")
        paragraphs = [part.strip() for part in policy.text.split("\n\n") if part.strip()]
        return self.pages.show("privacy.html", offer.masthead, paragraphs=paragraphs)

    async def ask(self, slug: str, request: Request, form: Form) -> Response:
        """Keep a request to join; answer with the same page whomever it is about."""
        offer, done = await self.offers.find(slug)
        if not offer.configured.signup.open:
            return self.pages.show("signup_closed.html", offer.masthead, status=403)
        now, signer = self.instance.clock.now(), self.instance.signer
        typed = Typed(form.text("address"), form.text("name"))
        stamp = read_stamp(signer, offer.stamped, form.text("stamp"), now)
        if stamp is None:
            return await run_in_threadpool(self._form, "signup_again.html", offer, typed)
        if form.text(TRAP):
            return done
        return await self._judge(offer, typed, stamp, request, form) or done

    async def _judge(
        self, offer: Offer, typed: Typed, stamp: Passing, request: Request, form: PostedForm
    ) -> Response | None:
        """Keep what is well asked for; return a page where it is not."""
        try:
            parsed = parse_address(typed.address)
        except BadInput:
            error = offer.words.gettext("This is not an e-mail address. Is a character missing?")
            wrong = Typed(typed.address, typed.name, error=error)
            return await run_in_threadpool(self._form, "signup.html", offer, wrong, status=422)
        watched = offer.configured.signup.watched_providers
        if is_watched(parsed, watched) and not form.text("anyway"):
            # The stamp is not used up, and old enough for the next press.
            held = form.text("stamp")
            return await run_in_threadpool(
                self._form, "signup_advice.html", offer, typed, stamp=held
            )
        return await self._keep(offer, typed, stamp, request)

    async def _keep(
        self, offer: Offer, typed: Typed, stamp: Passing, request: Request
    ) -> Response | None:
        app = self.instance
        host = visitor_address(request, app.config.web.trusted_proxies)
        network = app.sealer.network(network_of(host))
        asked, now = _asked(offer, typed, network), app.clock.now()
        answer = await app.db.write_together(
            lambda session: ask_by_form(
                session,
                app.correspondent,
                offer.configured,
                asked,
                stamp=stamp,
                network=network,
                now=now,
            )
        )
        if answer is Answer.SPENT:
            return await run_in_threadpool(self._form, "signup_again.html", offer, typed)
        if answer is Answer.TOO_MANY:
            busy = self.pages.show("signup_busy.html", offer.masthead, status=429)
            busy.headers["Retry-After"] = AGAIN_AFTER
            return busy
        return None

    def _form(
        self, template: str, offer: Offer, typed: Typed, *, status: int = 200, stamp: str = ""
    ) -> Response:
        configured, language = offer.configured, offer.masthead.language
        preview = find_preview(self.instance, offer)
        fresh = make_stamp(self.instance.signer, offer.stamped, self.instance.clock.now())
        return self.pages.show(
            template,
            offer.masthead,
            status=status,
            policy=OUR_FRAMES if preview else "",
            offer=offer,
            preview=preview,
            when=when_it_comes(offer.words, configured, language),
            typed=typed,
            trap=TRAP,
            stamp=stamp or fresh,
        )


def _asked(offer: Offer, typed: Typed, network: bytes) -> Asked:
    policy = offer.terms.policy
    return Asked(
        RequestKind.JOIN,
        offer.newsletter_id,
        typed.address,
        "sign-up page",
        name=typed.name or None,
        network=network.hex(),
        wording=offer.terms.wording,
        policy=policy.text if policy else None,
        policy_version=policy.version if policy else None,
    )


def is_watched(parsed: ParsedAddress, providers: list[str]) -> bool:
    """Tell whether an address is at one of these providers, or at a domain below one of theirs."""
    domain = parsed.ascii_domain
    return any(domain == each or domain.endswith(f".{each}") for each in providers)


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of signing up."""
    signup = SignupPages(instance, pages, Offers(instance, pages))
    router = APIRouter()
    looks = ["GET", "HEAD"]
    router.add_api_route("/n/{slug}", signup.show, methods=looks)
    router.add_api_route("/n/{slug}", signup.ask, methods=["POST"])
    router.add_api_route("/n/{slug}/privacy", signup.privacy, methods=looks)
    return router
