"""The page in Airflow: behind Airflow's login, below `/logops-page`, and in the menu as "Log platform".

Every route needs a login (`protected_app`). It only reads. Whose data a reader sees is decided in `report.readers`.
"""

import gzip
import logging
import time
from datetime import UTC, datetime
from functools import cache
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from logops.airflow.nightly import environments, nightly
from logops.airflow.page_address import PREFIX, URL_ROUTE
from logops.airflow.protected_app import ProtectedApp, headers, protected

if TYPE_CHECKING:
    from fastapi import FastAPI

    from logops.environment import Environment
    from logops.findings.store import ResultsStore
    from logops.report.cache import PageCache
    from logops.report.section import Shown

_ICON = (
    "data:image/svg+xml,"
    "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='{colour}' stroke-width='2' "
    "stroke-linecap='round'%3E%3Cpath d='M4 6h16M4 12h10M4 18h5M15 17l2.5 2.5L22 14'/%3E%3C/svg%3E"
)
VIEW = {
    "name": "Log platform",
    # Relative: the address of Airflow's own page may have a path before it.
    "href": f"{PREFIX.removeprefix('/')}/",
    "url_route": URL_ROUTE,
    "destination": "nav",
    "nav_top_level": True,
    "icon": _ICON.format(colour="%23445"),
    "icon_dark_mode": _ICON.format(colour="%23dde"),
}
_HEADERS = headers("frame-ancestors 'self'")


def _app() -> "FastAPI":
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view

    return protected(
        requires_access_view(AccessView.PLUGINS),
        "Your role in Airflow may not read plugins.",
        _HEADERS,
        _add_routes,
        lambda: f"There is no such page. These environments have one: {', '.join(_names())}.",
    )


APP = ProtectedApp(_app)


def _add_routes(app: "FastAPI") -> None:
    from airflow.api_fastapi.core_api.security import GetUserDep
    from fastapi import Request
    from fastapi.exceptions import HTTPException
    from fastapi.responses import HTMLResponse, RedirectResponse, Response

    # Plain functions: Airflow's server runs them in threads, so a slow results store blocks nobody else.
    @app.get("/")
    def start() -> Response:
        return RedirectResponse(f"./{_default()}", headers=_HEADERS)

    @app.get("/{name}")
    def page(name: str, user: GetUserDep, request: Request) -> Response:
        if name not in _names():
            raise HTTPException(404, f"There is no environment {name}. These have a page: {', '.join(_names())}.")
        content = _page(name, user)
        varying = {**_HEADERS, "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return HTMLResponse(gzip.decompress(content), headers=varying)
        return HTMLResponse(content, headers={**varying, "Content-Encoding": "gzip"})


def _page(name: str, user: Any) -> bytes:
    """Return the page of an environment as this user may see it, compressed."""
    from fastapi.exceptions import HTTPException

    from logops.airflow.operators.work import read_environment, results_store
    from logops.errors import LogopsError

    try:
        environment = read_environment(name)
        store = results_store(environment)
        now = datetime.now(UTC).replace(microsecond=0)
        return _pages().page(store, environment, now, _shown(environment.page, user))
    except LogopsError as error:
        # Not in the answer: the message may name what this reader must not see.
        logging.getLogger(__name__).exception("Making the page of %s failed", name)
        raise HTTPException(
            503,
            f"The page of {name} could not be made: its file or its results could not be read "
            f"({type(error).__name__}). "
            f"`logops check {name}` and `logops findings list {name}` say why, as does the log of the API server.",
        ) from None


def _shown(page: Any, user: Any) -> "Shown":
    from logops.report.readers import shown_to

    return shown_to(page, str(user.get_id()), roles_of(user))


def roles_of(user: Any) -> list[str]:
    """Return the names of a user's roles, as the simple auth manager and FAB keep them. Unknown: none.

    >>> from types import SimpleNamespace as User
    >>> roles_of(User(role="viewer")), roles_of(User(roles=[User(name="Op"), User(name="security")])), roles_of(User())
    (['viewer'], ['Op', 'security'], [])
    """
    role = getattr(user, "role", None)
    names = [role, *(getattr(each, "name", None) for each in getattr(user, "roles", None) or ())]
    return [name for name in names if isinstance(name, str)]


@cache
def _pages() -> "PageCache":
    from logops.report.cache import RENEW_EVERY_S, PageCache
    from logops.report.page import Links, build, html

    def render(store: "ResultsStore", environment: "Environment", now: datetime, shown: "Shown") -> str:
        names = _names()
        others = tuple((name, quote(name)) for name in names) if len(names) > 1 else ()
        return html(build(store, environment, now, shown), Links(environments=others))

    pages = PageCache(render)

    def renew() -> None:
        while True:
            time.sleep(RENEW_EVERY_S)
            pages.renew(datetime.now(UTC).replace(microsecond=0))

    Thread(target=renew, name="logops page", daemon=True).start()
    return pages


def _names() -> list[str]:
    from logops.toolchain import project_root

    return environments(project_root())


def _default() -> str:
    return nightly(_names())
