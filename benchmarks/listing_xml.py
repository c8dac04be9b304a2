"""Parse List Blobs answers in XML: logops' compiled scanner against well-kept XML parsers.

    pip install lxml pygixml   # for two of the parsers; without them they are left out
    python -m benchmarks.listing_xml

Every parser reads the same pages of 5,000 blobs into the same Arrow batch, which is checked before anything is timed.
The parsers run in turns in one process, so the ratios do not depend on other load. Peak memory is what one page adds in
a new process. The run takes about one minute.

parser       what it is
scanner      logops.clients.blob_storage.listing.xml_scan, compiled with Numba
expat        xml.parsers.expat with handlers for the six elements that logops keeps
etree        xml.etree.ElementTree.iterparse, as azure-storage-blob parses its answers
lxml         a tree, read child by child
lxml-xpath   a tree, one XPath per column
pygixml      a tree by pugixml, read child by child
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from logops.clients.blob_storage.blobs import Tier, blobs_schema
from logops.clients.blob_storage.listing.xml_page import read_xml_page

PAGE = 5_000
TIERS = {tier.azure: int(tier) for tier in Tier}
KEPT = ("Name", "Content-Length", "AccessTier", "AccessTierChangeTime", "Last-Modified", "ArchiveStatus")
Parser = Callable[[bytes], pa.RecordBatch]


def pages(count: int) -> list[bytes]:
    """Return pages with every element that Azure sends for a block blob."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.support.fakes.blob_service import Listed, chunk_names

    listed = Listed([*chunk_names(count * PAGE)])
    return [listed.answer("", str(number * PAGE) if number else "", "", "", False) for number in range(count)]


def batch_of(columns: list[list[str | None]]) -> pa.RecordBatch:
    """Convert the texts of the elements in `KEPT`, a list for each, into a batch of `blobs_schema`."""
    names, sizes, tiers, changed, modified, archive = columns
    return pa.RecordBatch.from_arrays(
        [
            pa.array(names, pa.string()),
            pa.array(sizes, pa.string()).cast(pa.int64()),
            pa.array([TIERS.get(tier or "", 0) for tier in tiers], pa.int8()),
            times(changed),
            times(modified),
            pa.array([bool(status) for status in archive]),
        ],
        schema=blobs_schema(),
    )


def times(texts: list[str | None]) -> pa.Array:
    return pc.strptime(pa.array(texts, pa.string()), "%a, %d %b %Y %H:%M:%S GMT", "s").cast(pa.timestamp("s", "UTC"))


def scanner(body: bytes) -> pa.RecordBatch:
    return read_xml_page(body).batch


def expat_handlers(body: bytes) -> pa.RecordBatch:
    columns: list[list[str | None]] = [[] for _ in KEPT]
    row: dict[str, str] = {}
    texts: list[str] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True
    kept = frozenset(KEPT)

    def start(name: str, _: dict[str, str]) -> None:
        if name in kept:
            texts.clear()
            parser.CharacterDataHandler = texts.append
        elif name == "Blob":
            row.clear()

    def end(name: str) -> None:
        if name in kept:
            parser.CharacterDataHandler = None
            row[name] = "".join(texts)
        elif name == "Blob":
            for column, key in zip(columns, KEPT, strict=True):
                column.append(row.get(key))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(body, True)
    return batch_of(columns)


def etree(body: bytes) -> pa.RecordBatch:
    columns: list[list[str | None]] = [[] for _ in KEPT]
    for _, element in ElementTree.iterparse(BytesIO(body)):
        if element.tag == "Blob":
            row = {child.tag: child.text for child in [element[0], *element[1]]}
            for column, key in zip(columns, KEPT, strict=True):
                column.append(row.get(key))
            element.clear()
    return batch_of(columns)


def lxml_tree(body: bytes) -> pa.RecordBatch:
    from lxml import etree as lxml

    columns: list[list[str | None]] = [[] for _ in KEPT]
    root = lxml.fromstring(body, lxml.XMLParser(resolve_entities=False, no_network=True, collect_ids=False))
    for blob in root.find("Blobs").iterchildren("Blob"):
        row = {child.tag: child.text for child in [blob[0], *blob[1].iterchildren(*KEPT)]}
        for column, key in zip(columns, KEPT, strict=True):
            column.append(row.get(key))
    return batch_of(columns)


