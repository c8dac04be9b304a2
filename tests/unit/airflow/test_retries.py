"""Which errors of a task Airflow tries again."""

from pathlib import Path

import pytest
from airflow.sdk import RetryAction

from logops.airflow.hooks.secrets import SecretMissingError
from logops.airflow.retries import RetryTemporary
from logops.clients.blob_storage.errors import ObjectStoreMisconfiguredError, ObjectStoreRefusedError
from logops.environment.load import EnvironmentFileError
from logops.findings.store import StoreUnreachableError
from logops.toolchain.errors import ProjectNotFoundError


def action(error: BaseException) -> RetryAction:
    return RetryTemporary().evaluate(error, try_number=1, max_tries=2).action


@pytest.mark.parametrize(
    "error",
    [
        EnvironmentFileError(Path("production.yaml"), ()),
        ObjectStoreMisconfiguredError("the key is not base64"),
        ProjectNotFoundError("no tools/"),
        SecretMissingError("no connection"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_error_that_only_a_person_can_cure_fails_at_once(error: BaseException) -> None:
    assert action(error) is RetryAction.FAIL


@pytest.mark.parametrize(
    "error",
    [
        # A new role takes minutes until it is effective.
        ObjectStoreRefusedError("no permission", 403, "AuthorizationPermissionMismatch"),
        StoreUnreachableError("no answer"),
        MemoryError(),
        OSError("a worker was lost"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_error_that_may_be_temporary_is_tried_again(error: BaseException) -> None:
    assert action(error) is RetryAction.DEFAULT
