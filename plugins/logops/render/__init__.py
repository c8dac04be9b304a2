"""Pure: from an environment to the files that programs read."""

from logops.render.files import Files
from logops.render.local import Commands, local_programs, render_local
from logops.render.topology import STAGES, DoesNotFit, Stage, Topology, topology

__all__ = [
    "STAGES",
    "Commands",
    "DoesNotFit",
    "Files",
    "Stage",
    "Topology",
    "local_programs",
    "render_local",
    "topology",
]
