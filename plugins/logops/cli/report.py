"""`logops report`: write the page of an environment."""

from datetime import UTC, datetime
from pathlib import Path

from logops.cli.as_of import moment
from logops.cli.output.console import print_text, stop, width
from logops.cli.targets import environment, results_store
from logops.environment.cluster import Data
from logops.errors import LogopsError
from logops.findings.atomic_write import replace_file
from logops.report.digest import digest
from logops.report.page import Links, build, html
from logops.report.section import EVERYTHING, STANDARD
from logops.report.state import read
from logops.wrapping import wrapped


def write(name: str, out: Path | None, audience: Data, as_of: str | None, *, is_digest: bool) -> None:
    """Run `logops report`."""
    loaded = environment(name)
    now = moment(as_of, datetime.now(UTC))
    shown = EVERYTHING if audience == "security" else STANDARD
    store = results_store(loaded)
    airflow = loaded.alerts.airflow_url or ""
    page = build(store, loaded, now, shown)
    if is_digest:
        try:
            state = read(store, loaded, now)
        except LogopsError as error:
            stop(str(error))
        text = digest(page, state, shown, f"{airflow}/logops-page/{loaded.name}" if airflow else "")
        if out is None:
            print_text(text.rstrip("\n"))
            return
    else:
        text = html(page, Links(airflow))
    file = out or Path(f"{loaded.name}.html")
    try:
        replace_file(file, text.encode())
    except OSError as error:
        stop(f"Writing the page to {file} failed: {error.strerror}. Name another file with --out.")
    print_text(wrapped(f"{loaded.name}: {page.sections[0].summary}", width()))
    print_text(f"Written to {file}.")
