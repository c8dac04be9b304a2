"""Render Alloy's configuration (1.18). Tests check it with `alloy validate`."""

from logops.render.agents.alloy.config import alloy_config

__all__ = ["alloy_config"]
