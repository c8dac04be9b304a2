"""The pods behind a headless Kubernetes service: its name resolves to the address of each."""

import socket
from urllib.parse import urlsplit


def pod_urls(name: str, service_url: str) -> dict[str, str]:
    """Return the URL of each pod of a service, by `NAME-ADDRESS`.

    If the name does not resolve, return the URL of the service by `NAME`: reading from it fails, and says why.
    """
    url = urlsplit(service_url)
    try:
        found = socket.getaddrinfo(url.hostname, url.port, type=socket.SOCK_STREAM)
    except OSError:
        return {name: service_url}
    addresses = sorted({str(address[0]) for *_, address in found})
    port = f":{url.port}" if url.port else ""
    return {
        f"{name}-{address}": f"{url.scheme}://{f'[{address}]' if ':' in address else address}{port}{url.path}"
        for address in addresses
    }
