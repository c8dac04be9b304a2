"""The sections of the page, in their order. The first one is the first screen."""

from logops.report.section import SectionModule
from logops.report.sections import drift, findings, ingestion, overview, queries, rollouts, storage, tables

SECTIONS: tuple[SectionModule, ...] = (overview, findings, tables, storage, ingestion, queries, rollouts, drift)
