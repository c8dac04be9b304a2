"""Compare the files that Airflow runs, DAGs and the package logops, with those of the checkout."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import unified_diff
from pathlib import Path

from logops.drift.evidence import shown
from logops.findings import Finding, Subject
from logops.findings.classes.drift import CONFIG_DRIFT, VERSION_SKEW
from logops.number_text import count_text

_VERSION = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)
_REMEDY = (
    "Deploy the same commit to Airflow and to its workers: the image, or the folder that they mount. If a file was "
    "changed in the checkout on purpose, commit it and deploy it."
)


@dataclass(frozen=True, slots=True)
class AirflowFiles:
    """The files that Airflow runs, or those of a checkout."""

    dags: Path
    package: Path
    """The folder of the package logops."""


def of_checkout(root: Path) -> AirflowFiles:
    """Return the files of a checkout."""
    return AirflowFiles(root / "dags", root / "plugins/logops")


def airflow_findings(
    deployed: AirflowFiles, checkout: AirflowFiles, environment: str, as_of: datetime
) -> list[Finding]:
    """Return the DAG files that differ, and the package if its version or a file differs. Raises OSError."""
    return [
        *_changed_dags(deployed.dags, checkout.dags, environment, as_of),
        *_changed_package(deployed.package, checkout.package, environment, as_of),
    ]


def _changed_dags(deployed: Path, checkout: Path, environment: str, as_of: datetime) -> Iterator[Finding]:
    for name, (live, declared) in _different(deployed, checkout, "*.py").items():
        lines = [
            *unified_diff(live.splitlines(), declared.splitlines(), f"airflow/{name}", f"checkout/{name}", lineterm="")
        ]
        changed: dict[str, str] = {}
        if not live:
            what = f"{name} is in the checkout, and not in {deployed}, where Airflow reads its DAGs."
        elif not declared:
            what = f"{name} is in {deployed}, where Airflow reads its DAGs, and not in the checkout."
        else:
            at = datetime.fromtimestamp((deployed / name).stat().st_mtime, UTC)
            changed = {"changed_at": at.isoformat(timespec="seconds")}
            what = f"{name}, which Airflow runs, differs from the checkout. Last written {at:%Y-%m-%d %H:%M:%S} UTC."
        yield Finding(
            CONFIG_DRIFT,
            Subject(environment=environment, path=f"dags/{name}"),
            what,
            as_of,
            {"stage": "airflow", **changed, "diff": shown(lines)},
            _REMEDY,
        )


def _changed_package(deployed: Path, checkout: Path, environment: str, as_of: datetime) -> Iterator[Finding]:
    different = _different(deployed, checkout, "**/*.py")
    if not different:
        return
    running, declared = _version(deployed), _version(checkout)
    names = sorted(different)
    files = f"{count_text(len(names), 'file')} differ{'s' if len(names) == 1 else ''}: {', '.join(names[:3])}"
    files += f" and {len(names) - 3} more" if len(names) > 3 else ""
    yield Finding(
        CONFIG_DRIFT if running == declared else VERSION_SKEW,
        Subject(environment=environment, path="plugins/logops"),
        f"Airflow runs logops {running} from {deployed}, and the checkout has {declared}: {files}.",
        as_of,
        {"stage": "airflow", "running": running, "declared": declared, "diff": shown(names)},
        _REMEDY,
    )


def _different(deployed: Path, checkout: Path, pattern: str) -> dict[str, tuple[str, str]]:
    """Return the texts of files that differ, in both folders. A missing file is empty."""
    if deployed.resolve() == checkout.resolve():
        return {}
    names = {
        path.relative_to(folder).as_posix()
        for folder in (deployed, checkout)
        for path in folder.glob(pattern)
        if path.is_file()
    }
    texts = {name: (_text(deployed / name), _text(checkout / name)) for name in sorted(names)}
    return {name: pair for name, pair in texts.items() if pair[0] != pair[1]}


def _text(file: Path) -> str:
    return file.read_text("utf-8", "backslashreplace") if file.is_file() else ""


def _version(package: Path) -> str:
    match = _VERSION.search(_text(package / "__init__.py"))
    return match[1] if match else "of no known version"
