"""What every test shares."""

import signal
from pathlib import Path

from hypothesis import configuration, settings

ROOT = Path(__file__).parents[1]

configuration.set_hypothesis_home_dir(str(ROOT / ".logops" / "cache" / "hypothesis"))
# How long one example takes says more about the machine than about the code.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

# A shell has what it runs in the background ignore Ctrl-C, and so would the processes that are interrupted here.
signal.signal(signal.SIGINT, signal.default_int_handler)
