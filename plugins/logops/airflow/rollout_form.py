"""The trigger form of the DAG `rollout`, filled in from an address: `/logops-rollout?environment=local&stages=loki`.

The form of Airflow 3.3 takes no values from an address. This one shows the same parameters and asks Airflow's API to
trigger the run, with the login of the reader: Airflow decides who may do that, and the rollout still asks for approval.
Every route needs the permission to trigger the DAG (`protected_app`).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from logops.airflow.dag_ids import ROLLOUT
from logops.airflow.nightly import environments
from logops.airflow.protected_app import ProtectedApp, headers, protected
from logops.stages import STAGES

if TYPE_CHECKING:
    from fastapi import FastAPI

_HEADERS = headers(
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "frame-ancestors 'self'"
)
_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
label, fieldset, button, p { display: block; margin: 1rem 0; } fieldset label { margin: 0; }
select, button { font: inherit; padding: .3rem .6rem; } #answer { white-space: pre-wrap; }
"""
_SCRIPT = """
const form = document.querySelector("form"), answer = document.getElementById("answer");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const values = new FormData(form), stages = values.getAll("stages");
  if (!stages.length) { answer.textContent = "Choose at least one stage."; return; }
  form.querySelector("button").disabled = true;
  answer.textContent = "Triggering ...";
  try {
    const response = await fetch(form.dataset.api, {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ logical_date: null, conf: { environment: values.get("environment"), stages } }),
    });
    const body = await response.json();
    if (!response.ok) throw new Error(`Airflow answered ${response.status}: ${JSON.stringify(body.detail)}`);
    location.href = `${form.dataset.runs}/${encodeURIComponent(body.dag_run_id)}`;
  } catch (error) {
    answer.textContent = `The rollout was not triggered. ${error.message}`;
    form.querySelector("button").disabled = false;
  }
});
"""


def _app() -> "FastAPI":
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import requires_access_dag

    return protected(
        requires_access_dag("POST", DagAccessEntity.RUN, ROLLOUT),
        "Your role in Airflow may not trigger rollouts.",
        _HEADERS,
        _add_routes,
        lambda: "There is no such page.",
    )


APP = ProtectedApp(_app)


def _add_routes(app: "FastAPI") -> None:
    from fastapi import Query
    from fastapi.responses import HTMLResponse

    @app.get("/")
    def form(environment: str = "", stages: list[str] = Query(default=[])) -> HTMLResponse:  # noqa: B008
        from logops.toolchain import project_root

        names = environments(project_root())
        return HTMLResponse(form_page(names, environment, stages), headers=_HEADERS)


def form_page(names: Iterable[str], environment: str, stages: Iterable[str]) -> str:
    """Return the form. Names that do not exist are not selected; without a stage, all are. Pure."""
    from markupsafe import Markup

    chosen = set(stages) & set(STAGES) or set(STAGES)
    options = Markup("").join(
        Markup("<option{}>{}</option>").format(Markup(" selected") if name == environment else "", name)
        for name in names
    )
    boxes = Markup("").join(
        Markup('<label><input type="checkbox" name="stages" value="{0}"{1}> {0}</label>').format(
            stage, Markup(" checked") if stage in chosen else ""
        )
        for stage in STAGES
    )
    return Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Roll out</title>'
        '<meta name="viewport" content="width=device-width"><style>{style}</style></head><body><h1>Roll out</h1>'
        "<p>Brings these stages to what the environment file says. The run shows its plan first, and waits until a "
        "person approves it.</p>"
        '<form data-api="../api/v2/dags/{dag}/dagRuns" data-runs="../dags/{dag}/runs">'
        '<label>Environment <select name="environment">{options}</select></label>'
        "<fieldset><legend>Stages</legend>{boxes}</fieldset><button>Trigger</button></form>"
        '<p id="answer" role="status"></p>'
        '<p><a href="../dags/{dag}">The DAG, with all its parameters</a></p><script>{script}</script></body></html>'
    ).format(style=Markup(_STYLE), script=Markup(_SCRIPT), dag=ROLLOUT, options=options, boxes=boxes)
