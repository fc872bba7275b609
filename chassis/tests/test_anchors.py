"""Anchors are signed, kept whole whatever dies, and made by the service beside its requests."""

import fcntl
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from chassis.anchoring import Keeper
from chassis.anchors import Anchor, AnchorsError, anchors_file, append_anchors, read_anchors, read_last
from chassis.settings import Settings
from chassis.testing import ACTING, Api, Database
from chassis.testing.api import running
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI
from joserfc.jwk import OKPKey
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key()
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def anchor(number: int, service: str = "things") -> Anchor:
    return Anchor(service, number, bytes([number]) * 32, "2016-10-01T00:00:00.000000Z", "2016-10-01T00:00:01Z")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return anchors_file(tmp_path, "things")


def numbers(path: Path) -> list[int]:
    kept = read_anchors(path, "things", PUBLIC)
    assert not kept.faults
    return [one.number for one in kept.anchors]


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    """The database as the serving role sees it."""
    engine = create_async_engine(database.app_url)
    yield engine
    await engine.dispose()


async def commit(engine: AsyncEngine, times: int) -> None:
    for number in range(times):
        async with engine.begin() as connection:
            await connection.execute(text(ACTING))
            insert = f"INSERT INTO things (name, place, weight, seen_on) VALUES ('x', {number}, 0, '2016-03-01')"
            await connection.execute(text(insert))


def test_anchors_are_read_back_and_only_later_ones_added(path: Path) -> None:
    assert read_anchors(path, "things", PUBLIC).anchors == ()
    assert read_last(path, "things", PUBLIC) is None
    assert append_anchors(path, [anchor(1), anchor(2)], KEY) == 2
    assert append_anchors(path, [anchor(2), anchor(3)], KEY) == 1
    assert read_anchors(path, "things", PUBLIC).anchors == (anchor(1), anchor(2), anchor(3))
    assert read_last(path, "things", PUBLIC) == anchor(3)
    assert path.stat().st_mode & 0o777 == 0o600


def test_line_that_broke_off_is_left_aside_and_then_cut_off(path: Path) -> None:
    append_anchors(path, [anchor(number) for number in range(1, 40)], KEY)
    whole = path.read_bytes()
    for torn in (whole[:-1], whole + whole[:50], whole + b"\0\0"):
        path.write_bytes(torn)
        kept = read_anchors(path, "things", PUBLIC)
        assert (kept.is_torn, kept.faults) == (True, ())
        last = read_last(path, "things", PUBLIC)
        assert last is not None
        assert append_anchors(path, [anchor(last.number + 1)], KEY) == 1
        assert numbers(path) == list(range(1, last.number + 2))
    path.write_bytes(whole[:20])  # killed in the first line of all
    assert append_anchors(path, [anchor(1)], KEY) == 1
    assert numbers(path) == [1]


def test_anchor_that_was_changed_or_is_of_another_is_not_good(path: Path) -> None:
    lines = [anchor(1).line(KEY), anchor(2).line(Ed25519PrivateKey.generate()), anchor(3, "others").line(KEY), b"?\n"]
    changed = json.loads(anchor(4).line(KEY)) | {"hash": "00" * 32}
    path.write_bytes(b"".join([*lines, json.dumps(changed).encode() + b"\n"]))
    kept = read_anchors(path, "things", PUBLIC)
    assert kept.anchors == (anchor(1),)
    assert [number for number, _what in kept.faults] == [2, 3, None, 4]
    assert "line 3" in kept.faults[1][1]
    assert "an anchor of others" in kept.faults[1][1]
    with pytest.raises(AnchorsError, match="cannot be gone on from"):
        append_anchors(path, [anchor(9)], KEY)


def test_processes_take_turns(path: Path) -> None:
    append_anchors(path, [anchor(1)], KEY)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert append_anchors(path, [anchor(2)], KEY) == 0
    assert append_anchors(path, [anchor(2)], KEY) == 1
    assert numbers(path) == [1, 2]


