import subprocess
import sys

import pytest

from logops.moved import MOVED


@pytest.mark.parametrize("old", [*MOVED, "logops.operators.audit", "logops.loki.client"])
def test_old_import_path_returns_module_at_new_path_with_warning(old: str) -> None:
    script = f"""
import importlib, sys, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    module = importlib.import_module("{old}")
from logops.moved import new_path
assert module is importlib.import_module(new_path("{old}")), module
assert "{old} is now" in str([str(warning.message) for warning in caught])
"""
    ended = subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True)

    assert ended.returncode == 0, ended.stderr.decode()


def test_unknown_path_below_old_package_raises_module_not_found() -> None:
    with pytest.warns(DeprecationWarning, match="logops.operators"), pytest.raises(ModuleNotFoundError):
        __import__("logops.operators.nothing")
