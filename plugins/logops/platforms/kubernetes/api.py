"""The API server of a Kubernetes cluster: read, try, apply and delete objects. Every call may be repeated.

Built on the dynamic client of the package `kubernetes`, which knows every kind that the server knows.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from logops.platforms.kubernetes.access import Access, AccessError
from logops.platforms.kubernetes.plan.objects import Object
from logops.platforms.kubernetes.plan.owners import LOGOPS
from logops.platforms.kubernetes.plan.proposal import Conflict
from logops.platforms.platform import PlatformError

RETRY_FOR_S = 60.0
"""How long a call is repeated while the server does not answer. An upgrade of a control plane takes the server away for
some seconds."""
_TIMEOUT_S = (5, 30)
"""Of the connection, and of an answer."""
_TEMPORARY = (429, 500, 502, 503, 504)
_CONFLICT = "FieldManagerConflict"
_UNTYPED = "failed to create typed patch object"


class ApiError(PlatformError):
    """The API server refused a call."""

    def __init__(self, message: str, status: int = 0, reason: str = "", causes: tuple[Conflict, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status; 0: the server does not know the kind."""
        self.said = reason
        """The reason in the server's own words."""
        self.conflicts = causes
        """The fields of other managers that an apply would change."""

    @property
    def is_invalid(self) -> bool:
        """Whether the server read the object and it is wrong. Another try would end the same."""
        # The answer to an apply with a field that the kind does not have is a 500.
        return self.status == 422 or _UNTYPED in self.said


class ClusterUnreachableError(PlatformError):
    """The API server did not answer."""


