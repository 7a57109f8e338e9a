"""The front page: which newsletters one can subscribe to here."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from digest.app import App
from digest.config import Config, NewsletterConfig
from digest.errors import NotFound
from digest.web.pages import NOBODYS, Pages


@dataclass(frozen=True, slots=True)
class FrontPage:
    """The handler of the list; NotFound where nothing is offered."""

    instance: App
    pages: Pages

    def show(self, request: Request) -> Response:
        """List the newsletters that are open to everybody, each with the link to its page."""
        config, host = self.instance.config, request.headers.get("host", "")
        offered = offered_at(config, host)
        if not offered:
            raise NotFound("no newsletter is offered here")
        links = [(page_link(config, each, host), each) for each in offered]
        speaking = NOBODYS.speaking(offered[0].language)
        return self.pages.show("newsletters.html", speaking, offered=links)


def offered_at(config: Config, host: str) -> list[NewsletterConfig]:
    """Return the open newsletters that the host of a request may list: never a guarded one.

    Where there are guarded newsletters, a host lists only what has its pages there: under a neutral
    name nothing may say which newsroom it belongs to.
    """
    offered = [each for each in config.newsletters if each.signup.open and not each.guarded]
    if any(each.guarded for each in config.newsletters):
        offered = [each for each in offered if is_at(config, each, host)]
    return offered


def is_shown_at(config: Config, slug: str, host: str) -> bool:
    """Tell whether the host of a request may show a newsletter's pages: any may, unless there are
    guarded newsletters. Their neutral hosts are as good as named once they show another newsletter
    of the same newsroom, and so are they by their own page at a host of the newsroom's.
    """
    if not any(each.guarded for each in config.newsletters):
        return True
    asked = next((each for each in config.newsletters if each.slug == slug), None)
    return asked is None or is_at(config, asked, host)


def page_link(config: Config, newsletter: NewsletterConfig, host: str) -> str:
    """Return the link to a sign-up page; one that stays on this host where its pages are here."""
    site = config.site_of(newsletter)
    start = urlsplit(site).path if is_at(config, newsletter, host) else site
    return f"{start}/n/{newsletter.slug}"


def is_at(config: Config, newsletter: NewsletterConfig, host: str) -> bool:
    """Tell whether a request's Host header names where a newsletter has its pages, or a mirror of
    them.
    """
    asked = name_of(host)
    sites = (config.site_of(newsletter), *newsletter.page_mirrors)
    return asked is not None and asked in {urlsplit(site).hostname for site in sites}


def name_of(host: str) -> str | None:
    """Return the name in a request's Host header, without its port; None where there is none."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the route of the list."""
    router = APIRouter()
    router.add_api_route("/", FrontPage(instance, pages).show, methods=["GET", "HEAD"])
    return router
