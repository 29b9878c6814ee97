"""Keeping, listing, reading, deleting and bringing back one's own sets."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_core.config.codec import ConfigError, from_dict
from gan_core.data import DataUnavailable, OwnImages, delete_own, empty_trash, list_own, own_set, restore_own
from gan_core.data.own.own_set import load_own
from gan_core.data.own.saving import save_own, slug_of

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 3, 64, 64), dtype=np.uint8)


def save(data_dir: Path, title: str = "My set") -> str:
    return save_own(data_dir, title, IMAGES, [n % 2 for n in range(12)], ("a", "b"), {"read": 12})


def test_what_was_saved_is_listed_and_read_back(tmp_path: Path) -> None:
    slug = save(tmp_path, "Ünïque drawings, 2024!")
    assert slug == "unique-drawings-2024"
    images, labels, classes = load_own(tmp_path, slug)
    assert np.array_equal(images.numpy(), IMAGES)
    assert labels is not None
    assert labels.tolist() == [0, 1] * 6
    (listed,) = list_own(tmp_path)
    assert (listed.slug, listed.title, listed.count, listed.grey) == (slug, "Ünïque drawings, 2024!", 12, False)
    assert (listed.classes, listed.problem) == (classes, "")
    assert os.listdir(tmp_path / "own") == [slug]


def test_the_same_title_twice_makes_two_sets(tmp_path: Path) -> None:
    assert [save(tmp_path), save(tmp_path), save(tmp_path)] == ["my-set", "my-set-2", "my-set-3"]
    assert len(list_own(tmp_path)) == 3


@given(st.text(max_size=200))
def test_every_title_gives_a_name_that_the_dataset_takes(title: str) -> None:
    slug = slug_of(title)
    assert from_dict(OwnImages, {"slug": slug}).slug == slug
    assert len(slug) <= 40
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ".trash", "A", "a b", "-a", "a-", "x" * 49, "a\n", "ä"])
def test_no_other_name_reaches_the_disk(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="name"):
        from_dict(OwnImages, {"name": name})
    for use in (load_own, delete_own):
        with pytest.raises(DataUnavailable, match="not the name of an image set"):
            use(tmp_path, name)
    assert own_set(tmp_path, name).problem
    with pytest.raises(DataUnavailable):
        restore_own(tmp_path, f"{name}.0123456789ab")


def test_deleting_can_be_undone(tmp_path: Path) -> None:
    slug = save(tmp_path)
    token = delete_own(tmp_path, slug)
    assert list_own(tmp_path) == ()
    with pytest.raises(DataUnavailable, match='no image set "my-set"'):
        OwnImages(slug).load(28, tmp_path)
    assert OwnImages(slug).info(tmp_path).count == 0
    assert restore_own(tmp_path, token) == slug
    assert np.array_equal(load_own(tmp_path, slug)[0].numpy(), IMAGES)
    with pytest.raises(DataUnavailable, match="no longer in the trash"):
        restore_own(tmp_path, token)

    token = delete_own(tmp_path, slug)
    assert save(tmp_path) == slug
    assert restore_own(tmp_path, token) == "my-set-2"

    token = delete_own(tmp_path, slug)
    assert empty_trash(tmp_path) == 1
    with pytest.raises(DataUnavailable, match="no longer in the trash"):
        restore_own(tmp_path, token)
    with pytest.raises(DataUnavailable, match="to delete"):
        delete_own(tmp_path, "never-was")


def spoil_images(folder: Path) -> None:
    raw = bytearray((folder / "images.npy").read_bytes())
    raw[5_000] ^= 1
    (folder / "images.npy").write_bytes(raw)


def pickle_images(folder: Path) -> None:
    np.save(folder / "images.npy", np.array([{"an": "object"}]), allow_pickle=True)


def change_about(**values: object):
    def change(folder: Path) -> None:
        about = json.loads((folder / "about.json").read_text())
        (folder / "about.json").write_text(json.dumps(about | values))

    return change


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_images,
        pickle_images,
        lambda folder: (folder / "images.npy").unlink(),
        lambda folder: (folder / "labels.npy").unlink(),
        lambda folder: (folder / "about.json").write_text("{"),
        lambda folder: (folder / "about.json").write_text("[" * 100_000),
        lambda folder: (folder / "about.json").write_text('"x"'),
        change_about(count=11),
        change_about(count=-1),
        change_about(count=True),
        change_about(count=10**12),
        change_about(classes=["a"]),
        change_about(classes="ab"),
        change_about(title=None),
        change_about(sha256={}),
        change_about(format=3),
        change_about(dropped=[0, 0]),
        change_about(dropped=[12]),
        change_about(dropped=[True]),
        change_about(used=13),
        change_about(held_out=12),
        change_about(unused=[2]),
        change_about(side=65),
        change_about(side=0),
        lambda folder: (folder / "held_out.npy").unlink(),
    ],
)
def test_a_damaged_set_is_named_and_the_others_still_work(tmp_path: Path, spoil) -> None:
    good, bad = save(tmp_path, "good"), save(tmp_path, "bad")
    spoil(tmp_path / "own" / bad)
    with pytest.raises(DataUnavailable, match=r"own/bad/.* is damaged"):
        OwnImages(bad).load(28, tmp_path)
    assert len(OwnImages(good).load(28, tmp_path).images) == 11
    assert {listed.slug for listed in list_own(tmp_path)} == {good, bad}
    delete_own(tmp_path, bad)
    assert [listed.slug for listed in list_own(tmp_path)] == [good]


def test_a_disk_that_will_not_have_it_is_said_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataUnavailable, match="could not be kept"):
        save(tmp_path / "file")

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gan_core.data.own.saving.write_atomically", full)
    with pytest.raises(DataUnavailable, match="No space left on device"):
        save(tmp_path)
    assert os.listdir(tmp_path / "own") == []


def test_what_a_killed_program_left_is_swept_but_not_what_is_being_made(tmp_path: Path) -> None:
    old, new = tmp_path / "own" / ".making-old", tmp_path / "own" / ".making-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "images.npy").write_bytes(b"half")
    os.utime(old, (time.time() - 7_200,) * 2)
    slug = save(tmp_path)
    assert sorted(os.listdir(tmp_path / "own")) == [".making-new", slug]
    assert [listed.slug for listed in list_own(tmp_path)] == [slug]


def test_a_set_copied_to_another_machine_works_there(tmp_path: Path) -> None:
    slug = save(tmp_path / "here")
    shutil.copytree(tmp_path / "here" / "own" / slug, tmp_path / "there" / "own" / "renamed")
    assert len(OwnImages("renamed").load(64, tmp_path / "there").images) == 11