class Api:
    """The objects of a cluster."""

    def __init__(self, access: Access, retry_for_s: float | None = None) -> None:
        self.access = access
        self._retry_for_s = RETRY_FOR_S if retry_for_s is None else retry_for_s

    @cached_property
    def server(self) -> str:
        """The address of the API server."""
        return str(self._client.configuration.host)

    def read(self, api_version: str, kind: str, name: str, namespace: str = "") -> Object | None:
        """Return an object; None if it does not exist."""
        try:
            return self._call("reading", api_version, kind, name, namespace, "get", name=name)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def live(self, manifest: Object, namespace: str) -> Object | None:
        """Return the object of a manifest as the server has it; None if it does not exist."""
        return self.read(manifest["apiVersion"], manifest["kind"], manifest["metadata"]["name"], namespace)

    def items(self, api_version: str, kind: str, namespace: str = "", labels: str = "") -> list[Object]:
        """Return all objects of a kind that have labels (`key=value,...`)."""
        selected = {"label_selector": labels} if labels else {}
        answer = self._call("listing", api_version, kind, "", namespace, "get", **selected)
        return [{"apiVersion": api_version, "kind": kind, **item} for item in answer["items"]]

    def put(
        self, manifest: Object, namespace: str, manager: str, *, dry_run: bool = False, force: bool = False
    ) -> Object:
        """Apply an object on the server (server-side apply), and return the result.

        force   take over fields that others own. Otherwise the ApiError names them
        """
        return self._call(
            "trying" if dry_run else "applying",
            manifest["apiVersion"],
            manifest["kind"],
            manifest["metadata"]["name"],
            namespace,
            "server_side_apply",
            body=dict(manifest),
            field_manager=manager,
            force_conflicts=force,
            **({"dry_run": "All"} if dry_run else {}),
        )

    def create(self, manifest: Object, namespace: str) -> Object:
        """Create an object. Raises ApiError with status 409 if it exists."""
        return self._write("creating", "create", manifest, namespace)

    def replace(self, manifest: Object, namespace: str) -> Object:
        """Replace an object. Raises ApiError with status 409 if it is not the version of the manifest any more."""
        return self._write("replacing", "replace", manifest, namespace)

    def delete(self, api_version: str, kind: str, name: str, namespace: str, **options: Any) -> bool:
        """Delete an object. Return whether it existed."""
        try:
            self._call("deleting", api_version, kind, name, namespace, "delete", name=name, **options)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    def log(self, pod: str, namespace: str, lines: int) -> str:
        """Return the last lines of a pod."""
        from kubernetes.client import CoreV1Api

        with _translated(f"reading the log of pod {namespace}/{pod}"):
            text: str = CoreV1Api(self._client).read_namespaced_pod_log(
                pod, namespace, tail_lines=lines, _request_timeout=_TIMEOUT_S
            )
            return text

    def forward(self, pod: str, namespace: str, port: int) -> Any:
        """Connect to a port of a pod. `socket(port)` of the result is the connection.

        Raises ApiError if the API server refuses it.
        """
        from kubernetes.client import ApiClient, CoreV1Api
        from kubernetes.stream import portforward

        with _translated(f"connecting to port {port} of pod {namespace}/{pod}"):
            # For the call, the package replaces a method of the client. So each connection has a client of its own.
            pods = CoreV1Api(ApiClient(self._client.configuration))
            return portforward(pods.connect_get_namespaced_pod_portforward, pod, namespace, ports=str(port))

    def _write(self, doing: str, verb: str, manifest: Object, namespace: str) -> Object:
        name = manifest["metadata"]["name"]
        return self._call(
            doing,
            manifest["apiVersion"],
            manifest["kind"],
            name,
            namespace,
            verb,
            body=dict(manifest),
            field_manager=LOGOPS,
        )

    def _call(
        self, doing: str, api_version: str, kind: str, subject: str, namespace: str, verb: str, **arguments: Any
    ) -> dict[str, Any]:
        text = f"{doing} {kind} {f'{namespace}/{subject}' if namespace else subject}".rstrip("/ ")
        scope = {"namespace": namespace} if namespace else {}

        def send() -> dict[str, Any]:
            with _translated(text):
                resource = self._dynamic.resources.get(api_version=api_version, kind=kind)
                answer: dict[str, Any] = getattr(self._dynamic, verb)(
                    resource,
                    serializer=lambda _, data: data,
                    _request_timeout=_TIMEOUT_S,
                    **(scope if resource.namespaced else {}),
                    **arguments,
                )
                return answer

        return self._until_answered(send)

    def _until_answered(self, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Send until the server answers. Raises the last error after `retry_for_s`."""
        deadline = time.monotonic() + self._retry_for_s
        wait_s = 0.5
        while True:
            try:
                return send()
            except ClusterUnreachableError:
                if time.monotonic() + wait_s > deadline:
                    raise
            except ApiError as error:
                # A webhook that does not answer is a 500 too: it is reported at once.
                is_temporary = error.status in _TEMPORARY and not error.is_invalid and "webhook" not in error.said
                if not is_temporary or time.monotonic() + wait_s > deadline:
                    raise
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, 5.0)

    @cached_property
    def _client(self) -> Any:
        from kubernetes import client, config

        configuration = client.Configuration()
        try:
            if self.access.text:
                config.load_kube_config_from_dict(
                    yaml.safe_load(self.access.text), self.access.context, client_configuration=configuration
                )
            elif self.access.file:
                config.load_kube_config(str(self.access.file), self.access.context, client_configuration=configuration)
            else:
                config.load_incluster_config(client_configuration=configuration)
        except (config.ConfigException, OSError, ValueError, yaml.YAMLError) as error:
            raise AccessError(f"logging in to Kubernetes with {self.access}: {error}. Correct it.") from error
        # The calls are repeated here, with the time that a person can wait.
        configuration.retries = False
        return client.ApiClient(configuration)

    @cached_property
    def _dynamic(self) -> Any:
        import urllib3
        from kubernetes.dynamic import DynamicClient

        # The kubeconfig declares a cluster without a known certificate. The warning would repeat with each call.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._discovered = tempfile.TemporaryDirectory(prefix="logops-")
        # By default the package keeps what it discovers in a file of the folder for temporary files that others can
        # write.
        return DynamicClient(self._client, cache_file=str(Path(self._discovered.name) / "kinds.json"))


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Raise the errors of the package as errors of the platform."""
    import urllib3
    import websocket
    from kubernetes.client import ApiException
    from kubernetes.dynamic.exceptions import DynamicApiError, ResourceNotFoundError, ResourceNotUniqueError

    try:
        yield
    except AttributeError as error:
        # The package expects a text in its own error about a refused WebSocket, and there is none.
        refused = next(
            (cause for cause in _causes(error) if isinstance(cause, websocket.WebSocketBadStatusException)), None
        )
        if refused is None:
            raise
        raise _api_error(doing, refused.status_code, refused.resp_body, str(refused)) from error
    except (ResourceNotFoundError, ResourceNotUniqueError) as error:
        said = "the API server does not know this kind"
        raise ApiError(f"{doing}: {said}. Install what defines it, or turn it off.", 0, said) from error
    except (ApiException, DynamicApiError) as error:
        raise _api_error(doing, error.status or 0, error.body, str(error.reason)) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise ClusterUnreachableError(
            f"{doing}: the API server does not answer: {_innermost(error)}. Check the address in the kubeconfig, "
            "and the network."
        ) from error


def _api_error(doing: str, status: int, body: object, reason: str) -> ApiError:
    answer = _decoded(body)
    said = str(answer.get("message") or reason or f"status {status}").strip()
    if status == 401:
        advice = " The login is not accepted, or has expired: log in again, and try again."
    elif status == 403 and "exceeded quota" not in said:
        advice = " Give the rights that `logops rights ENV` prints."
    else:
        advice = ""
    causes = (answer.get("details") or {}).get("causes") or ()
    conflicts = tuple(
        Conflict(str(cause.get("field") or "."), _owner(str(cause.get("message"))))
        for cause in causes
        if cause.get("reason") == _CONFLICT
    )
    return ApiError(f"{doing}: {said}.{advice}".replace("..", "."), status, said, conflicts)


def _owner(message: str) -> str:
    """Return the owner in the message of a conflict.

    >>> _owner('conflict with "kubectl-edit" using apps/v1')
    'kubectl-edit'
    """
    return message.partition('"')[2].partition('"')[0] or message


def _decoded(body: object) -> Mapping[str, Any]:
    try:
        answer = json.loads(body) if isinstance(body, str | bytes) else {}
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__context__


def _innermost(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    text = str(reason or error) or type(error).__name__
    return text.partition(": ")[2] if text.startswith("<") else text
