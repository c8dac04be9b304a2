"""`logops check`, `schema`, `render`: work with an environment file before it is deployed."""

from datetime import UTC, datetime
from pathlib import Path

import typer

from logops.audit.policy.kept_longer import late_lines
from logops.cli.options import Format
from logops.cli.output.console import OK, out, print_json, say, stop
from logops.cli.output.diagnostics import print_diagnostics
from logops.cli.output.findings import exit_code, summary
from logops.cli.targets import environment, rendered
from logops.diagnostics.model import Lines
from logops.doctor import check as check_deployment
from logops.doctor.diagnostics import as_diagnostic
from logops.doctor.from_environment import from_environment
from logops.environment import environment_schema, find_environment
from logops.number_text import count_text
from logops.toolchain import project_root


def check(name: str, form: Format, as_json: bool) -> None:
    """Run `logops check`."""
    loaded = environment(name)
    path = find_environment(name, project_root())
    file = str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
    text = path.read_text(encoding="utf-8")
    if loaded.platform.kind == "kubernetes":
        # Stops if an agent cannot do what its sources ask for.
        rendered(loaded)
    findings = check_deployment(from_environment(loaded, file, text), datetime.now(UTC))
    if as_json:
        print_json([finding.to_dict() for finding in findings])
    else:
        lines = {file: Lines(text)}
        print_diagnostics([as_diagnostic(finding, lines) for finding in findings], lines, form, "logops check")
        tenants = sum(len(cluster.tenants) for cluster in loaded.clusters.values())
        say(
            f"{loaded.name}: {count_text(len(loaded.clusters), 'cluster')}, {count_text(tenants, 'tenant')}, "
            f"{summary(findings)}"
        )
        for sentence in late_lines(loaded):
            say(f"  {sentence}")
    raise typer.Exit(exit_code(findings))


def schema() -> None:
    """Run `logops schema`."""
    print_json(environment_schema())
    raise typer.Exit(OK)


def rights(name: str, account: str, namespace: str, *, check: bool) -> None:
    """Run `logops rights`."""
    from logops.render import PlacementError
    from logops.render.files import yaml_text
    from logops.render.kubernetes.rights import check_rights, rights

    try:
        objects = (check_rights if check else rights)(environment(name), account, namespace)
    except PlacementError as error:
        stop(str(error))
    print("---\n".join(map(yaml_text, objects)), end="")


def render(name: str, to: Path | None) -> None:
    """Run `logops render`."""
    loaded = environment(name)
    for files in rendered(loaded).values():
        for file, text in files.items():
            if to is None:
                out.print(f"--- {file}\n{text}", markup=False, highlight=False)
            else:
                (to / file).parent.mkdir(parents=True, exist_ok=True)
                (to / file).write_text(text)
