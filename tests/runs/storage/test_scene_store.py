"""Scenes on the server: the same scene has the same code, whole or not at all, and only so many."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from pathlib import Path

import pytest

from gan_core.config.codec import ConfigError, set_at
from gan_core.runs.storage import scene_store
from gan_core.runs.storage.run_folder import run_ids
from gan_core.runs.storage.scene_store import SceneStore, UnknownScene
from gan_core.training import preset
from gan_core.training.scenes.scene import Scene

RING = Scene(preset="ring", config=preset("ring").config, controls=("loss",))


def seeded(seed: int) -> Scene:
    return dataclasses.replace(RING, config=set_at(RING.config, "seed", str(seed)))


def test_the_same_scene_has_the_same_code_on_every_server(tmp_path: Path) -> None:
    one, other = SceneStore(tmp_path / "a"), SceneStore(tmp_path / "b")
    code = one.keep(RING)
    assert (len(code), one.keep(RING), other.keep(dataclasses.replace(RING))) == (6, code, code)
    assert len(list((tmp_path / "a" / "scenes").iterdir())) == 1
    assert one.keep(seeded(2)) != code
    assert one.scene(code) == RING
    assert one.scene(code.upper().replace("1", "I").replace("0", "o")) == RING  # as somebody types it
    assert run_ids(tmp_path / "a") == []


@pytest.mark.parametrize("code", ["", "abc", "zzzzzz", "../../a", "%2e%2e", "a" * 400, "scenes", "\x00" * 6, "ä" * 6])
def test_a_code_that_there_is_not(tmp_path: Path, code: str) -> None:
    with pytest.raises(UnknownScene, match="There is no scene"):
        SceneStore(tmp_path).scene(code)


def test_two_scenes_of_one_short_code_have_longer_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = scene_store._code_of
    monkeypatch.setattr(scene_store, "_code_of", lambda content: "aaaaaa" + real(content)[6:])
    store = SceneStore(tmp_path)
    codes = [store.keep(seeded(seed)) for seed in range(1, 4)]
    assert [len(code) for code in codes] == [6, 7, 7]
    assert [store.scene(code).config.seed for code in codes] == [1, 2, 3]
    assert [store.keep(seeded(seed)) for seed in range(1, 4)] == codes


def test_only_so_many_are_kept_and_those_that_are_there_still_open(tmp_path: Path) -> None:
    store = SceneStore(tmp_path, most=2)
    codes = [store.keep(seeded(seed)) for seed in (1, 2)]
    with pytest.raises(ConfigError, match="keeps 2 scenes already; use the long link"):
        store.keep(seeded(3))
    assert store.keep(seeded(2)) == codes[1]
    assert store.scene(codes[0]) == seeded(1)
    with pytest.raises(ConfigError, match="a kept one has at most"):
        SceneStore(tmp_path).keep(Scene(page="apply", place={f"a{i}": "x" * 3000 for i in range(30)}))


def test_a_damaged_file_is_said_and_written_anew(tmp_path: Path) -> None:
    store = SceneStore(tmp_path)
    code = store.keep(RING)
    path = tmp_path / "scenes" / f"{code}.json"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnknownScene, match="was damaged"):
        store.scene(code)
    assert store.keep(RING) == code
    assert path.read_bytes() == whole


def test_a_failed_write_leaves_nothing_and_old_leftovers_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SceneStore(tmp_path)
    store.keep(RING)
    old, young = (tmp_path / "scenes" / f".{name}.json.1-a.tmp" for name in ("old", "young"))
    for leftover in (old, young):
        leftover.write_bytes(b"{")
    os.utime(old, (time.time() - 7200,) * 2)
    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space"):
            store.keep(seeded(2))
    left = {path.name for path in (tmp_path / "scenes").iterdir()}
    assert (len(left), old.name in left, young.name in left) == (2, False, True)


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    codes: dict[int, str] = {}

    def keep(seed: int) -> None:
        codes[seed] = SceneStore(tmp_path).keep(seeded(seed % 8))

    threads = [threading.Thread(target=keep, args=(seed,)) for seed in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(codes.values())) == 8
    for seed, code in codes.items():
        assert SceneStore(tmp_path).scene(code) == seeded(seed % 8)
