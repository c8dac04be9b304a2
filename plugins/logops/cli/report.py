"""`logops report`: write the page of an environment."""

from datetime import UTC, datetime
from pathlib import Path

from logops.cli.as_of import moment
from logops.cli.output.console import print_text, stop, width
from logops.cli.targets import environment, results_store
from logops.environment.cluster import Data
from logops.findings.atomic_write import replace_file
from logops.report.page import Links, build, html
from logops.report.section import EVERYTHING, STANDARD
from logops.wrapping import wrapped


def write(name: str, out: Path | None, audience: Data, as_of: str | None) -> None:
    """Run `logops report`."""
    loaded = environment(name)
    now = moment(as_of, datetime.now(UTC))
    page = build(results_store(loaded), loaded, now, EVERYTHING if audience == "security" else STANDARD)
    file = out or Path(f"{loaded.name}.html")
    try:
        replace_file(file, html(page, Links(airflow="")).encode())
    except OSError as error:
        stop(f"Writing the page to {file} failed: {error.strerror}. Name another file with --out.")
    print_text(wrapped(f"{loaded.name}: {page.sections[0].summary}", width()))
    print_text(wrapped(f"The page is in {file}: open it in a browser.", width()))
