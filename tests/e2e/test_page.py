"""The page in Airflow: who reaches it, what each reader sees, and what a person does with it in a browser."""

import re
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import requests

from logops.findings import Finding, Run, Subject
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.store import ResultsStore
from logops.quickstart.airflow_api import AirflowApi
from tests.support.checkouts import Checkout
from tests.support.environments import environment
from tests.support.rollouts import save

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page

ENVIRONMENT = "shown"
PAGE = f"/logops-page/{ENVIRONMENT}"
ROUTES = ("/logops-page/", PAGE, "/logops-page/nothing", "/logops-page/docs", "/logops-page/openapi.json", f"{PAGE}/x")
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
FINDING = Finding(
    CHUNK_MISSING,
    Subject(ENVIRONMENT, "main", "application", "loki_index_20780"),
    "3 chunks of loki_index_20780 are in the index, and missing from the bucket.",
    datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3),
    {"chunks": 3},
)
SECRET = Finding(CHUNK_MISSING, Subject(ENVIRONMENT, "security", "security-team"), "A chunk is missing.", FINDING.as_of)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def results(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The results of an environment that does not run: a finding of each kind of cluster."""
    folder = tmp_path_factory.mktemp("results")
    save(checkout.root, environment("local", ("name", ENVIRONMENT), ("results", f"file://{folder}")))
    run = Run(ENVIRONMENT, "retention-audit", f"scheduled__{FINDING.as_of.isoformat()}", FINDING.as_of)
    ResultsStore(str(folder)).write_findings(run, [FINDING, SECRET])


Get = Callable[..., requests.Response]


@pytest.fixture
def get(checkout: Checkout, airflow: AirflowApi, results: None) -> Get:
    """Send a request as a user with a role of Airflow's; without a role, without a login."""
    secret = _setting(checkout, "api_auth", "jwt_secret")

    def send(path: str, role: str = "", method: str = "GET") -> requests.Response:
        headers = {"Authorization": f"Bearer {_token(secret, role)}"} if role else {}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, f"{airflow.url}{path}", headers=headers, allow_redirects=False, timeout=60)

    return send


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ROUTES)
def test_every_route_of_the_page_without_a_login_answers_401(get: Get, path: str, method: str) -> None:
    answer = get(path, method=method)

    assert (answer.status_code, FINDING.id in answer.text, SECRET.id in answer.text) == (401, False, False)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ROUTES)
def test_no_route_of_the_page_changes_anything(get: Get, path: str, method: str) -> None:
    assert get(path, "admin", method).status_code == 404


def test_viewer_sees_the_page_without_findings_of_security_clusters(get: Get) -> None:
    text = get(PAGE, "viewer").text

    assert FINDING.message in text
    assert "Something is left out" in text
    assert [name for name in ("security-team", SECRET.id) if name in text] == []


def test_reader_with_a_role_of_the_environment_sees_findings_of_security_clusters(get: Get) -> None:
    text = get(PAGE, "admin").text

    assert SECRET.id in text
    assert "Something is left out" not in text


@pytest.mark.parametrize(("role", "status"), [("", 401), ("viewer", 403), ("admin", 200)])
def test_rollout_form_is_for_those_who_may_trigger_a_rollout(get: Get, role: str, status: int) -> None:
    assert get(f"/logops-rollout/?environment={ENVIRONMENT}&stages=loki", role).status_code == status


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/logops-rollout/", "/logops-rollout/x", "/logops-rollout/openapi.json"])
def test_every_route_of_the_rollout_form_without_a_login_answers_401(get: Get, path: str, method: str) -> None:
    assert get(path, method=method).status_code == 401


def test_page_of_an_unknown_environment_names_those_that_have_one(get: Get) -> None:
    answer = get("/logops-page/nothing", "viewer")

    assert answer.status_code == 404
    assert "There is no environment nothing. These have a page:" in answer.text


def test_answer_is_kept_in_no_cache_and_shown_in_no_frame_of_others(get: Get) -> None:
    headers = get(PAGE, "viewer").headers

    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Content-Security-Policy"] == "frame-ancestors 'self'"


@pytest.fixture(scope="module")
def session(browser: "Browser") -> Iterator["BrowserContext"]:
    """A person's browser. The first test that needs it logs in."""
    context = browser.new_context(viewport=DESKTOP, color_scheme="light")
    yield context
    context.close()


@pytest.fixture
def tab(session: "BrowserContext", checkout: Checkout, airflow: AirflowApi, results: None) -> Iterator["Page"]:
    """A tab of a person who followed the link of an alert, and logged in through Airflow's form if necessary."""
    tab = session.new_page()
    tab.goto(f"{airflow.url}{PAGE}#finding={FINDING.id}")
    login = tab.get_by_role("link", name="Log in to Airflow")
    if login.count():
        login.click()
        tab.locator("input[name=username]").fill("admin")
        tab.locator("input[name=password]").fill(checkout.airflow.password())
        tab.locator("button[type=submit]").click()
        tab.wait_for_url(f"**{PAGE}#finding={FINDING.id}")
    yield tab
    tab.close()


