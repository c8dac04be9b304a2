"""Render Promtail's configuration (3.6, its last version). Tests check it with `promtail -check-syntax`."""

from logops.render.agents.promtail.config import CANARY_LABELS, CanaryLines, PromtailProcess, promtail_config

__all__ = ["CANARY_LABELS", "CanaryLines", "PromtailProcess", "promtail_config"]
