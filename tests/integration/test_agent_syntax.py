"""Rendered configurations, checked by the agents themselves.

Alloy and Fluent Bit cannot be installed by the project. Their tests run if the program is on PATH, or named by
LOGOPS_ALLOY or LOGOPS_FLUENT_BIT.
"""

import os
import subprocess
from pathlib import Path, PurePath
from typing import Any

import pytest

from logops.render.agents.alloy import alloy_config
from logops.render.agents.fluent_bit import fluent_bit_config
from tests.support.agent_programs import agent_program
from tests.support.environments import environment
from tests.support.every_source import ADDRESSES, every_source, sources_for_fluent_bit

SECRETS = {
    "EVENT_HUB": "Endpoint=sb://x;SharedAccessKey=a=",
    "LOKI_PASSWORD": "p",
    "LOGOPS_CONNECTION_SECURITY_STORAGE": "a2V5",
    "LOGOPS_CONNECTION_EVENT_HUB": "e",
}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env={**os.environ, **SECRETS}, capture_output=True, text=True, timeout=60)


ALLOY = {
    "every source": alloy_config(every_source("alloy"), "every", ADDRESSES),
    "every key of an agent": alloy_config(
        every_source(
            "alloy",
            redact_secrets=True,
            max_line_size="256KiB",
            labels={"region": "eu"},
            basic_auth={"username": "logops", "password": {"env": "LOKI_PASSWORD"}},
            tls={"server_name": "logs.example.com"},
        ),
        "every",
        ADDRESSES,
    ),
    "production nodes": alloy_config(environment("production"), "nodes", ADDRESSES),
}


@pytest.mark.parametrize("text", ALLOY.values(), ids=ALLOY.keys())
def test_alloy_accepts_rendered_configuration(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.alloy"
    path.write_text(text)

    answer = run(agent_program("alloy"), "validate", "--stability.level=public-preview", str(path))

    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("text", ALLOY.values(), ids=ALLOY.keys())
def test_rendered_configuration_is_formatted_as_alloy_formats(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.alloy"
    path.write_text(text)

    answer = run(agent_program("alloy"), "fmt", str(path))

    assert (answer.stdout, answer.stderr) == (text, "")


def test_alloy_refuses_unknown_key(tmp_path: Path) -> None:
    path = tmp_path / "config.alloy"
    path.write_text(ALLOY["every source"].replace("batch_wait", "batch_wiat"))

    answer = run(agent_program("alloy"), "validate", str(path))

    assert answer.returncode != 0
    assert "batch_wiat" in answer.stdout + answer.stderr


def fluent_bit(sources: dict[str, Any], **agent: Any) -> str:
    declared = environment(
        "production",
        ("sources", sources),
        ("agents", {"every": {"kind": "fluent-bit", "sources": list(sources), **agent}}),
    )
    return fluent_bit_config(declared, "every", ADDRESSES, PurePath("/var/lib/logops/every"))


FLUENT_BIT = {
    "every source": fluent_bit(sources_for_fluent_bit()),
    "every key of an agent": fluent_bit(
        sources_for_fluent_bit(),
        max_line_size="256KiB",
        labels={"region": "eu"},
        basic_auth={"username": "logops", "password": {"env": "LOKI_PASSWORD"}},
        tls={"server_name": "logs.example.com"},
        buffer={"disk": "2GiB", "memory": "64MiB"},
    ),
}
"""An archive is missing: `--dry-run` of 5.1.1 crashes with the output azure_blob, whatever its settings are."""


@pytest.mark.parametrize("text", FLUENT_BIT.values(), ids=FLUENT_BIT.keys())
def test_fluent_bit_accepts_rendered_configuration(text: str, tmp_path: Path) -> None:
    path = tmp_path / "fluent-bit.yaml"
    path.write_text(text)

    answer = run(agent_program("fluent-bit"), "--dry-run", "--config", str(path))

    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_fluent_bit_refuses_unknown_key(tmp_path: Path) -> None:
    path = tmp_path / "fluent-bit.yaml"
    path.write_text(FLUENT_BIT["every source"].replace("refresh_interval", "refresh_intervall"))

    answer = run(agent_program("fluent-bit"), "--dry-run", "--config", str(path))

    assert answer.returncode != 0
    assert "refresh_intervall" in answer.stdout + answer.stderr
