"""Where providers tell us what became of copies: ``/hooks/<provider>``, for those with a table in
the configuration and for nobody else.
"""

from collections.abc import Sequence

from fastapi import APIRouter

from digest.app import App
from digest.delivery.feedback.reach import Reach
from digest.web.hooks.hearing import Hook
from digest.web.hooks.opening import open_hooks
from digest.web.hooks.receiving import Receiver, Refusals


def routes(instance: App, hooks: Sequence[Hook] | None = None) -> APIRouter:
    """Return the routes of the providers that are configured, or of those given; ConfigError for a
    secret that is none.
    """
    router = APIRouter()
    for hook in open_hooks(instance) if hooks is None else hooks:
        reach = Reach.of(hook.relays, instance.config)
        refusals = Refusals(hook.provider, instance.clock)
        receiver = Receiver(instance, hook, reach, refusals)
        path = f"/hooks/{hook.path}"
        router.add_api_route(path, receiver.look, methods=["HEAD"])
        router.add_api_route(path, receiver.receive, methods=["POST"])
    return router
