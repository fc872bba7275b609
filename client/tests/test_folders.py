"""The places in a data folder are private, short enough for sockets, and used by one system at a time."""

import os
import stat
from pathlib import Path

import pytest
from chassis.postgres import SOCKET_PATH_LIMIT_BYTES
from tributary.folders import DataFolder, FolderError, in_use, lock, make_private


def test_folders_are_private(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "new" / "data")
    folder.make()
    for path in (folder.path, folder.keys, folder.logs, folder.sockets):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


@pytest.mark.parametrize("length", [1, 60, 200])
def test_sockets_have_a_path_that_the_system_takes(length: int) -> None:
    folder = DataFolder(Path("/") / ("x" * length))
    assert len(os.fsencode(folder.socket("a-process-name"))) <= SOCKET_PATH_LIMIT_BYTES
    assert (folder.sockets.parent == folder.path) == (length < 100)
    assert folder.sockets != DataFolder(Path("/") / ("y" * length)).sockets


def test_a_folder_that_somebody_else_put_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sockets").symlink_to(tmp_path)
    with pytest.raises(FolderError, match="belongs to someone else"):
        make_private(tmp_path / "sockets")


def test_a_folder_that_cannot_be_made_is_named() -> None:
    with pytest.raises(FolderError, match=r"^/proc/data cannot be used: .*TRIBUTARY_DATA\.$"):
        DataFolder(Path("/proc/data")).make()


def test_one_system_at_a_time(tmp_path: Path) -> None:
    assert in_use(tmp_path) == ""
    descriptor = lock(tmp_path)
    assert f"is already in use by another tributary (pid {os.getpid()})" in in_use(tmp_path)
    with pytest.raises(FolderError, match="already in use"):
        lock(tmp_path)
    os.close(descriptor)
    assert in_use(tmp_path) == ""


def test_a_demonstration_has_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TRIBUTARY_DATA", raising=False)
    own = DataFolder.chosen()
    assert DataFolder.chosen_for_demo().path == own.path.with_name("tributary-demo")
    monkeypatch.setenv("TRIBUTARY_DATA", str(tmp_path))
    assert DataFolder.chosen_for_demo() == DataFolder.chosen() == DataFolder(tmp_path)


def test_generated_records_never_come_among_others(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.check_demo()
    assert not folder.is_demo
    folder.make()
    (folder.keys / "people-key").touch()
    with pytest.raises(FolderError, match="no demonstration"):
        folder.check_demo()
    folder.demo_marker.touch()
    folder.check_demo()
    assert folder.is_demo
