"""Commands on an environment on Azure, on a machine without an Azure identity. The real SDK runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NO_IDENTITY = (
    "this machine has no Azure identity: run `az login`, set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, "
    "or use a pod or VM that has one."
)
RESULTS = f"logging in to the results store of production: {NO_IDENTITY}"
ACCOUNT = f"logging in to storage account oversightmonitoring: {NO_IDENTITY}"


def logops(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as a user who has never logged in to Azure, on a machine without a managed identity."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
    return subprocess.run(
        [sys.executable, "-c", "from logops.cli import main; main()", *arguments],
        # No metadata service answers there, as on a machine outside of Azure.
        env={
            **variables,
            "HOME": str(home),
            "PATH": os.defpath,
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("audit retention production", RESULTS),
        ("audit compaction production --json", RESULTS),
        ("audit tiering production --no-record", ACCOUNT),
        ("audit explain production", ACCOUNT),
        ("audit usage production", RESULTS),
        ("bench run production", RESULTS),
        ("bench history production", RESULTS),
        ("bench runs production", RESULTS),
    ],
)
def test_missing_login_is_reported_in_one_sentence_without_text_of_the_sdk(
    command: str, sentence: str, tmp_path: Path
) -> None:
    ended = logops(tmp_path, *command.split())
    assert (ended.stdout, ended.stderr) == ("", f"{sentence}\n")
    assert ended.returncode == 2


def test_lifecycle_shows_declared_rules_without_a_login(tmp_path: Path) -> None:
    ended = logops(tmp_path, "lifecycle", "show", "production")

    assert "tierToCold after 90 d" in ended.stdout
    assert (
        f"monitoring: reading the lifecycle policy of storage account oversightmonitoring: {NO_IDENTITY}"
        in ended.stdout
    )
    assert (ended.returncode, ended.stderr) == (1, "")
