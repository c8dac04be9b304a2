"""Airflow's configuration for one machine: airflow.cfg in AIRFLOW_HOME.

It is a file, so that `AIRFLOW_HOME=.logops/airflow airflow ...` shows the same Airflow in any terminal. Source of
the options: airflow/config_templates/config.yml of Airflow 3.3.
"""

import base64
import io
import os
from collections.abc import Mapping
from configparser import ConfigParser, Error
from pathlib import Path

HOST = "127.0.0.1"
CONFIG = "airflow.cfg"
PASSWORDS = "simple_auth_manager_passwords.json.generated"
USER = "admin"
NIGHTLY_ENVIRONMENT = "LOGOPS_NIGHTLY_ENVIRONMENT"
"""The variable that `logops.airflow.nightly` reads."""

Settings = Mapping[str, Mapping[str, str]]

_KEYS = (("core", "fernet_key"), ("api", "secret_key"), ("api_auth", "jwt_secret"))


def airflow_settings(root: Path, home: Path, port: int, keys: Mapping[tuple[str, str], str]) -> Settings:
    """Return settings for Airflow with SQLite and LocalExecutor on a loopback port.

    keys   from `kept_keys` or `new_keys`

    The scheduler looks for work more often than by default, because a rollout is a chain of short tasks. It notices
    a dead scheduler or task within a minute instead of five, so that a run resumes soon after a restart.
    """
    settings: dict[str, dict[str, str]] = {
        "core": {
            "executor": "LocalExecutor",
            "dags_folder": str(root / "dags"),
            "plugins_folder": str(root / "plugins"),
            "load_examples": "False",
            "dags_are_paused_at_creation": "False",
            "test_connection": "Enabled",
            "parallelism": "4",
            "execution_api_server_url": f"http://{HOST}:{port}/execution/",
            # The default asks DNS for the machine's full name, which takes seconds if no server answers.
            "hostname_callable": "socket.gethostname",
            "simple_auth_manager_users": f"{USER}:admin",
        },
        # SQLite waits 5 seconds for another process by default; on a busy machine, Airflow then answers 500.
        "database": {"sql_alchemy_conn": f"sqlite:///{home}/airflow.db?timeout=60"},
        "api": {"host": HOST, "port": str(port), "base_url": f"http://{HOST}:{port}"},
        "scheduler": {
            "scheduler_idle_sleep_time": "0.25",
            "orphaned_tasks_check_interval": "10",
            "task_instance_heartbeat_timeout": "60",
        },
        # A task's supervisor may notice the end of a task only at the next heartbeat (supervisor.py of the task SDK
        # waits for its sockets): by default up to five seconds per task. After a restart the scheduler starts before
        # the API that tasks report to: retry for a minute instead of ten seconds.
        "workers": {"min_heartbeat_interval": "1", "execution_api_retries": "8"},
        "dag_processor": {"parsing_processes": "1", "refresh_interval": "30"},
        "triggerer": {"capacity": "100"},
        # With two Airflows on one machine, these servers need their own ports.
        "logging": {
            "base_log_folder": str(home / "logs"),
            # By default, every user of the machine can read the logs of tasks.
            "file_task_handler_new_folder_permissions": "0o700",
            "file_task_handler_new_file_permissions": "0o600",
            "worker_log_server_port": str(port + 1),
            "trigger_log_server_port": str(port + 2),
        },
    }
    for (section, option), key in keys.items():
        settings.setdefault(section, {})[option] = key
    return settings


def to_text(settings: Settings) -> str:
    """Return the text of airflow.cfg. A percent sign is doubled, because it would start an interpolation."""
    parser = ConfigParser(interpolation=None)
    for section, options in settings.items():
        parser[section] = {option: value.replace("%", "%%") for option, value in options.items()}
    text = io.StringIO()
    parser.write(text)
    return "# Written by `logops quickstart up`, each time. The keys are made once.\n" + text.getvalue()


def new_keys() -> dict[tuple[str, str], str]:
    """Return new keys: a Fernet key (32 bytes in URL-safe base64), and a JWT secret of at least 64 bytes for HS512."""
    return {
        (section, option): base64.urlsafe_b64encode(os.urandom(32 if section == "core" else 64)).decode()
        for section, option in _KEYS
    }


def kept_keys(text: str) -> dict[tuple[str, str], str] | None:
    """Return the keys in an airflow.cfg; None if one is missing. Without the keys, encrypted values would be lost."""
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
        return {(section, option): parser[section][option] for section, option in _KEYS}
    except (Error, KeyError):
        return None


def write_config(root: Path, home: Path, port: int) -> None:
    """Write airflow.cfg, readable only by its owner. Keeps existing keys."""
    file = home / CONFIG
    keys = (kept_keys(file.read_text()) if file.is_file() else None) or new_keys()
    new = file.with_name(f"{CONFIG}.new")
    new.touch(mode=0o600)
    new.write_text(to_text(airflow_settings(root, home, port, keys)))
    new.replace(file)


def airflow_environment(
    inherited: Mapping[str, str], root: Path, home: Path, programs: Path, nightly: str = ""
) -> dict[str, str]:
    """Return the environment variables for starting Airflow.

    programs   folder of the `airflow` command, which Airflow calls itself
    nightly    environment of the nightly runs, unless the terminal names another one

    AIRFLOW__ variables of another project in the terminal would override airflow.cfg, so they are removed.
    """
    kept = {name: value for name, value in inherited.items() if not name.startswith(("AIRFLOW__", "AIRFLOW_CONFIG"))}
    loopback = f"{HOST},localhost"
    before = kept.get("no_proxy") or kept.get("NO_PROXY")
    return {
        **({NIGHTLY_ENVIRONMENT: nightly} if nightly else {}),
        **kept,
        "AIRFLOW_HOME": str(home),
        "LOGOPS_HOME": str(root),
        "PATH": f"{programs}{os.pathsep}{kept.get('PATH', os.defpath)}",
        "NO_PROXY": f"{before},{loopback}" if before else loopback,
        "no_proxy": f"{before},{loopback}" if before else loopback,
        "NO_COLOR": "1",
        "PYTHONUNBUFFERED": "1",
    }
