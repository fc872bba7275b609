"""Secrets are made once, readable by their owner alone, and the one that cannot be replaced is never replaced."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from tributary.keys import KeysError, make_keys, read_key


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_secrets_are_made_once_and_closed(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "keys"
    make_keys(folder, ["programs"], ["gateway"])
    first = contents(folder)
    assert sorted(first) == [
        "anchor-private-key",
        "anchor-public-key",
        "gateway-cursor-key",
        "jobs-key",
        "people-key",
        "programs_app-password",
        "programs_owner-password",
        "session-key",
        "token-private-key",
        "token-public-key",
    ]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert len(bytes.fromhex(first["people-key"])) == 32
    assert len(set(first.values())) == len(first)
    make_keys(folder, ["programs", "funding"], ["gateway"])
    second = contents(folder)
    assert first.items() <= second.items()
    assert sorted(second.keys() - first.keys()) == ["funding_app-password", "funding_owner-password"]


def test_the_public_key_belongs_to_the_private_one(tmp_path: Path) -> None:
    make_keys(tmp_path, [], [])
    (tmp_path / "token-private-key").unlink()  # lost: tokens of a minute are all it signed
    make_keys(tmp_path, [], [])
    private = load_pem_private_key((tmp_path / "token-private-key").read_bytes(), None)
    public = load_pem_public_key((tmp_path / "token-public-key").read_bytes())
    assert private.public_key() == public
    assert read_key(tmp_path, "token-public-key").startswith("-----BEGIN PUBLIC KEY-----")


def test_a_lost_anchor_key_is_not_replaced(tmp_path: Path) -> None:
    make_keys(tmp_path, [], [])
    private = load_pem_private_key((tmp_path / "anchor-private-key").read_bytes(), None)
    assert private.public_key() == load_pem_public_key((tmp_path / "anchor-public-key").read_bytes())
    (tmp_path / "anchor-private-key").unlink()
    with pytest.raises(KeysError, match="restore it from a backup"):
        make_keys(tmp_path, [], [])
    (tmp_path / "anchor-public-key").unlink()
    make_keys(tmp_path, [], [])
    assert (tmp_path / "anchor-private-key").exists()


def test_a_lost_people_key_is_not_replaced(tmp_path: Path) -> None:
    make_keys(tmp_path, ["programs"], [])
    (tmp_path / "people-key").unlink()
    with pytest.raises(KeysError, match="restore it from a backup"):
        make_keys(tmp_path, ["programs"], [])
    assert not (tmp_path / "people-key").exists()