def lxml_xpath(body: bytes) -> pa.RecordBatch:
    """Correct only if every blob has each element, or none has it. For others it would fall back to `lxml_tree`."""
    from lxml import etree as lxml

    root = lxml.fromstring(body, lxml.XMLParser(resolve_entities=False, no_network=True, collect_ids=False))
    columns: list[list[str | None]] = []
    for key in KEPT:
        path = "Blobs/Blob/Name/text()" if key == "Name" else f"Blobs/Blob/Properties/{key}/text()"
        columns.append(lxml.XPath(path, smart_strings=False)(root))
    rows = len(columns[0])
    if any(len(column) not in (0, rows) for column in columns):
        return lxml_tree(body)
    return batch_of([column or [None] * rows for column in columns])


def pygixml_tree(body: bytes) -> pa.RecordBatch:
    import pygixml

    columns: list[list[str | None]] = [[] for _ in KEPT]
    # Without this reference the document is freed, and the process ends with a segmentation fault.
    document = pygixml.parse_string(body.decode("utf-8-sig"))
    for blob in document.root.child("Blobs").children():
        properties = blob.child("Properties")
        for column, key in zip(columns, KEPT, strict=True):
            node = (blob if key == "Name" else properties).child(key)
            column.append(node.text() if node else None)
    return batch_of(columns)


PARSERS: dict[str, Parser] = {
    "scanner": scanner,
    "expat": expat_handlers,
    "etree": etree,
    "lxml": lxml_tree,
    "lxml-xpath": lxml_xpath,
    "pygixml": pygixml_tree,
}


def installed_parsers(body: bytes) -> Iterator[str]:
    """Yield the parsers that are installed. Ends the run if one gives another batch than the scanner."""
    expected = scanner(body)
    for name, parse in PARSERS.items():
        try:
            batch = parse(body)
        except ImportError as error:
            print(f"{name}: left out, {error}")
            continue
        if not batch.equals(expected):
            raise SystemExit(f"{name} gives another batch than the scanner:\n{batch.slice(0, 2).to_pylist()}")
        yield name


def peak_mib(name: str, body: bytes) -> float:
    """Return by how much parsing one page raises the peak memory of a new process. Linux only."""
    command = (sys.executable, "-m", "benchmarks.listing_xml", "--peak-of", name)
    return float(subprocess.run(command, input=body, check=True, capture_output=True).stdout)


def print_peak(name: str) -> None:
    """Read a page from standard input, and print by how many MiB parsing it raises the peak of this process."""
    body = sys.stdin.buffer.read()
    # Import and compile first.
    PARSERS[name](body[: body.index(b"<Blob>")] + b"</Blobs><NextMarker /></EnumerationResults>")
    Path("/proc/self/clear_refs").write_text("5")
    before = peak_kib()
    PARSERS[name](body)
    print((peak_kib() - before) / 1024)


def peak_kib() -> int:
    """Return the peak resident memory since the last reset (proc_pid_status(5), VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--pages", type=int, default=4, help="Pages of 5,000 blobs. Default: 4.")
    arguments.add_argument("--rounds", type=int, default=15, help="Rounds; each runs every parser. Default: 15.")
    arguments.add_argument("--peak-of", choices=PARSERS, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.peak_of:
        print_peak(options.peak_of)
        return
    bodies = pages(options.pages)
    names = [*installed_parsers(bodies[0])]
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            started = time.process_time()
            for body in bodies:
                PARSERS[name](body)
            seconds[name].append(time.process_time() - started)
    table = Table(title=f"{options.pages * PAGE:,} blobs in pages of {PAGE:,}, {options.rounds} rounds in turns")
    for column, justify in (
        ("parser", "left"),
        ("blobs per CPU second", "right"),
        ("time", "right"),
        ("peak", "right"),
    ):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    base = median(seconds["scanner"])
    for name in sorted(names, key=lambda each: median(seconds[each])):
        speed: Any = options.pages * PAGE / median(seconds[name])
        ratio = f"{median(seconds[name]) / base:.1f} times"
        table.add_row(name, f"{speed:,.0f}", ratio, f"{peak_mib(name, bodies[0]):.0f} MiB")
    Console().print(table)


if __name__ == "__main__":
    main()
