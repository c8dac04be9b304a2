"""Write loki.json and promtail.json: the keys that these programs know, read from their output.

    python -m logops.doctor.keys.generate LOKI PROMTAIL

A program prints its configuration with `-print-config-stderr`, but leaves out empty keys. A seed file sets those keys:
the program knows every key of the seed that it accepts.
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
"""Paths of blocks whose keys are not checked: Prometheus defines most of them, and pipeline stages are free-form."""

PROGRAMS: dict[str, list[str]] = {
    "loki": ["-verify-config"],
    # Promtail has no such flag. An invalid address stops it directly after it has printed.
    "promtail": ["-server.http-listen-address=256.0.0.1"],
}

Keys = dict[str, Any]
"""A key -> the keys below it, or None if any value is allowed. ANY is a name that the user chooses."""


def read_keys(program: Path, seed: Path, flags: list[str]) -> Keys:
    """Return the keys that a program knows. Raises ValueError with its output if it printed no configuration."""
    command = [str(program), f"-config.file={seed}", "-print-config-stderr", *flags]
    output = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stderr
    printed = "\n".join(line for line in output.splitlines() if not line.startswith("level="))
    if not printed.startswith("---"):
        raise ValueError(f"{program} printed no configuration for {seed}: {output[-2000:]}")
    keys: Keys = merge(keys_of(yaml.safe_load(printed)), keys_of(yaml.safe_load(seed.read_text(encoding="utf-8"))))
    return keys


def keys_of(value: Any, path: str = "") -> Any:
    """Return the keys in a value. The keys of all elements of a list are merged."""
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


def merge(keys: Any, other_keys: Any) -> Any:
    """Return the keys of both trees."""
    if not (isinstance(keys, dict) and isinstance(other_keys, dict)):
        return keys or other_keys
    return {key: merge(keys.get(key), other_keys.get(key)) for key in sorted({*keys, *other_keys})}


def data_file(name: str) -> Path:
    """Return the file with the keys of a program."""
    return KEYS_DIR / f"{name}.json"


def main(*programs: str) -> None:
    for program in map(Path, programs):
        keys = read_keys(program, KEYS_DIR / f"{program.name}-seed.yaml", PROGRAMS[program.name])
        data_file(program.name).write_text(json.dumps(keys, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
