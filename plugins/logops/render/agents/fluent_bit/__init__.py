"""Render Fluent Bit's configuration (5.1). Tests check it with `fluent-bit --dry-run`."""

from logops.render.agents.fluent_bit.config import fluent_bit_config
from logops.render.agents.fluent_bit.unsupported import UnsupportedByFluentBitError, unsupported

__all__ = ["UnsupportedByFluentBitError", "fluent_bit_config", "unsupported"]
