import configparser
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from supervisor.options import ServerOptions

from logops.render import render_local
from logops.render.supervisor import SupervisedProgram, supervisor_conf
from tests.support.environments import COMMANDS, environment, programs

LOCAL = environment("local")
KEYS = {"LOGOPS_MAIN_STORAGE_KEY": "bWFpbg+/==", "LOGOPS_SECURITY_STORAGE_KEY": "c2Vj+/=="}

texts = st.lists(st.text(max_size=3), max_size=3).map(tuple)
variables = st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3)
made = st.builds(
    SupervisedProgram, st.just("x"), st.just("loki"), texts, st.just((1,)), reads=texts, environment=variables
)


@given(made, made)
def test_program_digest_changes_exactly_if_its_inputs_change(
    first: SupervisedProgram, second: SupervisedProgram
) -> None:
    assert (first.digest == second.digest) == (first == second)


def test_program_digest_does_not_include_itself() -> None:
    program = programs(LOCAL)["main-querier-0"]

    assert "LOGOPS_DIGEST" not in program.variables
    assert f'LOGOPS_DIGEST="{program.digest}"' in supervisor_conf((program,), "/logs", "/data")


def configured(state: Path, commands: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return every process as supervisord reads it from the rendered files."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    files = render_local(LOCAL, state, commands, {}, {})
    sections = [text for stage in files.values() for name, text in stage.items() if name.startswith("supervisor/")]
    (state / "logs").mkdir(parents=True)
    for name in programs(LOCAL):
        (state / "data" / name).mkdir(parents=True)
    conf = state / "supervisord.conf"
    conf.write_text("\n".join(["[supervisord]", *sections]))
    options = ServerOptions()
    options.realize(["-c", str(conf)])
    return {process.name: process for group in options.process_group_configs for process in group.process_configs}


@pytest.mark.parametrize("folder", ["plain", "with a space", "c#", "a;b", "größe"])
def test_supervisord_parses_rendered_programs_as_intended(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / folder
    commands = {name: (f"/opt/it's {name} 100%",) for name in COMMANDS}

    read = configured(state, commands, monkeypatch)

    assert read.keys() == programs(LOCAL).keys()
    querier = read["main-querier-0"]
    assert shlex.split(querier.command)[:2] == ["/opt/it's loki 100%", f"-config.file={state}/live/loki/main.yaml"]
    assert querier.environment["LOGOPS_DATA"] == str(state / "data/main-querier-0")
    assert querier.environment["LOGOPS_PORTS"].split() == ["23116", "23117", "23118"]
    assert querier.directory == str(state / "data/main-querier-0")
    assert querier.stdout_logfile == str(state / "logs/main-querier-0.log")


def test_azurite_account_keys_come_from_the_environment_of_supervisord(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    azurite = configured(tmp_path / "state", COMMANDS, monkeypatch)["azurite"]

    assert azurite.environment["AZURITE_ACCOUNTS"] == (
        f"logopsmain:{KEYS['LOGOPS_MAIN_STORAGE_KEY']};logopssecurity:{KEYS['LOGOPS_SECURITY_STORAGE_KEY']}"
    )
    assert azurite.environment["LOGOPS_MAIN_STORAGE_KEY"] == ""


def test_canary_output_and_canary_log_are_separate_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state"
    canary = configured(state, COMMANDS, monkeypatch)["canary-main"]

    assert canary.stdout_logfile == str(state / "data/canary-main/lines.log")
    assert canary.stderr_logfile == str(state / "logs/canary-main.log")


def test_supervisord_restarts_processes_but_does_not_start_them() -> None:
    parser = configparser.RawConfigParser()
    parser.read_string(supervisor_conf(tuple(programs(LOCAL).values()), "/logs", "/data"))

    assert {parser[section]["autostart"] for section in parser.sections()} == {"false"}
    assert {parser[section]["autorestart"] for section in parser.sections()} == {"true"}


def test_ingester_has_time_to_flush_when_it_stops() -> None:
    stops = {name: program.stop_seconds for name, program in programs(LOCAL).items()}

    assert min(stops[name] for name in ("main-ingester-0", "security-all-0")) >= 120
