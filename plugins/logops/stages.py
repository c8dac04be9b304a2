"""The stages of a rollout, in order. DAG files import this module, so it imports nothing that loads slowly."""

from typing import Literal, get_args

Stage = Literal["storage", "loki", "agents", "tenants", "rules"]
STAGES: tuple[Stage, ...] = get_args(Stage)
