"""Audits of empty, missing, inaccessible or shared containers on a real Azurite, without a running Loki."""

import gzip
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from typer.testing import CliRunner

from benchmarks import synthetic
from logops.audit.report.explain import NoSuchTableError, TableExplanation, explain
from logops.audit.report.result import COLUMNS, AuditResult
from logops.audit.request import AuditRequest, Check
from logops.audit.run import can_resume, run_audit, survey
from logops.audit.survey.cluster import SurveyedCluster
from logops.audit.work_dir import WorkDir
from logops.cli import app
from logops.clients.blob_storage import ListingInterruptedError, ObjectStore
from logops.environment.storage import StorageAccount
from logops.environment.units import Duration
from logops.platforms.remote import RemotePlatform
from tests.support.audit_bucket import AzuritePlatform
from tests.support.azurites import ACCOUNT, KEY
from tests.support.environments import environment
from tests.support.fakes.blob_service import Answer, blob_service, chunk_names
from tests.support.fakes.management_api import management_api
from tests.support.waiting import wait_for

INDEX = Path(__file__).parents[2] / "unit/tsdb/files/v3-compacted.tsdb"
ODD = "te-am!_*'()"
CHUNK = "1f/19fa3727e6d-19fcc1d06c0-c49c2ad7"


def audit(platform: AzuritePlatform, ahead: timedelta = timedelta(0)) -> AuditResult:
    now = datetime.now(UTC)
    asked = AuditRequest(tuple(Check), "test", now + ahead, (), Duration("0s"), Duration("0s"))
    return run_audit(platform, asked, None, lambda _: None)


def test_empty_container_has_no_findings(store: ObjectStore, endpoint: str) -> None:
    store.create_container("nothing-yet")
    outcome = audit(AzuritePlatform(endpoint, "nothing-yet"))

    assert (outcome.findings, outcome.rows, outcome.failed) == ((), (), False)
    assert outcome.headline == "local: no findings in 0 tables, 0 chunks, 0 B"


def test_missing_container_fails_audit(endpoint: str) -> None:
    outcome = audit(AzuritePlatform(endpoint, "never-made"))

    assert outcome.failed
    assert {one.cls.name for one in outcome.findings} == {"check-incomplete"}
    assert "404 ContainerNotFound. There is no such container" in outcome.findings[0].message


def test_container_without_access_is_reported_with_required_role(store: ObjectStore, endpoint: str) -> None:
    store.create_container("closed")
    outcome = audit(AzuritePlatform(endpoint, "closed", key="eHg="))

    assert outcome.failed
    assert "or the identity lacks the role Storage Blob Data Reader" in outcome.findings[0].message


def test_interrupted_listing_fails_audit() -> None:
    def closed(query: Mapping[str, str]) -> Answer | None:
        if query.get("prefix", "").startswith("network/8"):
            return Answer(403, headers={"x-ms-error-code": "AuthorizationPermissionMismatch"})
        return None

    with blob_service([*islice(chunk_names(23_000), 23_000)], failure=closed, account=ACCOUNT) as served:
        outcome = audit(AzuritePlatform(served.endpoint, "loki-chunks"))

    assert outcome.failed
    assert {one.cls.name for one in outcome.findings} == {"check-incomplete"}
    assert re.search(r"Listed before: .* blobs?\. Left: \d+ parts?\.", outcome.findings[0].message)


