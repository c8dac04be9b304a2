"""Writes the keys that Loki and Promtail know, as the programs themselves print them.

    python -m logops.doctor.keys.generate LOKI PROMTAIL

A program prints its whole configuration with `-print-config-stderr`, but leaves out what is empty. It is given a
seed that sets those keys; what the program accepted in the seed, it knows.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

KEYS_DIR = Path(__file__).parent

ANY_VALUE = re.compile(
    r"(.*\.)?(client|clients\.ANY|ruler_remote_write_config\.ANY|\w*relabel_configs|http_client_config"
    r"|ruler_alertmanager_config|ruler_remote_write_sigv4_config|pipeline_stages|\w+_sd_configs|tls_config)"
)
"""Blocks of Prometheus and stages: their keys are not Loki's, and nothing is said about what stands in them."""

PROGRAMS: dict[str, list[str]] = {
    "loki": ["-verify-config"],
    # Promtail has no such flag; an address that nobody has stops it right after it printed.
    "promtail": ["-server.http-listen-address=256.0.0.1"],
}

Keys = dict[str, Any]
"""A key to the keys below it; None where any value may stand. ANY is a name that the user chooses."""


def read_keys(program: Path, seed: Path, flags: list[str]) -> Keys:
    """The keys that a program knows. Raises ValueError with what it said where it printed no configuration."""
    command = [str(program), f"-config.file={seed}", "-print-config-stderr", *flags]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stderr
    printed = "\n".join(line for line in said.splitlines() if not line.startswith("level="))
    if not printed.startswith("---"):
        raise ValueError(f"{program} printed no configuration for {seed}: {said[-2000:]}")
    keys: Keys = merge(keys_of(yaml.safe_load(printed)), keys_of(yaml.safe_load(seed.read_text(encoding="utf-8"))))
    return keys


def keys_of(value: Any, path: str = "") -> Any:
    """The keys in a value; those of all elements together for a list."""
    if ANY_VALUE.fullmatch(path):
        return None
    if isinstance(value, list):
        keys: Any = None
        for element in value:
            keys = merge(keys, keys_of(element, path))
        return keys
    if isinstance(value, dict) and value:
        return {key: keys_of(inner, f"{path}.{key}" if path else key) for key, inner in value.items()}
    return None


def merge(one: Any, other: Any) -> Any:
    """Keys of both."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return one or other
    return {key: merge(one.get(key), other.get(key)) for key in sorted({*one, *other})}


def data_file(name: str) -> Path:
    """Where the keys of a program are kept."""
    return KEYS_DIR / f"{name}.json"


def main(*programs: str) -> None:
    for program in map(Path, programs):
        keys = read_keys(program, KEYS_DIR / f"{program.name}-seed.yaml", PROGRAMS[program.name])
        data_file(program.name).write_text(json.dumps(keys, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
