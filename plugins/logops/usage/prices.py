"""Prices of storage: data with source and date, in `include/prices/NAME.yaml`."""

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from logops.clients.blob_storage.blobs import Tier
from logops.errors import LogopsError
from logops.number_text import size_text

TierName = Literal["Hot", "Cool", "Cold", "Archive"]
_LARGEST_FILE = 1 << 20
_OLD_DAYS = 365


class PricesError(LogopsError):
    """A price file is missing or not valid, or it has no prices for a redundancy."""


class Redundancy(BaseModel):
    """The prices of an account with one redundancy."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    storage: Mapping[TierName, float]
    """Per GB and month."""
    write: Mapping[TierName, float]
    """Per 10,000 operations."""
    read: Mapping[TierName, float] = {}
    """Per 10,000 operations; without an entry the price of a read is unknown."""
    retrieval: Mapping[TierName, float] = {}
    """Per GB that is read; a tier without an entry has no such price."""


class Prices(BaseModel):
    """A file of prices."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    currency: str
    region: str
    source: str
    date: datetime.date
    gb_bytes: int = 1 << 30
    redundancy: Mapping[str, Redundancy]

    def of(self, redundancy: str) -> Redundancy:
        """Return the prices for a redundancy. Raises PricesError."""
        prices = self.redundancy.get(redundancy)
        if prices is None:
            raise PricesError(
                f"The price file for {self.region} ({self.date}) has no prices for {redundancy}, only for "
                f"{', '.join(self.redundancy)}. Add them from {self.source}."
            )
        return prices

    def month(self, tier: Tier, size: int, redundancy: str) -> float:
        """Return the price of storing `size` bytes in a tier for a month. An unknown tier counts as Hot, the accounts'
        default."""
        return size / self.gb_bytes * self.of(redundancy).storage[_name(tier)]

    def moves(self, tier: Tier, blobs: int, redundancy: str) -> float:
        """Return the price of moving `blobs` blobs to a tier."""
        return blobs / 10_000 * self.of(redundancy).write[_name(tier)]

    def reads(self, tier: Tier, blobs: int, size: int, redundancy: str) -> float:
        """Return the price of reading `blobs` blobs with `size` bytes from a tier. Raises PricesError."""
        prices, name = self.of(redundancy), _name(tier)
        if name not in prices.read:
            raise PricesError(
                f"The price file for {self.region} ({self.date}) has no price of a read in {name}. Add `read` and "
                f"`retrieval` to {redundancy}, from {self.source}."
            )
        return blobs / 10_000 * prices.read[name] + size / self.gb_bytes * prices.retrieval.get(name, 0.0)

    def age_note(self, today: datetime.date) -> str:
        """Return the source of the prices, and a warning if they are older than a year."""
        note = f"Prices: {self.region}, {self.currency}, {self.date} ({self.source})."
        return f"{note} They are older than a year." if (today - self.date).days > _OLD_DAYS else note


def _name(tier: Tier) -> TierName:
    names: dict[Tier, TierName] = {Tier.COOL: "Cool", Tier.COLD: "Cold", Tier.ARCHIVE: "Archive"}
    return names.get(tier, "Hot")


def load_prices(root: Path, name: str) -> Prices:
    """Load prices by name, below the project's `root`. Raises PricesError."""
    path = root / "include/prices" / f"{name}.yaml"
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise PricesError(f"{path} is larger than {size_text(_LARGEST_FILE)}, too large for a price file.")
        return Prices.model_validate(yaml.safe_load(path.read_text()))
    except OSError as error:
        existing = ", ".join(sorted(file.stem for file in path.parent.glob("*.yaml"))) or "none"
        raise PricesError(
            f"Reading the prices {name!r}: {error.strerror}: {path}. Existing price files: {existing}."
        ) from None
    except ValidationError as error:
        first_error = error.errors()[0]
        path_in_file = ".".join(map(str, first_error["loc"]))
        raise PricesError(f"{path}, {path_in_file or 'the file'}: {first_error['msg']}.") from None
    except yaml.YAMLError as error:
        raise PricesError(f"{path} is not YAML: {error}") from None
