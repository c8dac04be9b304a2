"""Applications of the plugin that ask for a permission on every route, also on those that do not exist.

Airflow does not protect the applications of plugins.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from fastapi import FastAPI

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_MESSAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{title}</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }}</style>
</head><body><h1>{title}</h1><p>{text}</p></body></html>
"""
_KEEP_HASH = "<script>document.querySelector('a').href += encodeURIComponent(location.hash)</script>"
"""The server does not get the part after `#`, which may name a finding: the login must return to it."""


class ProtectedApp:
    """An ASGI application. It is made with the first request, because every task loads the plugin.

    make   returns the application
    """

    def __init__(self, make: "Callable[[], FastAPI]") -> None:
        self._make = make

    @cached_property
    def _app(self) -> "FastAPI":
        return self._make()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self._app(scope, receive, send)


def headers(content_security_policy: str) -> dict[str, str]:
    """Return the headers of every answer: it is kept in no cache, and its address is told to nobody."""
    return {
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": content_security_policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def protected(
    permission: Callable[..., Any],
    forbidden: str,
    answer_headers: dict[str, str],
    add_routes: "Callable[[FastAPI], None]",
    nothing: Callable[[], str],
) -> "FastAPI":
    """Return an application whose routes all need a permission.

    permission   a dependency of Airflow that raises HTTPException
    forbidden    what a reader without it is told
    nothing      what is said of a path that does not exist
    """
    from fastapi import Depends, FastAPI, Request
    from fastapi.exceptions import HTTPException
    from fastapi.responses import HTMLResponse

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(permission)])
    add_routes(app)

    # The last route is for all paths that do not exist: without it, they would be answered without a login.
    @app.api_route("/{path:path}", methods=[*METHODS])
    def no_such_path(path: str) -> None:
        raise HTTPException(404, nothing())

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> HTMLResponse:
        return HTMLResponse(_refusal(request, error, forbidden), error.status_code, headers=answer_headers)

    return app


def _refusal(request: Any, error: Any, forbidden: str) -> str:
    """Return a page that says why the reader does not see the page, and what to do."""
    from airflow.api_fastapi.app import get_auth_manager
    from markupsafe import Markup, escape

    if error.status_code == 401:
        address = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        login = get_auth_manager().get_url_login()
        link = Markup('<a href="{}?next={}" target="_top">Log in to Airflow</a>').format(login, quote(address, safe=""))
        return _MESSAGE.format(title="Log in first", text=f"{link}. Then this page opens.{_KEEP_HASH}")
    if error.status_code == 403:
        text = f"{forbidden} Ask an administrator of Airflow for that permission."
        return _MESSAGE.format(title="You may not see this page", text=text)
    return _MESSAGE.format(title="The page cannot be shown", text=escape(error.detail))
