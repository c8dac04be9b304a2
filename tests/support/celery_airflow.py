"""Airflow on several machines: CeleryExecutor with a real Redis and Postgres, and workers that share no folder.

Each process has its own copy of the project, its own home of Airflow and of the user, and its own temporary files. Only
the network connects them.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from logops.environment import Environment
from logops.platforms.local.logs import last_lines
from logops.quickstart import background
from logops.quickstart.airflow_api import AirflowApi
from logops.quickstart.airflow_config import HOST, USER, airflow_environment, new_keys
from logops.quickstart.airflow_process import Airflow
from tests.support.azurites import listens
from tests.support.rollouts import save
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[2]
HEARTBEAT_TIMEOUT_S = 30
"""After this time without a sign of life of a task, the scheduler counts its worker as dead. Airflow's default: 300."""
_STARTED_WITHIN_S = 240
_GRACE_S = 10.0
_DEBIAN = Path("/usr/lib/postgresql")


def missing_programs() -> str:
    """Return why this Airflow cannot run here; an empty text if it can."""
    programs = {"Redis": shutil.which("redis-server"), "Postgres": _postgres("initdb")}
    missing = [name for name, program in programs.items() if not program]
    return f"not installed: {', '.join(missing)}" if missing else ""


@dataclass(frozen=True)
class CeleryAirflow:
    """Airflow without workers, which are started and killed one by one."""

    folder: Path
    environment: Environment
    """The environment of all DAGs."""
    variables: Mapping[str, str]
    """Environment variables of each process of Airflow."""
    port: int

    @property
    def api(self) -> AirflowApi:
        airflow = Airflow(self.folder, self.folder / "api-server" / "airflow")
        return AirflowApi(f"http://{HOST}:{self.port}", USER, airflow.password())

    def log(self, process: str) -> Path:
        return self.folder / process / "log"

    def start_worker(self, name: str) -> None:
        """Start a worker for one task at a time, and wait until it takes tasks."""
        self.start(name, "celery", "worker", "--concurrency", "1", "--celery-hostname", name, "--skip-serve-logs")
        self.wait_for_text(name, f"{name} ready.")

    def wait_for_text(self, process: str, text: str) -> None:
        wait_for(
            lambda: text in self.log(process).read_text(errors="replace"),
            _STARTED_WITHIN_S,
            state=lambda: "\n".join(last_lines(self.log(process), 40)),
        )

    def start(self, process: str, *arguments: str) -> None:
        """Start a process of Airflow in its own folder."""
        place = self.folder / process
        project = place / "project"
        for name in ("dags", "include", "plugins", "tools"):
            environments = ("environments",) if name == "include" else ()
            shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns(*environments))
        save(project, self.environment)
        for name in ("airflow", "tmp", "user"):
            (place / name).mkdir()
        programs = Path(sys.executable).parent
        own = {
            "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(project / "plugins"),
            "HOME": str(place / "user"),
            "PYTHONPATH": str(project / "plugins"),
            "TMPDIR": str(place / "tmp"),
        }
        background.start(
            [sys.executable, "-m", "airflow", *arguments],
            env={
                **airflow_environment(os.environ, project, place / "airflow", programs, self.environment.name),
                **self.variables,
                **own,
            },
            cwd=place,
            log=self.log(process),
            record=self._record(process),
        )

    def kill(self, process: str) -> None:
        """Kill a process with all that it started, without a warning, as if its machine lost power."""
        for member in self.members(process):
            member.kill()
        wait_for(lambda: not self.members(process))

    def stop(self, process: str) -> None:
        background.stop(self._record(process), _GRACE_S)

    def members(self, process: str) -> list[psutil.Process]:
        """Return the living processes of a process of Airflow, its tasks included."""
        record = background.read(self._record(process))
        return background.members(record) if record else []

    def cpu_seconds(self, process: str) -> float:
        """Return the processor time of a process and of all that it started, ended or not."""
        return sum(sum(member.cpu_times()[:4]) for member in self.members(process))

    def files(self, process: str) -> list[Path]:
        """Return the files that a process left in its own folder, without its copy of the project and its logs."""
        place = self.folder / process
        kept = (place / "project" / ".logops", place / "airflow", place / "tmp", place / "user")
        return [file for folder in kept for file in folder.rglob("*") if file.is_file()]

    def _record(self, process: str) -> Path:
        return self.folder / process / "record.json"


