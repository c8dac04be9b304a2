"""Great Expectations suites over the measured values, and their result as HTML pages (Data Docs).

One suite a family of checks, one row a source. A row has a measured value beside what the environment allows, so the
suites contain no limit of their own. The pages have numbers only: no line of a log.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from logops.quality.context import Context, clock
from logops.quality.counters import DISCARDED, DROPPED, MISSED_BY_CANARY, total
from logops.quality.docs_index import Family, index_page
from logops.quality.judge.arrival import late_lines
from logops.quality.judge.labels import real_streams
from logops.quality.sources import required_labels

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]
PAIRS: Mapping[str, Sequence[tuple[str, str]]] = {
    "arrival": (("silence_s", "allowed_silence_s"), ("late_lines", "allowed_late_lines")),
    "shape": (("unparsable", "allowed_unparsable"),),
    "labels": (("streams", "allowed_streams"), ("streams_without_label", "allowed_streams_without_label")),
    "pipeline": (
        ("refused_lines", "allowed_lost_lines"),
        ("dropped_lines", "allowed_lost_lines"),
        ("canary_missing", "allowed_lost_lines"),
    ),
}
"""Family -> (measured value, value that must not be exceeded)."""
QUESTIONS: Mapping[str, str] = {
    "arrival": "Do lines arrive, and on time?",
    "shape": "Do lines have their declared format?",
    "labels": "Do streams have their labels, and are there not too many streams?",
    "pipeline": "Is every line passed on?",
}
"""Family -> what it answers."""
SENTENCES: Mapping[str, str] = {
    "silence_s": "The newest line of a source is not older than its expect_every (seconds).",
    "late_lines": "No lines arrive long after their timestamp.",
    "unparsable": "Not more lines than unparsable_at_most allows lack the declared format.",
    "streams": "A source has at most most_streams streams.",
    "streams_without_label": "Every stream has all required labels.",
    "refused_lines": "Loki refuses no lines.",
    "dropped_lines": "Agents give up no lines.",
    "canary_missing": "Every line of the canary arrives.",
}
"""Measured value -> the expectation, as people read it."""
SITE = "quality"


def source_rows(context: Context) -> list[Row]:
    """Return the measured values of each source beside what it declares. A value that was not measured is None."""
    rows: list[Row] = []
    for name in context.environment.sources:
        source, measure = context.source(name)
        last = measure.last_line or measure.searched_since
        rows.append(
            {
                "source": name,
                "silence_s": None if last is None else (context.request.end - last).total_seconds(),
                "allowed_silence_s": None if context.judges_learned_silence(name) else source.longest_silence.seconds,
                "late_lines": late_lines(name, context),
                "allowed_late_lines": 0,
                "unparsable": measure.unparsable,
                "allowed_unparsable": measure.total * source.expect.unparsable_at_most,
                "streams": None if measure.streams is None else len(measure.streams),
                "allowed_streams": source.expect.most_streams,
                "streams_without_label": None
                if measure.streams is None
                else sum(bool(required_labels(source) - labels.keys()) for labels in real_streams(measure.streams)),
                "allowed_streams_without_label": 0,
            }
        )
    return rows


def cluster_rows(context: Context) -> list[Row]:
    """Return what the counters of each cluster lost since the last run."""
    rows: list[Row] = []
    for cluster in context.environment.clusters:
        counters = [counter for counter in context.increases if counter.cluster == cluster]
        rows.append(
            {
                "cluster": cluster,
                "refused_lines": total(counters, DISCARDED),
                "dropped_lines": total(counters, *DROPPED),
                "canary_missing": total(counters, MISSED_BY_CANARY),
                "allowed_lost_lines": 0.0,
            }
        )
    return rows


def write_data_docs(context: Context, folder: Path) -> dict[str, bool]:
    """Validate the suites and write their pages, which replace those of an earlier run.

    Returns whether each family passed. The first page is `index.html`.
    """
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig

    new = Path(mkdtemp(prefix=f".{folder.name}-", dir=_created(folder.parent)))
    gx_context = gx.get_context(mode="ephemeral")
    gx_context.enable_analytics(enable=False)
    gx_context.variables.progress_bars = ProgressBarsConfig(globally=False)
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(new)}
    for site, config in [*(gx_context.variables.data_docs_sites or {}).items()]:
        gx_context.delete_data_docs_site(site)
        # Great Expectations leaves it in the folder for temporary files, one in every run.
        shutil.rmtree(config["store_backend"]["base_directory"], ignore_errors=True)
    site_config: Any = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": store,
    }
    gx_context.add_data_docs_site(SITE, site_config)
    request, passed = context.request, {}
    run_id = gx.RunIdentifier(f"{context.environment.name}-{request.end:%Y%m%dT%H%M%SZ}", request.as_of)
    for family, pairs in PAIRS.items():
        rows = cluster_rows(context) if family == "pipeline" else source_rows(context)
        passed[family] = _validated(gx_context, family, pairs, pd.DataFrame(rows), run_id)
    gx_context.build_data_docs(site_names=[SITE])
    families = [Family(QUESTIONS[family], is_passed, _page(new, family)) for family, is_passed in passed.items()]
    window = f"{clock(request.start)} to {clock(request.end)}"
    (new / "index.html").write_text(index_page(context.environment.name, window, families))
    for animation in (new / "static").rglob("*.gif"):
        # Four fifths of the size, for a tutorial of Great Expectations.
        animation.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)
    return passed


def _page(folder: Path, family: str) -> str:
    """Return the address of a family's result, relative to the folder."""
    (page,) = (folder / "validations" / family).rglob("*.html")
    return page.relative_to(folder).as_posix()


def _validated(
    gx_context: Any, family: str, pairs: Sequence[tuple[str, str]], frame: "pd.DataFrame", run_id: Any
) -> bool:
    import great_expectations as gx
    from great_expectations.expectations.core import (
        expect_column_pair_values_a_to_be_greater_than_b as pair_values,
    )

    columns = list(dict.fromkeys([frame.columns[0], *(column for pair in pairs for column in pair)]))
    asset = gx_context.data_sources.add_pandas(family).add_dataframe_asset(family)
    batch = asset.add_batch_definition_whole_dataframe(family)
    suite = gx_context.suites.add(
        gx.ExpectationSuite(
            name=family,
            expectations=[
                pair_values.ExpectColumnPairValuesAToBeGreaterThanB(
                    column_A=allowed,
                    column_B=measured,
                    or_equal=True,
                    ignore_row_if="either_value_is_missing",
                    description=SENTENCES[measured],
                )
                for measured, allowed in pairs
            ],
        )
    )
    validation = gx_context.validation_definitions.add(gx.ValidationDefinition(name=family, data=batch, suite=suite))
    result = validation.run(
        batch_parameters={"dataframe": frame[columns]},
        run_id=run_id,
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [frame.columns[0]]},
    )
    return bool(result.success)


def _created(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
