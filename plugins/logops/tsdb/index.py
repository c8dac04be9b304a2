"""The content of an index file: chunks as Arrow, labels on request."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from logops.tsdb.integers import uvarint
from logops.tsdb.series import NO_SYMBOL, labels_of, values_of

if TYPE_CHECKING:
    import pyarrow as pa

TENANT_LABEL = "__loki_tenant__"

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Numbers = np.ndarray[Any, np.dtype[np.int64]]


class Symbols:
    """The symbol table of an index: strings by number, sorted by their bytes."""

    def __init__(self, data: Bytes, starts: Numbers, ends: Numbers) -> None:
        self._data = data
        self._starts = starts
        self._ends = ends

    def __len__(self) -> int:
        return len(self._starts)

    def raw(self, number: int) -> bytes:
        return self._data[self._starts[number] : self._ends[number]].tobytes()

    def text(self, number: int) -> str:
        return self.raw(number).decode(errors="replace")

    def number(self, text: str) -> int:
        """Return the number of a string; NO_SYMBOL if the table does not have it."""
        encoded = text.encode()
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self.raw(middle) < encoded:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self) and self.raw(low) == encoded else NO_SYMBOL


class Index:
    """The content of an index file. A series is identified by its number in the file, from 0."""

    def __init__(
        self,
        *,
        version: int,
        from_ms: int,
        through_ms: int,
        checksum: int,
        tenants: tuple[str, ...],
        entries: "pa.RecordBatch",
        data: Bytes,
        symbols: Symbols,
        labels: Numbers,
    ) -> None:
        self.version = version
        """2 or 3."""
        self.from_ms = from_ms
        """Time of the first line of all chunks, from the table of contents; Unix milliseconds."""
        self.through_ms = through_ms
        """Time of the last line of all chunks."""
        self.checksum = checksum
        """Of the table of contents. A compacted file has it in its name."""
        self.tenants = tenants
        """Sorted by name; one tenant in a compacted file."""
        self._entries = entries
        self._data = data
        self._symbols = symbols
        self._labels = labels

    @property
    def series(self) -> int:
        """Number of series, including those without chunks."""
        return len(self._labels)

    def entries(self) -> "pa.RecordBatch":
        """Return one row per chunk, with `entries_schema`."""
        return self._entries

    def labels(self, series: "Iterable[int] | None" = None) -> Iterator[dict[str, str]]:
        """Yield the labels of each of `series`, in this order. Default: all series.

        The label __loki_tenant__ is left out: it is not a label of the stream.
        """
        texts: dict[int, str] = {}
        tenant = self._symbols.number(TENANT_LABEL)
        for number in range(self.series) if series is None else series:
            position = self._labels[number]
            count, _ = uvarint(self._data, position)
            names = np.empty(count, np.int32)
            values = np.empty(count, np.int32)
            labels_of(self._data, position, names, values)
            yield {
                self._text(name, texts): self._text(value, texts)
                for name, value in zip(names.tolist(), values.tolist(), strict=True)
                if name != tenant
            }

    def _text(self, symbol: int, texts: dict[int, str]) -> str:
        text = texts.get(symbol)
        if text is None:
            text = texts[symbol] = self._symbols.text(symbol)
        return text

    def label_values(self, name: str) -> "pa.DictionaryArray[Any]":
        """Return one row per series: the value of its label `name`; null if it has no such label.

        The array is a dictionary with distinct values, so that a matcher tests each value once.
        """
        import pyarrow as pa

        values = np.full(self.series, NO_SYMBOL, np.int32)
        if (name_symbol := self._symbols.number(name)) != NO_SYMBOL and name != TENANT_LABEL:
            values_of(self._data, self._labels, name_symbol, values)
        distinct, rows = np.unique(values, return_inverse=True)
        absent = int(len(distinct) > 0 and distinct[0] == NO_SYMBOL)
        indices = rows.astype(np.int32) - absent
        texts = pa.array([self._symbols.text(symbol) for symbol in distinct[absent:].tolist()], pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(indices, mask=indices < 0), texts)
