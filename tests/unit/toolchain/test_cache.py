import asyncio
from pathlib import Path

import pytest

from logops.toolchain import quiet
from logops.toolchain.cache import cache_folder, entry, filling, fingerprint, kept


def test_cache_folder_prefers_logops_cache_then_xdg_then_home(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(machine / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(machine / "xdg"))
    assert cache_folder() == machine / "cache"
    monkeypatch.delenv("LOGOPS_CACHE")
    assert cache_folder() == machine / "xdg" / "logops"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == machine / "home" / ".cache" / "logops"


def test_fingerprint_changes_with_lock_file_and_recipe(machine: Path) -> None:
    mod, lock = machine / "go.mod", machine / "go.sum"
    mod.write_bytes(b"module m")
    lock.write_bytes(b"a h1:1")
    first = fingerprint((mod, lock), "build")
    assert fingerprint((mod, lock), "build") == first
    assert fingerprint((mod, lock), "build -race") != first
    lock.write_bytes(b"a h1:2")
    assert fingerprint((mod, lock), "build") != first


def test_fingerprint_changes_if_byte_moves_between_files(machine: Path) -> None:
    one, two = machine / "one", machine / "two"
    one.write_bytes(b"ab")
    two.write_bytes(b"c")
    first = fingerprint((one, two), "build")
    one.write_bytes(b"a")
    two.write_bytes(b"bc")
    assert fingerprint((one, two), "build") != first


def fill(target: Path, *, fail: bool = False) -> bool:
    """Fill a cache entry. Return False if the entry exists already."""

    async def run() -> bool:
        async with filling(target, waiting=pytest.fail) as folder:
            if folder is None:
                return False
            (folder / "program").write_text("half")
            if fail:
                raise RuntimeError("the build broke")
            (folder / "program").write_text("whole")
            return True

    return asyncio.run(run())


def test_cache_entry_is_filled_once() -> None:
    target = entry("loki", "3.7.8")
    assert fill(target)
    assert not fill(target)
    assert (target / "program").read_text() == "whole"


def test_failed_build_leaves_only_lock_file_and_can_be_repeated() -> None:
    target = entry("loki", "3.7.8")
    with pytest.raises(RuntimeError, match="the build broke"):
        fill(target, fail=True)
    assert [path.suffix for path in target.parent.iterdir()] == [".lock"]
    assert fill(target)


def test_build_folder_left_by_dead_process_is_removed() -> None:
    target = entry("loki", "3.7.8")
    left_over = target.with_name(target.name + ".build-1")
    other = target.with_name("promtail-3.6.15.build-1")
    for folder in (left_over, other):
        folder.mkdir(parents=True)
        (folder / "program").write_text("half")
    assert fill(target)
    assert not left_over.exists()
    assert other.exists()


def test_shared_build_folder_is_removed_by_last_successful_build(machine: Path) -> None:
    folder = machine / "cache/go-kept"
    with kept(folder, quiet, is_needed=lambda: False):
        folder.mkdir()
        with kept(folder, quiet, is_needed=lambda: False):
            pass
        assert folder.is_dir()
    assert not folder.exists()


def test_shared_build_folder_is_kept_after_failed_build(machine: Path) -> None:
    folder = machine / "cache/go-kept"
    folder.mkdir(parents=True)
    with pytest.raises(RuntimeError), kept(folder, quiet, is_needed=lambda: False):
        raise RuntimeError("the build broke")
    assert folder.is_dir()


def test_shared_build_folder_is_kept_for_a_later_build(machine: Path) -> None:
    folder = machine / "cache/go-kept"
    folder.mkdir(parents=True)
    with kept(folder, quiet, is_needed=lambda: True):
        pass
    assert folder.is_dir()
