"""Render an environment to the files that programs read. Pure functions, no I/O."""

from logops.render.agents.fluent_bit import UnsupportedByFluentBitError
from logops.render.files import Files
from logops.render.kubernetes import BaseValues, render_kubernetes
from logops.render.local import Commands, local_programs, render_local
from logops.render.topology import PlacementError, Topology, local_topology
from logops.stages import STAGES, Stage

__all__ = [
    "STAGES",
    "BaseValues",
    "Commands",
    "Files",
    "PlacementError",
    "Stage",
    "Topology",
    "UnsupportedByFluentBitError",
    "local_programs",
    "local_topology",
    "render_kubernetes",
    "render_local",
]