def test_interrupted_listing_is_resumed_by_next_try(tmp_path: Path) -> None:
    names = [*islice(chunk_names(23_000), 23_000)]
    closed = {"network/8"}

    def failure(query: Mapping[str, str]) -> Answer | None:
        if query.get("prefix", "") in closed:
            # Answer this request last, so that the next try can skip the parts that are listed already.
            wait_for(lambda: len(served.asked) > 60, 30)
            return Answer(403, headers={"x-ms-error-code": "AuthorizationPermissionMismatch"})
        return None

    with blob_service(names, failure=failure, account=ACCOUNT) as served:
        platform = AzuritePlatform(served.endpoint, "loki-chunks")
        asked = AuditRequest((Check.RETENTION,), "test", datetime.now(UTC))
        with pytest.raises(ListingInterruptedError, match=r"Left: \d+ part"):
            survey(platform, asked, str(tmp_path), lambda _: None, last=False)
        assert can_resume(str(tmp_path), ["main"])
        before = [query.get("prefix", "") for query in served.asked]
        closed.clear()
        batches = survey(platform, asked, str(tmp_path), lambda _: None, last=False)
        again = [query.get("prefix", "") for query in served.asked[len(before) :]]

    assert not can_resume(str(tmp_path), ["main"])
    found = WorkDir(f"{tmp_path}/main").read("surveyed.json", SurveyedCluster).survey
    assert (found.chunk_count, sum(batch["chunks"] for batch in batches)) == (23_000, sum(found.days.values()))
    assert sum(part.num_rows for day in found.days for part in found.chunks(day)) == sum(found.days.values())
    assert "network/8" in again
    assert len(again) < len(before)


@pytest.mark.parametrize("hours", [-2, 2])
def test_account_clock_two_hours_off_fails_audit(hours: int) -> None:
    def shifted(now: datetime) -> str:
        return format_datetime(now + timedelta(hours=hours), usegmt=True)

    with blob_service([], account=ACCOUNT, date=shifted) as served:
        outcome = audit(AzuritePlatform(served.endpoint, "loki-chunks"))

    assert outcome.failed
    assert {one.cls.name for one in outcome.findings} == {"check-incomplete"}
    assert re.search(r"the clocks are (2:00:0|1:59:5)\d apart", outcome.findings[0].message)


@pytest.mark.parametrize("date", [None, "yesterday"])
def test_account_without_valid_date_header_fails_audit(date: str | None) -> None:
    with blob_service([], account=ACCOUNT, date=lambda _: date) as served:
        outcome = audit(AzuritePlatform(served.endpoint, "loki-chunks"))

    assert outcome.failed
    assert {one.cls.name for one in outcome.findings} == {"check-incomplete"}
    assert f"its header Date is {date or ''!r}" in outcome.findings[0].message


def test_account_with_correct_clock_has_no_findings() -> None:
    with blob_service([], account=ACCOUNT) as served:
        outcome = audit(AzuritePlatform(served.endpoint, "loki-chunks"))

    assert (outcome.findings, outcome.failed) == ((), False)


@pytest.mark.parametrize(
    ("version", "said"), [(4, "A version of Loki after 3 wrote the file"), (1, "Let Loki's compactor rewrite the file")]
)
def test_index_with_unsupported_format_is_reported_as_incomplete_with_name(
    store: ObjectStore, endpoint: str, version: int, said: str
) -> None:
    content = bytearray(INDEX.read_bytes())
    content[4] = version
    name = "index/loki_index_20669/platform/1790000000000000000-compactor-1700000000000-1700000000001-0a1b2c3d.tsdb.gz"
    store.create_container(f"format{version}")
    store.container(f"format{version}").write(name, gzip.compress(bytes(content)))
    outcome = audit(AzuritePlatform(endpoint, f"format{version}"))

    # The file may be intact, so no finding may advise to delete it.
    assert [one.cls.name for one in outcome.findings] == ["check-incomplete"]
    assert outcome.findings[0].subject.path == name
    assert name in outcome.findings[0].message
    assert f"its format is V{version}" in outcome.findings[0].message
    assert said in outcome.findings[0].message


