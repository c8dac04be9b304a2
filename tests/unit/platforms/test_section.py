"""Parse the sections of the supervisord configuration."""

import pytest

from logops.platforms.local.section import sections
from logops.render import STAGES, Stage
from tests.support.environments import environment, programs, rendered

LOCAL = environment("local")


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage not in ("tenants", "rules")])
def test_rendered_supervisor_sections_are_parsed_into_their_programs(stage: Stage) -> None:
    files = rendered(LOCAL)[stage]
    found = sections(files[f"supervisor/{stage}.conf"])
    assert "".join(f"{section.name} {section.digest}\n" for section in found) == files[f"processes/{stage}"]
    for section in found:
        program = programs(LOCAL)[section.name]
        assert (section.program, section.ports, section.cluster, section.component, section.stop_seconds) == (
            program.program,
            program.ports,
            program.cluster,
            program.component,
            program.stop_seconds,
        )


def test_section_written_by_hand_is_ignored() -> None:
    assert sections("[program:mine]\ncommand=/bin/sleep 1\n") == ()


def test_only_ingesters_and_single_processes_hold_logs() -> None:
    found = sections(rendered(LOCAL)["loki"]["supervisor/loki.conf"])
    assert {section.component for section in found if section.holds_logs} == {"ingester", "all"}
