"""The price of reading chunks, for people to see before a content audit starts."""

from collections.abc import Mapping
from pathlib import Path

from logops.clients.blob_storage.blobs import Tier
from logops.environment import Environment
from logops.number_text import money_text
from logops.usage.prices import PricesError, load_prices


def read_price_text(environment: Environment, reads: Mapping[str, Mapping[Tier, tuple[int, int]]], root: Path) -> str:
    """Return the price of reads, as the part of a sentence; why it is unknown, if it is.

    reads   by cluster and tier: number of chunks, and their bytes
    root    the project's folder, with include/prices
    """
    if environment.prices is None:
        return "price unknown: the environment names no prices"
    try:
        prices = load_prices(root, environment.prices)
        total = sum(
            prices.reads(tier, chunks, size, _redundancy(environment, cluster))
            for cluster, tiers in reads.items()
            for tier, (chunks, size) in tiers.items()
            if chunks
        )
    except PricesError as error:
        return f"price unknown: {error}"
    return f"reading them costs {money_text(total)} {prices.currency}"


def _redundancy(environment: Environment, cluster: str) -> str:
    return environment.storage_accounts[environment.clusters[cluster].storage_account].redundancy
