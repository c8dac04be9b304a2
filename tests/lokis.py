"""One Loki in one process, on folders of its own."""

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import yaml

from logops.loki import LokiClient, LokiUnreachable
from logops.toolchain import command

READY_WITHIN_S = 60


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def config(folder: Path, http_port: int) -> dict[str, object]:
    return {
        "auth_enabled": True,
        "server": {
            "http_listen_address": "127.0.0.1",
            "http_listen_port": http_port,
            "grpc_listen_address": "127.0.0.1",
            "grpc_listen_port": free_port(),
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
        # Also for lines of months ago, which are not in the store yet.
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


@contextmanager
def running_loki(folder: Path, tenants: Mapping[str, object] = MappingProxyType({})) -> Iterator[LokiClient]:
    """It takes lines of any age. A tenant `limited` has a retention of its own, others the limits of `tenants`."""
    port = free_port()
    overrides = {"limited": {"retention_period": "2160h"}, **tenants}
    (folder / "overrides.yaml").write_text(yaml.safe_dump({"overrides": overrides}))
    (folder / "loki.yaml").write_text(yaml.safe_dump(config(folder, port)))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command("loki"), f"-config.file={folder / 'loki.yaml'}", "-target=all"], stdout=log, stderr=log
        )
    client = LokiClient(f"http://127.0.0.1:{port}", retry_for=10)
    try:
        until_ready(client, process, folder / "log")
        yield client
    finally:
        client.close()
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def until_ready(client: LokiClient, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    seen = ""
    while time.monotonic() < deadline and process.poll() is None:
        try:
            readiness = client.ready()
        except LokiUnreachable as error:
            seen = str(error)
        else:
            if readiness.ready:
                return
            seen = readiness.text
        time.sleep(0.2)
    raise AssertionError(f"Loki is not ready: {seen}\n{log.read_text()[-2000:]}")
