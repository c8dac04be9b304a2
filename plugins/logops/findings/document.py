"""Write docs/findings.md from the registry: `python -m logops.findings.document [--check]`."""

import argparse
import difflib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from logops.findings.classes import GROUPS
from logops.findings.model import FindingClass, Severity

PATH = Path(__file__).resolve().parents[3] / "docs" / "findings.md"

_INTRODUCTION = """\
# Findings

Everything that logops can find wrong, one entry a class. A finding has a class, a severity, a subject (environment,
cluster, tenant, table, query, source, path), evidence in numbers and a remedy. Class and subject are its identity: by
them a run says what is new, what is still there and what is gone, and alerts fire and resolve.

Made by `python -m logops.findings.document` from `plugins/logops/findings/classes/`: change it there.
"""
_SEVERITIES = {
    Severity.INFO: "nothing is wrong yet; worth knowing.",
    Severity.WARNING: "costs money or will hurt later.",
    Severity.ERROR: "a promise is broken, or will be as soon as this is deployed.",
    Severity.CRITICAL: "logs are lost, or seen by those who may not.",
}


def document(groups: Mapping[str, Sequence[FindingClass]]) -> str:
    """Return the text of docs/findings.md: severities, contents, then the classes of each group, sorted by name."""
    declared = {name: sorted(classes, key=lambda cls: cls.name) for name, classes in groups.items() if classes}
    severities = "\n".join(f"- **{severity}**: {meaning}" for severity, meaning in _SEVERITIES.items())
    contents = "\n".join(
        f"- {name}\n" + "\n".join(f"  - [{cls.name}](#{cls.name}) ({cls.severity})" for cls in classes)
        for name, classes in declared.items()
    )
    entries = "\n\n".join(
        f"## {name}\n\n" + "\n\n".join(_entry(cls) for cls in classes) for name, classes in declared.items()
    )
    return f"{_INTRODUCTION}\n## Severities\n\n{severities}\n\n## Contents\n\n{contents}\n\n{entries}\n"


def main(arguments: Sequence[str] | None = None, path: Path = PATH) -> int:
    """Write the document, or compare it with `--check`. Return 0 if it is up to date, 1 if it is stale."""
    parser = argparse.ArgumentParser(prog="python -m logops.findings.document", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 where the file is stale")
    wanted = document(GROUPS)
    if not parser.parse_args(arguments).check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted, encoding="utf-8")
        return 0
    found = path.read_text(encoding="utf-8") if path.is_file() else ""
    if found == wanted:
        return 0
    lines = difflib.unified_diff(found.splitlines(), wanted.splitlines(), "as it is", "as declared", lineterm="")
    print("\n".join(lines))
    print(f"\n{path} is stale: run `python -m logops.findings.document`.", file=sys.stderr)
    return 1


def _entry(cls: FindingClass) -> str:
    return (
        f"### {cls.name}\n\n"
        f"Severity: **{cls.severity}**\n\n"
        f"**What it means.** {cls.meaning}\n\n"
        f"**Why it matters.** {cls.why}\n\n"
        f"**What to do.** {cls.remedy}"
    )


if __name__ == "__main__":
    sys.exit(main())