def test_link_of_an_alert_leads_to_the_finding_after_the_login(tab: "Page") -> None:
    finding = tab.locator(f'[id="finding={FINDING.id}"]')

    finding.wait_for()
    assert "is-target" in str(finding.get_attribute("class"))
    assert "What to do." in finding.inner_text()


def test_page_opens_from_the_menu_of_airflow_and_leads_to_the_remedy(tab: "Page", airflow: AirflowApi) -> None:
    frame = _open_from_menu(tab, airflow)
    frame.locator("#now").get_by_role("link", name="chunk-missing").first.click()

    finding = frame.locator(f'[id="finding={FINDING.id}"]')
    finding.wait_for()
    assert "Find out who deleted them" in finding.inner_text()
    assert tab.url.endswith(f"/plugin/log-platform{PAGE}#finding={FINDING.id}")


def test_copied_address_of_airflow_leads_to_the_same_finding(tab: "Page", airflow: AirflowApi) -> None:
    tab.goto(f"{airflow.url}/plugin/log-platform{PAGE}#finding={FINDING.id}")

    finding = tab.frame_locator("iframe").locator(f'[id="finding={FINDING.id}"]')
    finding.wait_for()
    assert "is-target" in str(finding.get_attribute("class"))


def test_link_to_a_run_leaves_the_frame_of_airflow(tab: "Page", airflow: AirflowApi) -> None:
    frame = _open_from_menu(tab, airflow)
    frame.locator(f'[id="finding={FINDING.id}"]').get_by_role("link", name="scheduled__").click()

    tab.wait_for_url(re.compile(r"/dags/retention_audit/runs/scheduled__"))


def test_link_to_the_runbook_opens_a_tab_from_the_frame_of_airflow(tab: "Page", airflow: AirflowApi) -> None:
    frame = _open_from_menu(tab, airflow)
    with tab.context.expect_page() as opened:
        frame.locator(f'[id="finding={FINDING.id}"]').get_by_role("link", name="Why it matters").click()

    opened.value.wait_for_url("**/logops/docs/findings.md#chunk-missing")


def test_page_follows_the_theme_of_airflow(tab: "Page", airflow: AirflowApi) -> None:
    frame = _open_from_menu(tab, airflow)
    light = _background(frame)
    tab.evaluate("document.documentElement.classList.remove('light'); document.documentElement.classList.add('dark')")
    frame.locator('html[data-theme="dark"]').wait_for()

    assert (light, _background(frame)) == ("rgb(255, 255, 255)", "rgb(13, 17, 23)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
def test_page_is_never_wider_than_the_window(
    tab: "Page", airflow: AirflowApi, size: Any, scheme: Any, tmp_path: Path
) -> None:
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size(size)
    tab.goto(f"{airflow.url}{PAGE}")
    tab.screenshot(path=tmp_path / "page.png", full_page=True)

    assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_filter_shows_only_findings_with_the_word_and_is_in_the_address(tab: "Page", airflow: AirflowApi) -> None:
    tab.goto(f"{airflow.url}{PAGE}")
    tab.keyboard.press("/")
    tab.keyboard.type("loki_index_20780")
    tab.wait_for_url("**#findings&filter=loki_index_20780")

    assert tab.locator("article.finding:visible").count() == 1


def test_page_has_no_error_in_the_console(tab: "Page", airflow: AirflowApi) -> None:
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.goto(f"{airflow.url}{PAGE}#finding={FINDING.id}")
    tab.locator(f'[id="finding={FINDING.id}"].is-target').wait_for()

    assert errors == []


def _open_from_menu(tab: "Page", airflow: AirflowApi) -> "FrameLocator":
    """Open the page from Airflow's menu, then the environment of this test from the page."""
    tab.goto(airflow.url)
    tab.get_by_text("Log platform").first.click()
    frame = tab.frame_locator("iframe")
    frame.get_by_role("navigation", name="Environments").get_by_role("link", name=ENVIRONMENT, exact=True).click()
    frame.locator(f'[aria-current="page"]:text-is("{ENVIRONMENT}")').wait_for()
    return frame


def _background(frame: "FrameLocator") -> str:
    return str(frame.locator("body").evaluate("body => getComputedStyle(body).backgroundColor"))


def _setting(checkout: Checkout, section: str, option: str) -> str:
    parser = ConfigParser(interpolation=None)
    parser.read(checkout.airflow.home / "airflow.cfg")
    return parser[section][option].replace("%%", "%")


def _token(secret: str, role: str) -> str:
    """Return a token as Airflow's simple auth manager makes it for a user of this role."""
    now = int(datetime.now(UTC).timestamp())
    claims = {"sub": role, "role": role, "teams": [], "aud": "apache-airflow", "iat": now, "nbf": now, "exp": now + 600}
    return jwt.encode(claims, secret, algorithm="HS512")
