"""The whole page with a year of nightly results of 50 tenants: time to make it, size, and first paint in Chromium.

    python -m benchmarks.page FOLDER

writes the results into FOLDER, if it does not have them yet, and serves the page compressed, as Airflow does from its
cache. Needs Chromium and the package playwright. Processor time is what counts on a busy machine.
"""

import argparse
import gzip
import shutil
import statistics
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks import page_series, page_tables
from logops.environment import Environment
from logops.findings.kinds import TABLE_PHASES
from logops.findings.store import ResultsStore
from logops.report.page import build, html
from logops.report.section import EVERYTHING

TENANTS, SOURCES, NIGHTS, OPENED = 50, 100, 365, 5
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server"]


def environment() -> Environment:
    """Return an environment with the tenants and the sources of both other benchmarks."""
    tables = page_tables.environment(TENANTS, NIGHTS)
    return tables.model_copy(update={"sources": page_series.environment(SOURCES, TENANTS).sources})


def first_paints(document: bytes) -> list[float]:
    """Return the milliseconds until the first paint in Chromium, each time with an empty cache."""
    from playwright.sync_api import sync_playwright

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    paints = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for _ in range(OPENED):
            context = browser.new_context()
            tab = context.new_page()
            tab.goto(f"http://127.0.0.1:{server.server_port}/")
            tab.wait_for_function(f"{PAINT.split('[')[0]}.length")
            paints.append(float(tab.evaluate(PAINT)))
            context.close()
        browser.close()
    server.shutdown()
    return paints


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    store, declared = ResultsStore(str(options.folder)), environment()
    if not store.days(TABLE_PHASES):
        page_series.write_year(store, NIGHTS, SOURCES, TENANTS)
        page_tables.write_year(store, declared, NIGHTS, NIGHTS)
    began, began_cpu = time.monotonic(), time.process_time()
    page = build(store, declared, page_series.NOW, EVERYTHING)
    document = html(page)
    made, cpu = time.monotonic() - began, time.process_time() - began_cpu
    for section in page.sections:
        size = len(gzip.compress(str(section.body).encode(), 6))
        print(f"{section.title:16} {section.mark:8} {size / 1000:6.1f} kB  {section.summary}")
    wire = gzip.compress(document.encode(), 6)
    print(f"made in {made:.1f} s ({cpu:.1f} s of processor time); {len(wire) / 1000:.0f} kB over the wire")
    paints = first_paints(wire)
    print(f"first paint: median {statistics.median(paints):.0f} ms, slowest {max(paints):.0f} ms of {OPENED}")


if __name__ == "__main__":
    main()
