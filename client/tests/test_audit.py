"""What stands in the way of an audit is said in one line, and is neither a clean bill nor an alarm."""

from pathlib import Path

import pytest
from tributary.audit import Sources, verify_feeds
from tributary.keys import make_keys

NOBODY_LISTENS = "postgresql+asyncpg://x:secret@127.0.0.1:9/postgres"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with keys and no system."""
    for name in ("DATABASE_SUPERUSER_URL", "DATABASE_SUPERUSER_URL_FILE", "ANCHORS", "ANCHOR_PUBLIC_KEY", "PROCESSES"):
        monkeypatch.delenv(f"TRIBUTARY_{name}", raising=False)
    monkeypatch.setenv("TRIBUTARY_DATA", str(tmp_path / "data"))
    make_keys(tmp_path / "data" / "keys", [], [])
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("services", "sources", "words"),
    [
        ([], Sources(None, None, None), "start it with `tributary serve`"),
        (["payroll"], Sources(NOBODY_LISTENS, None, None), "payroll is not one of programs, trainings"),
        ([], Sources("postgresql+asyncpg://x@y/restored", None, None), "names one database"),
        ([], Sources(NOBODY_LISTENS, Path("/nonexistent"), None), "/nonexistent is not a folder"),
        ([], Sources(NOBODY_LISTENS, None, Path("/nonexistent")), "/nonexistent, cannot be read"),
        ([], Sources(NOBODY_LISTENS, None, Path(__file__)), "is not an Ed25519 key in PEM"),
        (["programs"], Sources(NOBODY_LISTENS, None, None), "programs was not checked: the database could not be read"),
    ],
)
def test_what_could_not_be_checked_is_said(services: list[str], sources: Sources, words: str) -> None:
    code, lines, failures = verify_feeds(services, sources, with_tables=True)
    assert (code, lines, len(failures)) == (2, [], 1)
    assert words in failures[0]
    assert "secret" not in failures[0]


def test_a_system_that_was_killed_is_not_taken_for_a_running_one(data: Path) -> None:
    (data / "postgres").mkdir()
    (data / "postgres" / "postmaster.pid").write_text("1\n/x\n1\n5432\n/nonexistent\n\n\nready\n")
    (data / "keys" / "postgres-password").write_text("secret\n")
    code, lines, failures = verify_feeds(["programs"], Sources(None, None, None), with_tables=True)
    assert (code, lines) == (2, [])
    assert failures == ["programs was not checked: the database could not be read (FileNotFoundError)."]
