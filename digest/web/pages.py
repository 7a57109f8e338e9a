"""Renders a page template into an answer."""

from fastapi.responses import HTMLResponse
from jinja2 import Environment


class Pages:
    """The reader pages' templates."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def show(self, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """Return a rendered page with its status."""
        return HTMLResponse(self._environment.get_template(template).render(**values), status)
