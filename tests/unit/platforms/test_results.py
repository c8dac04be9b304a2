"""Which results stores need an Azure identity."""

import pytest

from logops.platforms.results import needs_identity

URL = "abfs://logops-results@account.dfs.core.windows.net/production"


@pytest.mark.parametrize(
    ("url", "variables", "needed"),
    [
        (URL, {}, True),
        (URL, {"AZURE_STORAGE_ACCOUNT_KEY": ""}, True),
        (URL, {"AZURE_STORAGE_ACCOUNT_KEY": "a2V5"}, False),
        (URL, {"AZURE_STORAGE_SAS_TOKEN": "sig=x"}, False),
        (URL, {"AZURE_STORAGE_CONNECTION_STRING": "AccountName=x"}, False),
        (URL, {"AZURE_STORAGE_CLIENT_ID": "id"}, False),
        ("az://results/production", {}, True),
        ("s3://results/production", {}, False),
        ("/srv/logops/results", {}, False),
    ],
)
def test_store_on_azure_needs_identity_unless_a_variable_has_a_login(
    url: str, variables: dict[str, str], needed: bool
) -> None:
    assert needs_identity(url, variables) is needed