async def test_every_so_many_numbers_get_an_anchor_and_at_the_end_the_last(engine: AsyncEngine, tmp_path: Path) -> None:
    keeper = Keeper(engine, "things", tmp_path, KEY, every=3, oldest_seconds=1000)
    await keeper.look(is_last=True)
    assert not keeper.path.exists()
    await commit(engine, 7)
    await keeper.look()
    assert numbers(keeper.path) == [3, 6]
    await commit(engine, 1)
    await keeper.look()
    assert numbers(keeper.path) == [3, 6]
    await keeper.look(is_last=True)
    assert numbers(keeper.path) == [3, 6, 8]
    await commit(engine, 3)
    await keeper.look(is_last=True)
    assert numbers(keeper.path) == [3, 6, 8, 9, 11]
    assert keeper.fault is None


async def test_nothing_waits_long_for_an_anchor(engine: AsyncEngine, tmp_path: Path) -> None:
    keeper = Keeper(engine, "things", tmp_path, KEY, every=100, oldest_seconds=0)
    await commit(engine, 2)
    await keeper.look()
    assert numbers(keeper.path) == [2]


async def test_what_is_not_committed_gets_no_anchor(engine: AsyncEngine, tmp_path: Path) -> None:
    keeper = Keeper(engine, "things", tmp_path, KEY, every=1, oldest_seconds=1000)
    async with engine.connect() as connection:
        await connection.execute(text(ACTING))
        await connection.execute(
            text("INSERT INTO things (name, place, weight, seen_on) VALUES ('x', 0, 0, '2016-03-01')")
        )
        await connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        await keeper.look(is_last=True)
        await connection.rollback()
    await keeper.look(is_last=True)
    assert not keeper.path.exists()


async def test_nothing_is_signed_over_what_contradicts_the_last_anchor(
    engine: AsyncEngine, database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = Keeper(engine, "things", tmp_path, KEY, every=1, oldest_seconds=1000)
    await commit(engine, 2)
    await keeper.look()
    superuser = create_async_engine(database.superuser_url)
    async with superuser.begin() as connection:
        await connection.execute(text("UPDATE feed_tx SET hash = sha256(hash) WHERE number = 2"))
    await superuser.dispose()
    await commit(engine, 1)
    caplog.set_level(logging.ERROR)
    for _ in range(3):
        await keeper.look(is_last=True)
    assert numbers(keeper.path) == [1, 2]
    assert "does not hold number 2 as its anchor says" in str(keeper.fault)


@pytest.fixture
def anchored(environment: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Settings with anchors, in a folder that is not there yet."""
    environment.setenv("TRIBUTARY_ANCHOR_PRIVATE_KEY", PEM)
    environment.setenv("TRIBUTARY_ANCHORS", str(tmp_path / "anchors"))
    environment.setenv("TRIBUTARY_ANCHOR_EVERY", "2")
    return environment


async def test_service_anchors_what_is_left_when_it_stops_and_says_when_it_cannot(
    anchored: pytest.MonkeyPatch, app: FastAPI, signing_key: OKPKey, tmp_path: Path
) -> None:
    async with running(app, signing_key) as api:
        keeper = api.app.state.anchors
        await keeper.look()
        assert keeper.fault == f"{tmp_path / 'anchors'} is not a folder that may be written to"
        for name in ("one", "two", "three"):
            assert (await api.officer().post("/v1/things", json={"name": name})).status_code == 201
        answer = await api.anonymous().get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok", "warnings": ["anchors"]})
        (tmp_path / "anchors").mkdir()
        await keeper.look()
        assert (await api.anonymous().get("/readyz")).json() == {"status": "ok"}
    kept = read_anchors(keeper.path, "chassis", PUBLIC)
    assert [one.number for one in kept.anchors] == [2, 3]


async def test_service_without_a_key_works(api: Api) -> None:
    assert api.app.state.anchors is None
    assert (await api.officer().post("/v1/things", json={"name": "one"})).status_code == 201


def test_key_and_folder_go_together_and_a_bad_key_is_not_shown(anchored: pytest.MonkeyPatch) -> None:
    anchored.setenv("TRIBUTARY_DATABASE_URL", "postgresql+asyncpg://x")
    assert PEM not in repr(Settings())
    anchored.setenv("TRIBUTARY_ANCHOR_PRIVATE_KEY", "my-secret")
    with pytest.raises(ValidationError, match="not an Ed25519 key in PEM") as caught:
        Settings()
    assert "my-secret" not in "".join(one["msg"] for one in caught.value.errors())
    anchored.delenv("TRIBUTARY_ANCHOR_PRIVATE_KEY")
    with pytest.raises(ValidationError, match="anchor_private_key and anchors go together"):
        Settings()
