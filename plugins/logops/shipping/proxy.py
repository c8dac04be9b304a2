"""The HTTP proxy in front of a target, from the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from logops.clients.http.auth import BasicAuth
from logops.shipping.address import split_address
from logops.shipping.errors import ShippingError

_DEFAULT_PORT = 8080


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. No credential is in the repr."""

    host: str
    port: int
    auth: BasicAuth | None

    @property
    def headers(self) -> dict[str, str]:
        """The headers for the proxy. They contain its credential."""
        return {"Proxy-Authorization": self.auth.header} if self.auth else {}

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def proxy_of(address: str) -> Proxy | None:
    """Return the proxy in front of an address; None if there is none. This machine is never behind a proxy.

    The variables of the environment only, and not the settings of macOS: reading them after a fork kills the process.

    Raises ShippingError if the variable names a proxy that is not plain HTTP.
    """
    target = urlsplit(address)
    url = getproxies_environment().get(target.scheme, "")
    if not url or _is_this_machine(target.hostname or "") or proxy_bypass(target.netloc):
        return None
    parts = split_address(url if "://" in url else f"http://{url}")
    if parts is None or parts.scheme != "http" or not parts.hostname:
        raise ShippingError(
            f"Reading the proxy for {address} from {target.scheme.upper()}_PROXY: only proxies that speak plain HTTP "
            "are supported. Write http://HOST:PORT, or add the target's host to NO_PROXY."
        )
    auth = BasicAuth(unquote(parts.username or ""), unquote(parts.password or "")) if parts.username else None
    return Proxy(parts.hostname, parts.port or _DEFAULT_PORT, auth)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
