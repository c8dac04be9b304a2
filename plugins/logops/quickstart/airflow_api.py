"""A client of Airflow's REST API v2, with the calls that `make up` needs."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from logops.quickstart.errors import AirflowRefusedError, AirflowUnreachableError

COMPONENTS = ("metadatabase", "dag_processor", "scheduler", "triggerer")
"""The components on the health page."""

_TIMEOUT = (3.0, 120.0)
"""Seconds. On a busy machine, a newly started Airflow was silent for half a minute."""
_LONGEST_REASON = 600
_CONFLICT, _SERVER_ERROR = 409, 500
_MOST_TRIES = 4
"""Airflow on SQLite answers 500 if several of its processes write at the same moment. Every call here may be repeated:
runs and connections are created with their id."""
_PAUSE_S = 0.5


@dataclass(frozen=True)
class TaskState:
    """The current state of a task of a run."""

    task: str
    state: str
    """Airflow's state: success, failed, running, skipped, ...; `waiting` if it has none yet."""
    seconds: float | None
    try_number: int
    map_index: int = -1
    """Index of a mapped task, from 0."""

    @property
    def name(self) -> str:
        """The name for a person: `judge 2` for the second of a mapped task."""
        return self.task if self.map_index < 0 else f"{self.task} {self.map_index + 1}"

    @property
    def key(self) -> tuple[str, str, int, int]:
        """Values whose change is worth showing."""
        return (self.task, self.state, self.try_number, self.map_index)


