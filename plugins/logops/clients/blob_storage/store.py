"""One storage account."""

import logging
from base64 import b64decode
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from logops.clients.blob_storage.credentials import AccountKey, ConnectionString, Credential, DefaultIdentity
from logops.clients.blob_storage.errors import ObjectStoreMisconfiguredError, ObjectStoreRefusedError

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient

    from logops.clients.blob_storage.container import Container
    from logops.clients.blob_storage.rest import Rest

_CONNECT_TIMEOUT_S = 3
_READ_TIMEOUT_S = 20
_RETRIES = 2
_RETRY_FOR_S = 60.0
"""The audits' requests are retried for this long: they run at night, and an outage of a minute must not end one."""
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class ObjectStore:
    """The containers of one account. Every call raises ObjectStoreError (`errors`)."""

    def __init__(self, account: str, service: "BlobServiceClient") -> None:
        self.account = account
        self._service = service
        self._rest: Rest | None = None

    @classmethod
    def connect(cls, account: str, credential: Credential, endpoint: str = "") -> Self:
        """Create a client for an account. Nothing is sent yet.

        endpoint   address of the account's blob service if it is not Azure's public cloud's:
                   `https://ACCOUNT.blob.core.usgovcloudapi.net`, or Azurite's `http://127.0.0.1:10000/ACCOUNT`.
                   A connection string has its own.

        Raises ObjectStoreMisconfiguredError if the credential and the endpoint are not usable.
        """
        try:
            service = _service(account, credential, endpoint or f"https://{account}.blob.core.windows.net")
        except ValueError as error:
            # The messages of the SDK and of _service contain no connection string and no key.
            raise ObjectStoreMisconfiguredError(f"connecting to storage account {account}: {error}") from None
        return cls(account, service)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the pooled connections."""
        self._service.close()
        if self._rest is not None:
            self._rest.close()

    def list_containers(self) -> list[str]:
        """Return the names of the account's containers, sorted."""
        from logops.clients.blob_storage.azure_errors import translated

        with translated(f"listing the containers of storage account {self.account}"):
            return [str(container.name) for container in self._service.list_containers()]

    def public_containers(self) -> dict[str, str]:
        """Return the containers that anybody may read without a login, with what they show: `blob` or `container`."""
        from logops.clients.blob_storage.azure_errors import translated

        with translated(f"reading the access levels of the containers of storage account {self.account}"):
            return {
                str(container.name): str(container.public_access)
                for container in self._service.list_containers()
                if container.public_access
            }

    def create_container(self, name: str) -> bool:
        """Create a private container unless it exists. Return whether it was created."""
        from logops.clients.blob_storage.azure_errors import translated

        try:
            with translated(f"creating container {name} in storage account {self.account}"):
                self._service.create_container(name)
        except ObjectStoreRefusedError as error:
            if error.code != "ContainerAlreadyExists":
                raise
            return False
        return True

    def container(self, name: str) -> "Container":
        """Return a container. Nothing is sent yet."""
        from logops.clients.blob_storage.container import Container
        from logops.clients.blob_storage.rest import Rest

        if self._rest is None:
            self._rest = Rest(self._service, _RETRY_FOR_S)
        return Container(self.account, name, self._service.get_container_client(name), self._rest)

    def usage(self, container: str) -> tuple[int, int]:
        """Return the number of blobs in a container, and their total size in bytes. Reads the whole listing."""
        import pyarrow.compute as pc

        count = size = 0
        for batch in self.container(container).list().batches:
            count += batch.num_rows
            size += pc.sum(batch.column("size")).as_py() or 0
        return count, size

    def probe(self, container: str) -> None:
        """Check that a container can be used as Loki and its lifecycle rules use it.

        Writes a blob `logops-probe/UUID`, reads it, sets its tier to Cool, checks the tier and deletes the blob.
        Raises ProbeError with the step that failed. The blob is deleted then as well, or the message says that it is
        not.
        """
        from logops.clients.blob_storage.probe import probe

        blob = self._service.get_blob_client(container, f"logops-probe/{uuid4()}")
        probe(blob, self.account)


def _service(account: str, credential: Credential, url: str) -> "BlobServiceClient":
    """Create the SDK's client. Raises ValueError."""
    from azure.storage.blob import BlobServiceClient

    match credential:
        case ConnectionString(value):
            service = BlobServiceClient.from_connection_string(value, **_options(value))
        case AccountKey(key):
            signer = {"account_name": account, "account_key": key}
            service = BlobServiceClient(url, credential=signer, **_options(url))
        case DefaultIdentity(login):
            from logops.clients.blob_storage.identity import machine_identity

            service = BlobServiceClient(url, credential=login or machine_identity(), **_options(url))
    # None: a custom address that does not name the account.
    if service.account_name not in (account, None):
        raise ValueError(f"what was given is for storage account {service.account_name}")
    # The SDK would report it only at the first request, with an unclear message.
    shared_key = getattr(service.credential, "account_key", None)
    if shared_key and not _is_base64(shared_key):
        raise ValueError("the account key is not base64: copy it again, whole")
    return service


def _options(address: str) -> dict[str, Any]:
    from azure.storage.blob import LinearRetry

    return {
        "retry_policy": LinearRetry(backoff=1, retry_total=_RETRIES, random_jitter_range=1),
        "connection_timeout": _CONNECT_TIMEOUT_S,
        "read_timeout": _READ_TIMEOUT_S,
        # At INFO, its default, every request would appear in the log of an Airflow task.
        "http_logging_level": logging.DEBUG,
        # A proxy for the internet cannot reach this machine's loopback.
        "use_env_settings": not any(f"//{host}:" in address for host in _LOOPBACK),
    }


def _is_base64(key: str) -> bool:
    try:
        b64decode(key, validate=True)
    except ValueError:
        return False
    return True
