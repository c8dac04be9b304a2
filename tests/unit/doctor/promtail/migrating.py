"""Migrate configurations of Promtail that are written as data, and find what was noted."""

from typing import Any

import yaml

from logops.doctor.promtail.migrate import Migration, migrate_promtail
from logops.doctor.promtail.value import NoteKind

FILES = {"static_configs": [{"labels": {"job": "app", "__path__": "/a.log"}}]}


def migrate_text(text: str, tenant: str = "application") -> Migration:
    return migrate_promtail(text, "promtail.yaml", "main", tenant)


def migrate_config(config: dict[str, Any]) -> Migration:
    return migrate_text(yaml.safe_dump(config, sort_keys=False))


def migrate_job(*stages: dict[str, Any], **job: Any) -> Migration:
    """Migrate a configuration with one job, which reads files unless `job` has another input."""
    return migrate_config(
        {"scrape_configs": [{"job_name": "my_app", **(job or FILES), "pipeline_stages": list(stages)}]}
    )


def migrate_client(**client: Any) -> Migration:
    config = {"clients": [client], "scrape_configs": [{"job_name": "my_app", **FILES}]}
    return migrate_config(config)


def notes(migration: Migration, kind: NoteKind) -> dict[str, str]:
    """Return the notes of a kind, by path."""
    return {note.location.path: note.text for note in migration.notes if note.kind is kind}


def lost(migration: Migration) -> dict[str, str]:
    return notes(migration, NoteKind.LOST)


def changed(migration: Migration) -> dict[str, str]:
    return notes(migration, NoteKind.CHANGED)


def todo(migration: Migration) -> dict[str, str]:
    return notes(migration, NoteKind.LEFT_TO_YOU)
