"""Render the configuration of the nginx gateway: who may do what, for which tenant.

The gateway decides about the tenant. It passes only the routes that people and agents need. Loki's own pages (flush,
shutdown, configuration, rings, deletes, changes of rules) are not among them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from logops.environment.cluster import Cluster
from logops.environment.gateway import GatewayUser

PORT = 8080
"""Port of nginx in its pod: the chart's."""
MAX_BODY = "16m"
"""Largest request: Loki's limit for messages between its processes (`grpc_server_max_recv_msg_size`)."""
_READ = (
    r"(query|query_range|labels|series|patterns|format_query|detected_labels|detected_fields|drilldown-limits"
    r"|label/[^/]+/values|detected_field/[^/]+/values|index/(stats|volume|volume_range|shards)|status/buildinfo)"
)
"""Paths below /loki/api/v1 that only read."""


@dataclass(frozen=True)
class Upstreams:
    """The URLs of the processes behind the gateway, without a path."""

    write: str
    read: str
    rules: str


def kubernetes_upstreams(cluster: Cluster, release: str, namespace: str) -> Upstreams:
    """Return the services of a release. Names are complete: nginx does not search the namespaces for short ones."""

    def url(component: str) -> str:
        service = release if cluster.mode == "single" else f"{release}-{component}"
        return f"http://{service}.{namespace}.svc.cluster.local:3100"

    return Upstreams(url("distributor"), url("query-frontend"), url("ruler"))


def nginx_config(
    users: Mapping[str, GatewayUser],
    upstreams: Upstreams,
    password_file: str = "/etc/nginx/secrets/.htpasswd",
    resolver: str = "resolver kube-dns.kube-system.svc.cluster.local valid=10s;",
    port: int = PORT,
    folder: str = "/tmp",
) -> str:
    """Return the configuration of nginx.

    resolver   how nginx looks up the upstreams, again and again: pods come and go
    folder     where nginx writes temporary files
    """
    return "\n".join(
        [
            "worker_processes 4;",
            "error_log /dev/stderr;",
            f"pid {folder}/nginx.pid;",
            "worker_rlimit_nofile 8192;",
            "events { worker_connections 4096; }",
            "http {",
            *(f"  {kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")),
            f"  client_max_body_size {MAX_BODY};",
            "  proxy_http_version 1.1;",
            # As long as Loki's longest query (query_timeout) and tail.
            "  proxy_read_timeout 1h;",
            "  proxy_send_timeout 10m;",
            # Queries can contain personal data, so the log has only the path.
            '  log_format path \'$remote_addr $remote_user [$time_local] "$request_method $uri" $status'
            " $body_bytes_sent $request_time';",
            "  access_log /dev/stderr path;",
            "  server_tokens off;",
            # A user and a tenant can be 64 and 150 letters long.
            "  map_hash_bucket_size 512;",
            *([f"  {resolver}"] if resolver else []),
            *_maps(users),
            "  server {",
            f"    listen {port};",
            '    auth_basic "Loki";',
            f"    auth_basic_user_file {password_file};",
            # nginx chooses the route by the decoded path, and Loki gets the path as it was sent. The two could read
            # these parts differently.
            r'    if ($request_uri ~* "^[^?]*(%2f|%2e|%5c|/\.|//)") { return 400; }',
            "    location = / { auth_basic off; return 200 'OK'; }",
            *_location("= /loki/api/v1/push", "write", upstreams.write, "POST"),
            *_location("= /otlp/v1/logs", "write", upstreams.write, "POST"),
            *_location("= /loki/api/v1/tail", "read", upstreams.read, "GET", websocket=True),
            *_location(f'~ "^/loki/api/v1/{_READ}$"', "read", upstreams.read, "GET POST"),
            *_location('~ "^/loki/api/v1/rules(/[^/]+){0,2}$"', "read", upstreams.rules, "GET"),
            *_location('~ "^/prometheus/api/v1/(rules|alerts)$"', "read", upstreams.rules, "GET"),
            "    location / { return 404; }",
            "  }",
            "}",
            "",
        ]
    )


def _maps(users: Mapping[str, GatewayUser]) -> Iterator[str]:
    """Yield what each user may do.

    nginx checks passwords after these maps. Nobody without a user gets past it, so the maps let them through to be
    asked for a password.
    """
    for access in ("read", "write"):
        yield f'  map $remote_user $may_{access} {{ default 0; "" 1;'
        yield from (f'    "{name}" 1;' for name, user in users.items() if access in user.access)
        yield "  }"
    yield '  map "$remote_user $http_x_scope_orgid" $tenant { default ""; "~^ " nobody;'
    for name, user in users.items():
        if len(user.tenants) == 1:
            yield f'    "~^{re.escape(name)} " "{user.tenants[0]}";'
        else:
            yield from (f'    "{name} {tenant}" "{tenant}";' for tenant in user.tenants)
    yield "  }"
    yield "  map $http_upgrade $connection_header { default upgrade; '' ''; }"


def _location(path: str, access: str, upstream: str, methods: str, websocket: bool = False) -> Iterator[str]:
    """Yield a route.

    Each route sets all headers: nginx forgets those of the level above as soon as a route sets one (loki#16400).
    """
    yield f"    location {path} {{"
    yield f"      limit_except {methods} {{ deny all; }}"
    yield f"      if ($may_{access} = 0) {{ return 403; }}"
    yield '      if ($tenant = "") { return 403; }'
    yield "      proxy_set_header X-Scope-OrgID $tenant;"
    # Loki does not need the password.
    yield '      proxy_set_header Authorization "";'
    yield "      proxy_set_header Host $host;"
    if websocket:
        yield "      proxy_set_header Upgrade $http_upgrade;"
        yield "      proxy_set_header Connection $connection_header;"
    else:
        yield '      proxy_set_header Connection "";'
    # A variable, so that nginx looks the name up again. As a constant, it would keep the first address.
    yield f"      set $upstream {upstream};"
    yield "      proxy_pass $upstream$request_uri;"
    yield "    }"