class AirflowApi:
    """API calls as one user. Raises AirflowRefusedError or AirflowUnreachableError."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url.rstrip("/")
        self._user = user
        self._password = password
        self._session = requests.Session()
        # A proxy for the internet cannot reach this machine's loopback.
        self._session.trust_env = False

    def __repr__(self) -> str:
        return f"AirflowApi({self.url!r}, {self._user!r})"

    def close(self) -> None:
        self._session.close()

    def unhealthy(self) -> list[str]:
        """Return the components that are not healthy; all of them while the API does not answer."""
        try:
            health = self._send("GET", "/api/v2/monitor/health", "asking for Airflow's health", login=False).json()
        except (AirflowUnreachableError, AirflowRefusedError):
            return list(COMPONENTS)
        return [name for name in COMPONENTS if (health.get(name) or {}).get("status") != "healthy"]

    def has_dag(self, dag: str) -> bool:
        """Whether the DAG processor has parsed this DAG."""
        try:
            answer = self.get(f"/api/v2/dags/{dag}", f"looking for the DAG {dag}")
        except AirflowRefusedError as refused:
            if refused.status == 404:
                return False
            raise
        return not answer["is_stale"]

    def is_paused(self, dag: str) -> bool:
        """Whether a DAG is switched off: its runs wait."""
        return bool(self.get(f"/api/v2/dags/{dag}", f"looking whether {dag} is paused")["is_paused"])

    def switch_on(self, dag: str) -> None:
        """Let a DAG run, and start by its schedule."""
        self.patch(f"/api/v2/dags/{dag}", f"switching {dag} on", {"is_paused": False})

    def has_runs(self, dag: str) -> bool:
        """Whether a DAG has ever been started."""
        path = f"/api/v2/dags/{dag}/dagRuns"
        return bool(self.get(path, f"looking for runs of {dag}", params={"limit": 1})["dag_runs"])

    def import_errors(self) -> dict[str, str]:
        """Return the DAG files with import errors, each with the end of its traceback."""
        answer = self.get("/api/v2/importErrors", "reading import errors")
        return {error["filename"]: str(error["stack_trace"]).strip() for error in answer["import_errors"]}

    def put_connection(self, connection: Mapping[str, Any]) -> bool:
        """Create or update a connection. Return False if it was already in this state."""
        name = connection["connection_id"]
        try:
            current = self.get(f"/api/v2/connections/{name}", f"reading the connection {name}")
        except AirflowRefusedError as refused:
            if refused.status != 404:
                raise
            self.post("/api/v2/connections", f"creating the connection {name}", connection)
            return True
        if all(current.get(field) == value for field, value in connection.items()):
            return False
        self.patch(f"/api/v2/connections/{name}", f"changing the connection {name}", connection)
        return True

    def trigger(self, dag: str, run: str, conf: Mapping[str, Any]) -> None:
        """Start a run of a DAG with these parameters."""
        body = {"dag_run_id": run, "logical_date": None, "conf": dict(conf)}
        self.post(f"/api/v2/dags/{dag}/dagRuns", f"triggering {dag}", body)

    def run_state(self, dag: str, run: str) -> str:
        """Return queued, running, success or failed."""
        return str(self.get(f"/api/v2/dags/{dag}/dagRuns/{run}", f"reading the run {run} of {dag}")["state"])

    def runs(self, dag: str, states: Sequence[str]) -> list[str]:
        """Return the ids of a DAG's runs in one of these states, newest first."""
        answer = self.get(
            f"/api/v2/dags/{dag}/dagRuns",
            f"listing the runs of {dag}",
            params={"state": list(states), "order_by": "-id", "limit": 20},
        )
        return [str(run["dag_run_id"]) for run in answer["dag_runs"]]

    def tasks(self, dag: str, run: str) -> list[TaskState]:
        """Return every task of a run. Started tasks come first, in order of their start."""
        answer = self.get(
            f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances", f"reading the tasks of {run}", params={"limit": 100}
        )
        instances = sorted(answer["task_instances"], key=lambda task: task["start_date"] or "9")
        return [
            TaskState(
                task["task_id"], task["state"] or "waiting", task["duration"], task["try_number"], task["map_index"]
            )
            for task in instances
        ]

    def fail_task(self, dag: str, run: str, task: str) -> None:
        """Mark a task failed. Airflow stops it if it runs, and then runs the tasks that handle failures."""
        self.patch(
            f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}",
            f"stopping the task {task} of {run}",
            {"new_state": "failed"},
        )

    def fail_run(self, dag: str, run: str) -> None:
        """Mark a whole run failed."""
        self.patch(f"/api/v2/dags/{dag}/dagRuns/{run}", f"stopping the run {run} of {dag}", {"state": "failed"})

    def xcom(self, dag: str, run: str, task: str, key: str) -> Any:
        """Return the XCom that a task left under a key, or None."""
        try:
            answer = self.get(
                f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/xcomEntries/{key}",
                f"reading what {task} of {run} left",
                params={"deserialize": True},
            )
        except AirflowRefusedError as refused:
            if refused.status == 404:
                return None
            raise
        return answer["value"]

    def log(self, dag: str, run: str, task: TaskState) -> list[str]:
        """Return the log of a task's last try, one line per event."""
        answer = self.get(
            f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task.task}/logs/{task.try_number}",
            f"reading the log of {task.name} of {run}",
            params={"full_content": True, "map_index": task.map_index},
        )
        return [line for entry in answer["content"] for line in log_lines(entry)]

    def get(self, path: str, doing: str, params: Mapping[str, Any] | None = None) -> Any:
        return self._send("GET", path, doing, params=params).json()

    def post(self, path: str, doing: str, body: Mapping[str, Any]) -> Any:
        return self._send("POST", path, doing, json=body).json()

    def patch(self, path: str, doing: str, body: Mapping[str, Any]) -> Any:
        return self._send("PATCH", path, doing, json=body).json()

    def _log_in(self) -> None:
        body = {"username": self._user, "password": self._password}
        answer = self._send("POST", "/auth/token", f"logging in as {self._user}", login=False, json=body).json()
        self._session.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def _send(
        self,
        method: str,
        path: str,
        doing: str,
        *,
        login: bool = True,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> requests.Response:
        if login and "Authorization" not in self._session.headers:
            self._log_in()
        try:
            answer = self._session.request(method, self.url + path, json=json, params=params, timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise AirflowUnreachableError(f"{doing} at {self.url}: {error}") from error
        if answer.status_code == 401 and login:
            # A token is valid for a day; it becomes invalid earlier if the password file is replaced.
            del self._session.headers["Authorization"]
            self._log_in()
            answer = self._session.request(method, self.url + path, json=json, params=params, timeout=_TIMEOUT)
        tries_left = _MOST_TRIES
        while answer.status_code >= _SERVER_ERROR and (tries_left := tries_left - 1):
            time.sleep(_PAUSE_S)
            answer = self._session.request(method, self.url + path, json=json, params=params, timeout=_TIMEOUT)
            if answer.status_code == _CONFLICT and method == "POST":
                # The request before it was carried out, although its answer was an error.
                return answer
        if not answer.ok:
            raise AirflowRefusedError(f"{doing} at {self.url}", answer.status_code, answer.text[:_LONGEST_REASON])
        return answer


def log_lines(entry: Any) -> list[str]:
    """Return one log event as lines: the event, then its error."""
    if not isinstance(entry, Mapping):
        return str(entry).splitlines()
    lines = str(entry.get("event", "")).splitlines()
    for error in entry.get("error_detail") or ():
        said = str(error.get("exc_value", "")).splitlines() or [""]
        lines += [f"{error.get('exc_type', 'Error')}: {said[0]}", *said[1:]]
    return lines


def changes(before: Sequence[TaskState], after: Sequence[TaskState]) -> list[TaskState]:
    """Return the tasks that are new or changed, in the order of `after`."""
    known = {task.key for task in before}
    return [task for task in after if task.key not in known]
