"""Send requests to a target: one connection, kept open.

It uses http.client, because it logs nothing: a library that logs its requests would log about its own logs for ever.
"""

import http.client
import ssl
import time
from urllib.parse import urlsplit

from logops.clients.http.retries import retry_after_s
from logops.shipping.answer import Answer
from logops.shipping.errors import ShippingError
from logops.shipping.proxy import proxy_of
from logops.shipping.target import Target, Wire
from logops.wire.otlp import OTLP_HEADERS
from logops.wire.push import PUSH_HEADERS

_FORMAT_HEADERS = {Wire.PUSH: PUSH_HEADERS, Wire.OTLP: OTLP_HEADERS}
_FIRST_BYTES = 4096
"""Bytes of an answer that are kept."""


class Connection:
    """A connection to a target. For one thread."""

    def __init__(self, target: Target) -> None:
        """Does not connect yet. Raises ShippingError if the file of certificates or the proxy is not usable."""
        self._target = target
        parts = urlsplit(target.address)
        self._path = parts.path
        self._headers = {**dict(_FORMAT_HEADERS[target.wire]), **target.headers}
        self._proxy = proxy_of(target.address)
        host = self._proxy.host if self._proxy else parts.hostname or ""
        port = self._proxy.port if self._proxy else parts.port
        if parts.scheme == "https":
            self._client: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=target.timeout_s, context=_tls(target)
            )
            if self._proxy:
                # The proxy passes on bytes between the sender and the target. It cannot read them.
                self._client.set_tunnel(parts.hostname or "", parts.port, self._proxy.headers)
        else:
            self._client = http.client.HTTPConnection(host, port, timeout=target.timeout_s)
            if self._proxy:
                self._path = target.address
                self._headers |= self._proxy.headers

    def post(self, body: bytes, timeout_s: float) -> Answer:
        """Send a request once. A failure is an answer without a status."""
        is_reused = self._client.sock is not None
        try:
            try:
                return self._post(body, timeout_s)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                if not is_reused:
                    raise
                # A server may close a kept connection at any time: that says nothing about the server.
                self._client.close()
                return self._post(body, timeout_s)
        except (OSError, http.client.HTTPException) as error:
            self._client.close()
            return Answer(None, _reason(error) + (f" (through the proxy {self._proxy})" if self._proxy else ""))

    def close(self) -> None:
        self._client.close()

    def _post(self, body: bytes, timeout_s: float) -> Answer:
        timeout_s = max(0.01, min(timeout_s, self._target.timeout_s))
        self._client.timeout = timeout_s
        if self._client.sock is not None:
            self._client.sock.settimeout(timeout_s)
        self._client.request("POST", self._path, body, self._headers)
        response = self._client.getresponse()
        content = response.read()
        text = " ".join(content[:_FIRST_BYTES].decode("utf-8", "replace").split())
        requested_s = retry_after_s(response.getheader("Retry-After", ""), time.time())
        return Answer(response.status, text, requested_s, content)


def _tls(target: Target) -> ssl.SSLContext:
    if not target.verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        return ssl.create_default_context(cafile=target.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise ShippingError(
            f"Reading the certificates {target.ca_file} for {target.address}: {error}. Give a file in PEM format."
        ) from error


def _reason(error: Exception) -> str:
    """Return the operating system's message, or the name and text of the error."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and str(error):
        return error.strerror or str(error)
    return f"{type(error).__name__}: {error}".rstrip(": ")