def test_inventory_is_audited_in_place_of_listing(store: ObjectStore, endpoint: str, tmp_path: Path) -> None:
    """The container has only the chunks that the audit checks again."""
    planted = synthetic.make(tmp_path, 20_000)
    for name in (synthetic.CONTAINER, synthetic.INVENTORY):
        store.create_container(name)
        container = store.container(name)
        for file in (tmp_path / name).rglob("*"):
            if file.is_file():
                container.write(str(file.relative_to(tmp_path / name)), file.read_bytes())
    for name in planted.orphaned:
        store.container(synthetic.CONTAINER).write(name, b"1")
    # AS_OF is fixed in the past. A long retention prevents that chunks count as expired since then.
    kept = {"retention": {"hot": "30d", "then": "Cool", "keep": "9000d"}}
    platform = AzuritePlatform(
        endpoint,
        synthetic.CONTAINER,
        changes=(
            ("clusters.main.tenants", dict.fromkeys(synthetic.TENANTS, kept)),
            ("storage_accounts.main.inventory", {"container": synthetic.INVENTORY, "rule": synthetic.RULE}),
        ),
    )
    asked = AuditRequest((Check.RETENTION, Check.TIERING), "test", synthetic.AS_OF)
    outcome = run_audit(platform, asked, None, lambda _: None)

    found = {(one.cls.name, str(one.evidence["sample"])) for one in outcome.findings}
    assert found == {
        *(("chunk-missing", name) for name in planted.missing),
        *(("chunk-orphaned", name) for name in planted.orphaned),
        *(("chunk-archived", name) for name in planted.archived),
        *(("tier-too-warm", name) for name in planted.too_warm),
    }


def test_other_objects_in_container_are_counted_and_shown(store: ObjectStore, endpoint: str) -> None:
    store.create_container("shared")
    container = store.container("shared")
    for name in ("backup/a", "backup/b", "readme.txt", "loki_cluster_seed.json"):
        container.write(name, b"1234")
    outcome = audit(AzuritePlatform(endpoint, "shared"))

    assert outcome.findings == ()
    assert outcome.other_objects() == [
        "main, neither chunk nor index: 1 object of Loki's own (cluster seed) (4 B), "
        "for example loki_cluster_seed.json",
        "main, neither chunk nor index: 1 object not of Loki (4 B), for example readme.txt",
        "main, neither chunk nor index: 2 objects not of Loki (8 B), for example backup/a",
    ]
    assert len(json.loads(json.dumps(outcome.to_dict(), default=str))["others"]) == 3


class Elsewhere(RemotePlatform):
    """The production environment as declared, with Azurite as its storage account."""

    def __init__(self, endpoint: str, container: str, management: str) -> None:
        wanted = environment(
            "production",
            ("clusters.security", None),
            ("storage_accounts.security", None),
            ("sources", {}),
            ("agents", {}),
            ("clusters.main.containers.chunks", container),
            ("storage_accounts.monitoring.account_name", ACCOUNT),
            ("storage_accounts.monitoring.containers", [container, "loki-ruler"]),
            ("storage_accounts.monitoring.lifecycle", []),
            ("storage_accounts.monitoring.workload_identity_client_id", None),
            ("storage_accounts.monitoring.account_key", {"env": "KEY_OF_AZURITE"}),
        )
        super().__init__(wanted, management=management, credential=Somebody())
        self._at = endpoint

    def endpoint(self, account: StorageAccount) -> str:
        return self._at


