"""`logops audit content`: read and verify chunks at the terminal. The DAG content_audit does the same."""

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from logops.cli.as_of import moment
from logops.cli.output.console import BAD_INPUT, FOUND, OK, err, print_json, print_text, stop
from logops.cli.output.findings import listing
from logops.cli.targets import readable, results_store
from logops.findings.store import ResultsError
from logops.toolchain import project_root

if TYPE_CHECKING:
    from logops.audit.content.plan import ContentPlan


def run(
    name: str,
    tables: list[str] | None,
    tenant: str,
    budget: str | None,
    plan_only: bool,
    as_of: str | None,
    record: bool,
    every: bool,
    as_json: bool,
) -> None:
    """Run `logops audit content`."""
    from logops.audit.content.run import request_of, run_content_audit
    from logops.audit.report.explain import NoSuchTableError, tables_of
    from logops.clients.blob_storage import ObjectStoreError
    from logops.platforms.platform import PlatformError
    from logops.usage.reads import read_price_text

    target = readable(name)
    now = datetime.now(UTC).replace(microsecond=0)
    as_of_moment = moment(as_of, now)
    try:
        chosen = [known for table in tables or () for known in tables_of(table, target.environment, as_of_moment)]
    except NoSuchTableError as error:
        stop(f"--table: {error}", BAD_INPUT)
    run_id = f"terminal-{getpass.getuser()}-{now:%Y%m%dT%H%M%SZ}"
    try:
        request = request_of(target.environment, run_id, as_of_moment, chosen, tenant, budget)
    except ValueError as error:
        stop(f"--budget: {error}", BAD_INPUT)

    def planned(plan: "ContentPlan") -> bool:
        text = f"{name}: {plan.text(read_price_text(target.environment, plan.reads, project_root()))}."
        if plan_only:
            print_text(text)
        else:
            err.print(text, highlight=False)
        return not plan_only

    try:
        store = results_store(target.environment) if record else None
        with err.status("") as status:
            result = run_content_audit(target, request, store, lambda line: status.update(line), planned)
    except (ObjectStoreError, PlatformError, ResultsError) as error:
        stop(str(error), BAD_INPUT)
    if result is None:
        return
    if as_json:
        print_json(result.to_dict())
    else:
        if result.findings:
            print_text(listing(result.findings, every=every))
        for line in [*result.details(), result.headline]:
            print_text(line)
    raise typer.Exit(FOUND if result.failed else OK)