@contextmanager
def celery_airflow(
    environment: Environment, ports: Sequence[int], variables: Mapping[str, str]
) -> Iterator[CeleryAirflow]:
    """Run Airflow with CeleryExecutor, without workers. Everything is ended and removed afterwards.

    environment   the only environment of its project
    ports         three free ports
    variables     for each process of Airflow, for example secrets
    """
    api_port, redis_port, postgres_port = ports
    folder = Path(tempfile.mkdtemp(prefix="logops-celery-"))
    # Postgres runs as another user, who must reach its folder.
    folder.chmod(0o711)
    try:
        with _run_redis(folder, redis_port) as redis, _run_postgres(folder, postgres_port) as postgres:
            airflow = CeleryAirflow(
                folder, environment, {**_settings(api_port, redis, postgres), **variables}, api_port
            )
            try:
                airflow.start("migration", "db", "migrate")
                wait_for(lambda: not airflow.members("migration"), _STARTED_WITHIN_S)
                for process in ("api-server", "scheduler", "dag-processor"):
                    airflow.start(process, process)
                unhealthy = AirflowApi(f"http://{HOST}:{api_port}", USER, "").unhealthy
                # There is no triggerer: no task here waits for a trigger.
                wait_for(
                    lambda: set(unhealthy()) <= {"triggerer"},
                    _STARTED_WITHIN_S,
                    every=0.5,
                    state=lambda: f"{unhealthy()} in {folder}",
                )
                yield airflow
            finally:
                for record in folder.glob("*/record.json"):
                    background.stop(record, _GRACE_S)
    finally:
        shutil.rmtree(folder)


def _settings(port: int, redis: str, postgres: str) -> dict[str, str]:
    """Return the configuration that all processes share, as variables."""
    return {
        **{f"AIRFLOW__{section}__{option}".upper(): key for (section, option), key in new_keys().items()},
        "AIRFLOW__API__BASE_URL": f"http://{HOST}:{port}",
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CELERY__BROKER_URL": redis,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{postgres}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{HOST}:{port}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        # The default asks DNS for the machine's full name, which takes seconds if no server answers.
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres,
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.25",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(HEARTBEAT_TIMEOUT_S),
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    }


@contextmanager
def _run_redis(folder: Path, port: int) -> Iterator[str]:
    """Run a Redis that keeps everything in memory. Yields its URL."""
    options = ["--bind", HOST, "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    with (folder / "redis.log").open("w") as log:
        process = subprocess.Popen(["redis-server", *options], stdout=log, stderr=log)
    try:
        wait_for(lambda: listens(port), state=(folder / "redis.log").read_text)
        yield f"redis://{HOST}:{port}/0"
    finally:
        process.kill()
        process.wait()


@contextmanager
def _run_postgres(folder: Path, port: int) -> Iterator[str]:
    """Run an empty Postgres. Yields the URL of its database."""
    data = folder / "postgres"
    data.mkdir()
    # Postgres refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        shutil.chown(data, user)
    initdb = [_postgres("initdb"), "--pgdata", str(data), "--username", "airflow", "--auth", "trust", "--no-sync"]
    subprocess.run(initdb, user=user, cwd=data, check=True, capture_output=True)
    options = ["-c", f"listen_addresses={HOST}", "-c", f"port={port}", "-c", "unix_socket_directories="]
    # Fast rather than safe: nothing here outlives the machine.
    options += ["-c", "fsync=off", "-c", "max_connections=200"]
    with (folder / "postgres.log").open("w") as log:
        process = subprocess.Popen(
            [_postgres("postgres"), "-D", str(data), *options], user=user, cwd=data, stdout=log, stderr=log
        )
    try:
        wait_for(lambda: "ready to accept connections" in (folder / "postgres.log").read_text())
        yield f"postgresql+psycopg2://airflow@{HOST}:{port}/postgres"
    finally:
        process.terminate()
        process.wait()


def _postgres(program: str) -> str:
    """Return the path of a program of Postgres; an empty text if it is not installed. Debian has no link to it."""
    found = shutil.which(program) or next(iter(sorted(_DEBIAN.glob(f"*/bin/{program}"), reverse=True)), "")
    return str(found)
