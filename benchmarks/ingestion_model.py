"""The model of ingestion: how many MB/s a cluster accepts, from the processor time that a megabyte costs. Pure.

One megabyte (2^20 bytes of lines, before replication) costs seconds of one core:

    sender, distributor            once
    sending, ingester, storage     for each copy: replication factor (RF) times. The distributor sends the copies

On one machine that everything shares:

    MB/s = cores x efficiency / (sender + distributor + RF x (sending + ingester + storage))

If each process has its own limit of cores, as on Kubernetes, the slower of the two components decides:

    MB/s = min(distributors x cores / (distributor + RF x sending), ingesters x cores / (RF x ingester))
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression, mean, stdev

from scipy import stats


@dataclass(frozen=True)
class Layout:
    """The processes of a cluster that take part in ingestion."""

    distributors: int
    ingesters: int
    replication_factor: int = 1

    def __str__(self) -> str:
        return f"{self.distributors} + {self.ingesters}, RF {self.replication_factor}"


@dataclass(frozen=True)
class Costs:
    """Seconds of one core for a megabyte."""

    sender: float
    distributor: float
    """For the request, without the copies."""
    sending: float
    """Of the distributor, for each copy."""
    ingester: float
    """For each copy."""
    storage: float
    """For each copy."""

    def of_distributor(self, replication_factor: int) -> float:
        """Return the seconds of a distributor."""
        return self.distributor + replication_factor * self.sending

    def in_all(self, replication_factor: int) -> float:
        """Return the seconds of all processes together."""
        return (
            self.sender + self.of_distributor(replication_factor) + replication_factor * (self.ingester + self.storage)
        )


@dataclass(frozen=True)
class Spent:
    """Seconds of one core that each class of processes spent on a megabyte, all copies together."""

    sender: float
    distributor: float
    ingester: float
    storage: float


@dataclass(frozen=True)
class Measurement:
    """What one layout reached."""

    layout: Layout
    rate_mb_s: float
    spent: Spent
    used_cores: float
    """Cores that all processes together used while lines were pushed."""


def fitted_costs(measurements: Sequence[Measurement]) -> Costs:
    """Return the costs that explain the measurements best.

    With one replication factor only, the distributor's cost of a copy is unknown and counts as zero.
    """
    copies = [measurement.layout.replication_factor for measurement in measurements]
    spent = [measurement.spent for measurement in measurements]
    distributor, sending = _line(copies, [one.distributor for one in spent])
    return Costs(
        mean(one.sender for one in spent),
        distributor,
        sending,
        mean(one.ingester / factor for one, factor in zip(spent, copies, strict=True)),
        mean(one.storage / factor for one, factor in zip(spent, copies, strict=True)),
    )


def _line(x: Sequence[int], y: Sequence[float]) -> tuple[float, float]:
    """Return intercept and slope of the least squares line; slope 0 if all x are equal."""
    if len(set(x)) == 1:
        return mean(y), 0.0
    slope, intercept = linear_regression(x, y)
    return intercept, slope


def shared_rate(costs: Costs, replication_factor: int, cores: float) -> float:
    """Return the MB/s of a machine whose processes use `cores` together."""
    return cores / costs.in_all(replication_factor)


def limited_rate(costs: Costs, layout: Layout, distributor_cores: float, ingester_cores: float) -> float:
    """Return the MB/s of processes that each have their own limit of cores."""
    copies = layout.replication_factor
    return min(
        layout.distributors * distributor_cores / costs.of_distributor(copies),
        layout.ingesters * ingester_cores / (copies * costs.ingester),
    )


def left_out_ratios(measurements: Sequence[Measurement], *, own_cores: bool) -> list[float]:
    """Return predicted / measured MB/s of each layout, predicted from the other layouts only.

    own_cores   use the cores that the layout used itself, instead of the mean of the others: then the ratio shows the
                error of the costs only, also if other programs took the cores in between
    """
    ratios = []
    for left_out in measurements:
        others = [measurement for measurement in measurements if measurement is not left_out]
        cores = left_out.used_cores if own_cores else mean(measurement.used_cores for measurement in others)
        predicted = shared_rate(fitted_costs(others), left_out.layout.replication_factor, cores)
        ratios.append(predicted / left_out.rate_mb_s)
    return ratios


def interval(ratios: Sequence[float], level: float = 0.9) -> tuple[float, float]:
    """Return the interval in which the next ratio lies with this probability (Student's t on the logarithms).

    Raises ValueError if there are fewer than two ratios.
    """
    if len(ratios) < 2:
        raise ValueError("an interval needs at least two layouts")
    logs = [math.log(ratio) for ratio in ratios]
    half = float(stats.t.ppf((1 + level) / 2, len(logs) - 1)) * stdev(logs) * math.sqrt(1 + 1 / len(logs))
    return math.exp(mean(logs) - half), math.exp(mean(logs) + half)


@dataclass(frozen=True)
class Demand:
    """What a cluster needs for a rate."""

    rate_mb_s: float
    distributor_cores: float
    ingester_cores: float
    """Of all ingesters together."""


def demand(costs: Costs, rate_mb_s: float, replication_factor: int, busy: float) -> Demand:
    """Return the cores for a rate.

    busy   the share of its limit that a process may use on average, for example 0.5
    """
    return Demand(
        rate_mb_s,
        rate_mb_s * costs.of_distributor(replication_factor) / busy,
        rate_mb_s * replication_factor * costs.ingester / busy,
    )
