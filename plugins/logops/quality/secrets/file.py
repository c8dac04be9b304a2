"""Search secrets in the lines of a file, which have neither labels nor times."""

import gzip
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BufferedIOBase, BufferedReader
from shlex import quote
from typing import IO, Any

from logops.clients.loki.model import Entry
from logops.number_text import count_text, size_text
from logops.quality.secrets.errors import CompressedFileError
from logops.quality.secrets.leak import Leak, leaks
from logops.quality.secrets.match import Salt
from logops.quality.secrets.rules import Rule
from logops.quality.secrets.scan import MAX_LINE_BYTES, Scan, scan

STANDARD_INPUT = "standard input"
GZIP = b"\x1f\x8b"
DECOMPRESSORS = {
    b"\x28\xb5\x2f\xfd": "zstd -dc",
    b"\xfd7zXZ\0": "xz -dc",
    b"BZh": "bzip2 -dc",
    b"PK\x03\x04": "unzip -p",
}
"""First bytes of other compressed files -> the command that decompresses them."""


@dataclass(frozen=True)
class FileScan:
    """The result of a scanned file. It contains no secret."""

    scan: Scan
    leaks: tuple[Leak, ...]
    """The times of a leak are the numbers of its first and its last line."""

    @property
    def headline(self) -> str:
        """Return the result in one line, with the verdict first."""
        size = f"{count_text(self.scan.lines, 'line')}, {size_text(self.scan.size_bytes)}"
        kinds = count_text(len(self.leaks), "kind")
        verdict = f"Found {kinds} of secrets and personal data" if self.leaks else "No secrets and no personal data"
        if not self.scan.cut_lines:
            return f"{verdict}: {size}."
        cut = count_text(self.scan.cut_lines, "line")
        return f"{verdict}: {size}. The end of {cut} after {size_text(MAX_LINE_BYTES)} was not scanned."

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain JSON."""
        return {
            "headline": self.headline,
            "lines": self.scan.lines,
            "bytes": self.scan.size_bytes,
            "cut_lines": self.scan.cut_lines,
            "found": [
                {
                    "rule": leak.rule_id,
                    "kind": leak.kind.value,
                    "lines": leak.lines,
                    "values": len(leak.hashes),
                    "first_line": leak.first_ns,
                    "last_line": leak.last_ns,
                    "examples": list(leak.examples),
                }
                for leak in self.leaks
            ],
        }


def scan_file(lines: Iterable[bytes], rules: Sequence[Rule]) -> FileScan:
    """Return what the rules find in lines. Lines may be binary."""
    result = scan(_entries(lines), rules, Salt.of_this_run())
    return FileScan(result, leaks(result))


def _entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    # The number of the line stands in place of the time, so that a leak names its first line.
    for number, line in enumerate(lines, start=1):
        yield Entry(number, {}, line.rstrip(b"\r\n").decode("utf-8", "surrogateescape"))


def decompressed(stream: IO[bytes], name: str) -> BufferedIOBase:
    """Return a stream without its gzip compression, if it has one.

    Raises CompressedFileError for other compressions.
    """
    buffered = BufferedReader(stream)  # type: ignore[type-var]
    start = buffered.peek(8)
    if start.startswith(GZIP):
        return gzip.GzipFile(fileobj=buffered)
    for first_bytes, command in DECOMPRESSORS.items():
        if start.startswith(first_bytes):
            source = f"{command} {quote(name)}" if name != STANDARD_INPUT else f"... | {command}"
            raise CompressedFileError(
                f"Reading lines: {name}: it is compressed. Use: `{source} | logops quality secrets -`."
            )
    return buffered


def read_lines(stream: BufferedIOBase) -> Iterator[bytes]:
    """Yield the lines of a stream. Of a line that is too long to be scanned, only the start is kept in memory."""
    longest = MAX_LINE_BYTES + 2
    while line := stream.readline(longest):
        yield line
        while len(line) == longest and not line.endswith(b"\n"):
            line = stream.readline(longest)