class Somebody:
    """A credential with a token that is never verified."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken("secret-token", 2**33)


def test_remote_environment_is_audited_with_unreachable_parts_reported(
    store: ObjectStore, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_OF_AZURITE", KEY)
    store.create_container("elsewhere")
    store.container("elsewhere").write(f"application/{CHUNK}", b"x" * 100)
    no = {"error": {"code": "AuthorizationFailed", "message": "no"}}
    with management_api(tmp_path, [(403, no)]) as (address, certificate, _):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        outcome = audit(Elsewhere(endpoint, "elsewhere", address), timedelta(days=2))

    # No process answers. Each is reported, and checks that need the compactor are incomplete.
    silent = {one.subject.source for one in outcome.findings if one.subject.source}
    assert {"main-compactor-0", "main-ingester-0"} <= silent
    assert {one.cls.name for one in outcome.findings} == {"check-incomplete"}
    assert any("loki-main-compactor-0.loki-main-compactor-headless" in one.message for one in outcome.findings)
    assert any("It needs the role Reader" in one.message for one in outcome.findings)
    assert [(row.tenant, row.chunks) for row in outcome.rows] == [("application", 1)]


def test_explain_of_table_in_missing_container_raises_with_cause(endpoint: str) -> None:
    with pytest.raises(NoSuchTableError, match="404 ContainerNotFound"):
        explained_in(AzuritePlatform(endpoint, "never-made"))


def test_explain_of_table_that_was_never_written_raises(store: ObjectStore, endpoint: str) -> None:
    store.create_container("nothing-there")
    with pytest.raises(
        NoSuchTableError, match="Nothing is stored in loki_index_20000 of local: never written, or expired"
    ):
        explained_in(AzuritePlatform(endpoint, "nothing-there"))


def test_explain_returns_blocking_findings_of_table(store: ObjectStore, endpoint: str) -> None:
    store.create_container("explained")
    store.container("explained").write(f"platform/{CHUNK}", b"x" * 100)
    (found,) = explained_in(AzuritePlatform(endpoint, "explained"), "loki_index_20669", timedelta(days=2))

    said = found.to_dict()
    assert (said["table"], said["tenant"], said["phase"]) == ("loki_index_20669", "platform", "expired")
    assert [one.cls.name for one in found.blockers] == ["chunk-orphaned"]


def test_explain_without_table_shows_tenants_by_phase_and_with_all_every_table(
    store: ObjectStore, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create_container("all-explained")
    for tenant in ("application", "platform"):
        store.container("all-explained").write(f"{tenant}/{CHUNK}", b"x" * 100)
    platform = AzuritePlatform(endpoint, "all-explained")
    monkeypatch.setattr("logops.cli.audit.readable", lambda name: platform)
    by_phase = CliRunner().invoke(app, ["audit", "explain", "local"])
    shown = CliRunner().invoke(app, ["audit", "explain", "local", "--all"])
    told = json.loads(CliRunner().invoke(app, ["audit", "explain", "local", "--json"]).stdout)

    assert shown.exit_code == 0, shown.output
    tenants = ("application", "platform")
    assert [line.split()[:2] for line in by_phase.stdout.splitlines()[1:3]] == [["main", tenant] for tenant in tenants]
    assert "each table:  logops audit explain local --all" in by_phase.stdout
    head, *lines = shown.stdout.splitlines()
    assert head.split()[:4] == [*COLUMNS[:4]]
    assert [line.split()[:4] for line in lines[:2]] == [
        ["main", "loki_index_20669", "2026-08-04", tenant] for tenant in tenants
    ]
    assert [(one["tenant"], one["table"], one["chunks"]) for one in told] == [
        ("application", "loki_index_20669", 1),
        ("platform", "loki_index_20669", 1),
    ]


def explained_in(
    platform: AzuritePlatform, table: str = "loki_index_20000", ahead: timedelta = timedelta(0)
) -> list[TableExplanation]:
    now = datetime.now(UTC)
    asked = AuditRequest(tuple(Check), "test", now + ahead, (table,), Duration("0s"))
    return explain(platform, asked, "", lambda _: None)


@pytest.mark.parametrize("tenant", [ODD, "fake", "0123", "index-"])
def test_tenant_with_unusual_name_is_recognized(store: ObjectStore, endpoint: str, tenant: str) -> None:
    name = f"odd{tenant.encode().hex()}"
    store.create_container(name)
    store.container(name).write(f"{tenant}/{CHUNK}", b"x" * 100)
    outcome = audit(AzuritePlatform(endpoint, name), timedelta(days=2))

    assert {(one.cls.name, one.subject.tenant) for one in outcome.findings} == {("chunk-orphaned", tenant)}
    assert f"{tenant}/{CHUNK}" in outcome.findings[0].message
