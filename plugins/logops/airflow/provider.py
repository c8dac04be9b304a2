"""The provider entry point: the connection type `loki`, its form and its hook."""

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Return the provider information; the format is airflow/provider.yaml.schema.json.

    Airflow's API server calls it and reads the form from it, without importing the hook.
    """
    return {
        "package-name": "logops",
        "name": "logops",
        "description": "Rolls out Grafana Loki on Azure Blob Storage, and proves that what was promised is stored.",
        "notifications": ["logops.airflow.notifier.LogopsNotifier"],
        "connection-types": [
            {
                "connection-type": "loki",
                "hook-class-name": "logops.airflow.hooks.loki.LokiHook",
                "hook-name": "Grafana Loki",
                "ui-field-behaviour": {
                    "hidden-fields": [],
                    "relabeling": {"schema": "Scheme", "login": "User", "password": "Password"},
                    "placeholders": {
                        "schema": "http or https",
                        "host": "loki.example.com",
                        "port": "3100",
                        "login": "only if a gateway requires basic authentication",
                    },
                },
                "conn-fields": {
                    "tenant": {
                        "label": "Tenant",
                        "description": "Sent as X-Scope-OrgID; empty for a Loki with auth_enabled: false.",
                        "schema": {"type": ["string", "null"]},
                    },
                    "verify": {
                        "label": "Verify TLS certificate",
                        "description": "Turn off only to try something out.",
                        "schema": {"type": ["boolean", "null"], "default": True},
                    },
                    "timeout": {
                        "label": "Timeout (seconds)",
                        "description": "How long an answer may take.",
                        "schema": {"type": ["number", "null"], "default": 60},
                    },
                },
            }
        ],
    }
