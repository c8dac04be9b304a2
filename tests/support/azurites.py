"""A real Azurite with one account."""

import os
import socket
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from logops.toolchain import command
from tests.support.waiting import wait_for

ACCOUNT = "mainaccount"
KEY = b64encode(b"k" * 64).decode()
LISTENS_WITHIN_S = 60


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def azurite(folder: Path, port: int = 0) -> Iterator[str]:
    """Run an Azurite that stores its blobs in a folder. Yields the endpoint of its account.

    port   default: a free one
    """
    port = port or free_port()
    arguments = ["--skipApiVersionCheck", "--silent", "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command("azurite"), *arguments, "--location", str(folder)],
            env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"},
            stdout=log,
            stderr=log,
        )
    try:
        until_listening(port, process, folder / "log")
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"
    finally:
        # On SIGTERM, Azurite first waits for every connection to end. Its data are not needed, so kill it.
        process.kill()
        process.wait()


def until_listening(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    wait_for(lambda: listens(port) or process.poll() is not None, LISTENS_WITHIN_S)
    assert process.poll() is None, (
        f"{process.args} ended instead of listening on port {port}:\n{log.read_text()[-2000:]}"
    )


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
