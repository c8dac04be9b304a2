"""The record of a drill: what it broke, written down before it is broken, until all is repaired and gone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from logops.platforms.local import LocalPlatform
from logops.platforms.local.atomic import write_text
from logops.quickstart.drill.faults import Fault, from_json, to_json
from logops.quickstart.errors import DrillRefusedError
from logops.toolchain.progress import State
from logops.toolchain.progress_board import Board

_REPAIR_SECONDS = 15.0


@dataclass(frozen=True)
class DrillRecord:
    """A drill that has begun and has not ended."""

    name: str
    """`drill-silent-source-20261128T233000Z`."""
    scenario: str
    faults: tuple[Fault, ...]
    is_repaired: bool = False
    """Whether only the proof is missing that the findings are gone."""


def record_file(state: Path) -> Path:
    """Return the path of the record below the state folder of an environment."""
    return state / "drill" / "record.json"


def read_record(state: Path) -> DrillRecord | None:
    """Return the record of a drill that has not ended; None: there is none. Raises DrillRefusedError."""
    file = record_file(state)
    try:
        content: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        faults = tuple(map(from_json, content["faults"]))
        return DrillRecord(content["name"], content["scenario"], faults, content["is_repaired"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DrillRefusedError(
            f"Reading the record of an unfinished drill, {file}: {type(error).__name__}: {error}. "
            "What it broke is not known: look at `logops drift` and `logops findings list`, then remove the file."
        ) from error


def write_record(state: Path, record: DrillRecord) -> None:
    """Write the record in one step. Raises PlatformError if the disk is full."""
    content = {
        "name": record.name,
        "scenario": record.scenario,
        "faults": [to_json(fault) for fault in record.faults],
        "is_repaired": record.is_repaired,
    }
    write_text(record_file(state), json.dumps(content, indent=2) + "\n", mode=0o600)


def remove_record(state: Path) -> None:
    """Remove the record: the drill has ended."""
    record_file(state).unlink(missing_ok=True)


def repair(platform: LocalPlatform, record: DrillRecord, board: Board) -> None:
    """Repair everything that a drill broke, the last fault first, and write down that it is repaired."""
    for fault in reversed(record.faults):
        with board.step(f"repair: {fault.steps[1]}", _REPAIR_SECONDS) as step:
            fault.repair(platform, lambda line, step=step: step.report(State.RUNNING, line))  # type: ignore[misc]
    write_record(platform.state, replace(record, is_repaired=True))


def repair_unfinished(platform: LocalPlatform, board: Board) -> DrillRecord | None:
    """Repair what an interrupted drill broke. Return its record; None: there is none.

    The record stays: the checks must still show that nothing is left.
    """
    record = read_record(platform.state)
    if record and not record.is_repaired:
        board.say(f"The drill {record.name} was interrupted. Repairing what it broke:")
        repair(platform, record, board)
    return record
