"""The page in Airflow: behind Airflow's login, below `/logops-page`, and in the menu as "Log platform".

Airflow does not protect the applications of plugins, so this one asks for a login on every route, also on those that do
not exist. It only reads. Whose data a reader sees is decided in `report.readers`.
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
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_MESSAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Log platform</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }}</style>
</head><body><h1>{title}</h1><p>{text}</p></body></html>
"""
_KEEP_HASH = "<script>document.querySelector('a').href += encodeURIComponent(location.hash)</script>"
"""The server does not get the part after `#`, which names the finding: the login must return to it."""


class PageApp:
    """The ASGI application of the page. It is made with the first request, because every task loads the plugin."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await _app()(scope, receive, send)


@cache
def _app() -> "FastAPI":
    """Return the application. Every route needs a login: the last one is for all paths that do not exist."""
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_view
    from fastapi import Depends, FastAPI, Request
    from fastapi.exceptions import HTTPException
    from fastapi.responses import HTMLResponse, RedirectResponse, Response

    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(requires_access_view(AccessView.PLUGINS))],
    )

    # Plain functions: Airflow's server runs them in threads, so a slow results store blocks nobody else.
    @app.get("/")
    def start() -> Response:
        return RedirectResponse(f"./{_default()}", headers=_HEADERS)

    @app.get("/{name}")
    def page(name: str, user: GetUserDep, request: Request) -> Response:
        if name not in _names():
            raise HTTPException(404, f"There is no environment {name}. These have a page: {', '.join(_names())}.")
        content = _page(name, user)
        headers = {**_HEADERS, "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return HTMLResponse(gzip.decompress(content), headers=headers)
        return HTMLResponse(content, headers={**headers, "Content-Encoding": "gzip"})

    @app.api_route("/{path:path}", methods=_METHODS)
    def nothing(path: str) -> Response:
        raise HTTPException(404, f"There is no such page. These environments have one: {', '.join(_names())}.")

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        return HTMLResponse(_refusal(request, error), error.status_code, headers=_HEADERS)

    return app


def _refusal(request: Any, error: Any) -> str:
    """Return a page that says why the reader does not see the page of an environment, and what to do."""
    from airflow.api_fastapi.app import get_auth_manager
    from markupsafe import Markup, escape

    if error.status_code == 401:
        address = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        login = get_auth_manager().get_url_login()
        link = Markup('<a href="{}?next={}" target="_top">Log in to Airflow</a>').format(login, quote(address, safe=""))
        return _MESSAGE.format(title="Log in first", text=f"{link}. Then this page opens.{_KEEP_HASH}")
    if error.status_code == 403:
        text = "Your role in Airflow may not read plugins. Ask an administrator of Airflow for that permission."
        return _MESSAGE.format(title="You may not see this page", text=text)
    return _MESSAGE.format(title="The page cannot be shown", text=escape(error.detail))


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
