"""What a person reads if a login to Azure fails."""

from logops.clients.blob_storage.identity import login_problem

REFUSED = """DefaultAzureCredential failed to retrieve a token from the included credentials.
Attempted credentials:
\tEnvironmentCredential: Authentication failed: AADSTS7000215: Invalid client secret provided. Use the secret's value.
Trace ID: 00000000-0000-0000-0000-000000000000
\tAzureCliCredential: Azure CLI not found on path"""


def test_refused_login_is_reported_with_the_sentence_of_azure_only() -> None:
    assert login_problem(REFUSED) == (
        "Azure refused the login: AADSTS7000215: Invalid client secret provided. Use the secret's value."
    )


def test_missing_identity_is_reported_in_one_line() -> None:
    assert login_problem("Attempted credentials:\n\tAzureCliCredential: Azure CLI not found on path") == (
        "this machine has no Azure identity: run `az login`, set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
        "AZURE_CLIENT_SECRET, or use a pod or VM that has one."
    )
