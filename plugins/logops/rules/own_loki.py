"""A temporary Loki in one process, with its own folder and ports."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from logops.clients.loki import LokiClient, LokiUnreachableError
from logops.errors import LogopsError
from logops.toolchain import command

READY_SECONDS = 60
END_SECONDS = 20
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class OwnLokiError(LogopsError):
    """The temporary Loki did not become ready; with its last log lines."""


@contextmanager
def own_loki(folder: Path, overrides: Mapping[str, object] = _NOTHING) -> Iterator[LokiClient]:
    """Run a Loki that accepts lines of any age. Raises OwnLokiError, ToolchainError.

    overrides   limits by tenant
    """
    (folder / "overrides.yaml").write_text(yaml.safe_dump({"overrides": dict(overrides)}))
    with running_loki(folder, _config(folder), command("loki"), "all") as client:
        yield client


@contextmanager
def running_loki(
    folder: Path,
    config: Mapping[str, object],
    command: Sequence[str],
    target: str,
    variables: Mapping[str, str] = _NOTHING,
    end_s: float = END_SECONDS,
) -> Iterator[LokiClient]:
    """Run one Loki process on free ports. Its configuration and its log are in `folder`.

    variables   for the process; Loki expands them in the configuration
    end_s       time to stop; then the process is killed

    Raises OwnLokiError if it does not become ready.
    """
    port = free_port()
    (folder / "loki.yaml").write_text(yaml.safe_dump(dict(config)))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [
                *command,
                f"-config.file={folder / 'loki.yaml'}",
                "-config.expand-env=true",
                f"-target={target}",
                f"-server.http-listen-port={port}",
                f"-server.grpc-listen-port={free_port()}",
            ],
            env={**os.environ, **variables},
            stdout=log,
            stderr=log,
            # Ctrl-C ends this program, which then ends Loki.
            start_new_session=True,
        )
    client = LokiClient(f"http://127.0.0.1:{port}", retry_for=10)
    try:
        _until_ready(client, process, folder / "log")
        yield client
    finally:
        client.close()
        _end(process, end_s)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _config(folder: Path) -> dict[str, object]:
    return {
        "auth_enabled": True,
        "server": {
            "http_listen_address": "127.0.0.1",
            "grpc_listen_address": "127.0.0.1",
            "log_level": "warn",
        },
        "common": {
            "instance_addr": "127.0.0.1",
            "path_prefix": str(folder),
            "replication_factor": 1,
            "ring": {"kvstore": {"store": "inmemory"}},
            "storage": {
                "filesystem": {"chunks_directory": str(folder / "chunks"), "rules_directory": str(folder / "rules")}
            },
        },
        # Also for old lines, which are not in the store yet.
        "querier": {"query_ingesters_within": "0s"},
        "ingester": {"lifecycler": {"min_ready_duration": "0s"}, "query_store_max_look_back_period": "-1ns"},
        "schema_config": {
            "configs": [
                {
                    "from": "2024-01-01",
                    "store": "tsdb",
                    "object_store": "filesystem",
                    "schema": "v13",
                    "index": {"prefix": "index_", "period": "24h"},
                }
            ]
        },
        "limits_config": {"reject_old_samples": False, "ingestion_rate_mb": 50, "ingestion_burst_size_mb": 100},
        "runtime_config": {"file": str(folder / "overrides.yaml")},
        "tenant_limits_allow_publish": [],
        "analytics": {"reporting_enabled": False},
    }


def _end(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _until_ready(client: LokiClient, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    last_answer = ""
    while time.monotonic() < deadline and process.poll() is None:
        try:
            readiness = client.ready()
        except LokiUnreachableError as error:
            last_answer = str(error)
        else:
            if readiness.ready:
                return
            last_answer = readiness.text
        time.sleep(0.2)
    raise OwnLokiError(f"Loki is not ready: {last_answer}\n{log.read_text()[-2000:]}")
