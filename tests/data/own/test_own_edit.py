"""Changing a set: pictures dropped and brought back, more added, and sets of the first format."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest

from gan_core.config.codec import from_dict
from gan_core.data import (
    Choices,
    DataUnavailable,
    OwnImages,
    bring_back,
    drop_pictures,
    keep_more,
    own_set,
    read_draft,
    read_uploads,
)
from gan_core.data.own.edit import add_to_own, some_pictures
from gan_core.data.own.own_set import load_own, load_split
from gan_core.data.own.saving import save_own
from gan_core.data.pixels import split_held_out
from tests.data.made_files import noise_picture, zipped

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 3, 64, 64), dtype=np.uint8)
MORE = np.random.default_rng(1).integers(0, 256, (6, 3, 64, 64), dtype=np.uint8)
HELD = np.arange(20) >= 16


def save(data_dir: Path, labels: tuple[int, ...] = tuple(n % 2 for n in range(20)), classes=("a", "b")) -> str:
    return save_own(data_dir, "set", IMAGES, labels, classes, {}, held_out=HELD)


def of_the_first_format(data_dir: Path) -> str:
    """As the version before wrote it."""
    folder = data_dir / "own" / "old"
    folder.mkdir(parents=True)
    files = {}
    for name, array in (("images.npy", IMAGES), ("labels.npy", np.arange(20) % 2)):
        out = io.BytesIO()
        np.save(out, array)
        files[name] = out.getvalue()
    files["report.json"] = b"{}"
    about = {
        "format": 1, "title": "Old", "count": 20, "grey": False, "classes": ["10", "2"],
        "created": "2025-01-01T00:00:00+00:00",
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }  # fmt: skip
    for name, content in (files | {"about.json": json.dumps(about).encode()}).items():
        (folder / name).write_bytes(content)
    return "old"


def test_a_set_of_the_first_format_opens_as_it_was_and_changes_into_the_second(tmp_path: Path) -> None:
    slug = of_the_first_format(tmp_path)
    train, held = split_held_out(20)
    loaded = OwnImages(slug).load(64, tmp_path)
    assert np.array_equal(loaded.images.numpy(), IMAGES[train])
    assert np.array_equal(loaded.held_out.numpy(), IMAGES[held])
    assert loaded.classes == ("10", "2")
    assert loaded.labels is not None
    assert loaded.labels.tolist() == [int(i) % 2 for i in train]
    assert OwnImages(slug).info(tmp_path).count == 18
    drop_pictures(tmp_path, slug, [int(train[0])])
    changed = OwnImages(slug).load(64, tmp_path)
    assert np.array_equal(changed.images.numpy(), IMAGES[train[1:]])
    assert np.array_equal(changed.held_out.numpy(), IMAGES[held])
    assert json.loads((tmp_path / "own" / slug / "about.json").read_text())["format"] == 2


def test_what_is_held_out_is_kept_with_the_set(tmp_path: Path) -> None:
    slug = save(tmp_path)
    loaded = OwnImages(slug).load(64, tmp_path)
    assert np.array_equal(loaded.images.numpy(), IMAGES[:16])
    assert np.array_equal(loaded.held_out.numpy(), IMAGES[16:])
    assert OwnImages(slug).info(tmp_path).count == 16


def test_dropped_pictures_are_gone_from_every_use_and_come_back(tmp_path: Path) -> None:
    slug = save(tmp_path)
    assert drop_pictures(tmp_path, slug, [3, 17, 3, 99, -1]) == 2
    images, labels, _, held = load_split(tmp_path, slug)
    keep = [i for i in range(20) if i not in (3, 17)]
    assert np.array_equal(images.numpy(), IMAGES[keep])
    assert labels is not None
    assert (labels.tolist(), held.tolist()) == ([i % 2 for i in keep], [i >= 16 for i in keep])
    listed = own_set(tmp_path, slug)
    assert (listed.count, listed.held_out, listed.dropped) == (18, 3, 2)
    assert OwnImages(slug).info(tmp_path).count == 15
    assert drop_pictures(tmp_path, slug, [3]) == 0
    assert bring_back(tmp_path, slug, [3]) == 1
    assert bring_back(tmp_path, slug, [17]) == 1
    assert np.array_equal(load_own(tmp_path, slug)[0].numpy(), IMAGES)


def test_a_class_whose_training_pictures_are_dropped_is_no_class_until_they_are_back(tmp_path: Path) -> None:
    slug = save(tmp_path, labels=(0,) * 14 + (1, 2, 0, 1, 2, 2), classes=("a", "b", "c"))
    drop_pictures(tmp_path, slug, [14])
    loaded = OwnImages(slug).load(28, tmp_path)
    assert loaded.classes == ("a", "c") == OwnImages(slug).info(tmp_path).classes
    assert loaded.labels is not None
    assert loaded.held_out_labels is not None
    assert (loaded.labels.tolist(), loaded.held_out_labels.tolist()) == ([0] * 14 + [1], [0, 1, 1])
    assert own_set(tmp_path, slug).held_out == 3
    bring_back(tmp_path, slug, [14])
    assert OwnImages(slug).load(28, tmp_path).classes == ("a", "b", "c")


def test_the_last_training_picture_stays(tmp_path: Path) -> None:
    slug = save(tmp_path)
    before = (tmp_path / "own" / slug / "about.json").read_bytes()
    with pytest.raises(DataUnavailable, match="at least one picture to train on"):
        drop_pictures(tmp_path, slug, range(16))
    assert (tmp_path / "own" / slug / "about.json").read_bytes() == before


def test_added_pictures_come_behind_and_old_places_stay(tmp_path: Path) -> None:
    slug = save(tmp_path)
    drop_pictures(tmp_path, slug, [0])
    both = np.concatenate([MORE, IMAGES[5:6]])
    added = add_to_own(tmp_path, slug, both, [0, 0, 0, 1, 1, 1, 0], ["10", "2"], {}, held_out=np.arange(7) == 1)
    assert (added.count, added.held_out, added.first, added.known) == (6, 1, 20, (6,))
    images, labels, classes, held = load_split(tmp_path, slug)
    assert classes == ("2", "10", "a", "b")
    assert np.array_equal(images.numpy(), np.concatenate([IMAGES[1:], MORE]))
    assert labels is not None
    assert labels.tolist() == [2 + i % 2 for i in range(1, 20)] + [1, 1, 1, 0, 0, 0]
    assert held.tolist() == [i >= 16 for i in range(1, 20)] + [False, True, False, False, False, False]
    assert np.array_equal(some_pictures(tmp_path, slug, [25, 0]), np.stack([MORE[5], IMAGES[0]]))
    drop_pictures(tmp_path, slug, range(added.first, added.first + added.count))  # this is how adding is undone
    assert load_own(tmp_path, slug)[2] == ("a", "b")


@pytest.mark.parametrize("broken", ["images", "held_out", "about"])
def test_a_disk_that_is_full_leaves_the_set_as_it_was(
    tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gan_core.config.files import write_atomically

    slug = save(tmp_path)

    def full(path: Path, data: bytes) -> None:
        if path.name.startswith(broken):
            raise OSError(28, "No space left on device")
        write_atomically(path, data)

    with monkeypatch.context() as patch:
        patch.setattr("gan_core.data.own.edit.write_atomically", full)
        with pytest.raises(DataUnavailable, match=r"No space left on device.*as before"):
            add_to_own(tmp_path, slug, MORE, [0] * 6, ["a"], {}, held_out=np.zeros(6, bool))
    assert np.array_equal(load_own(tmp_path, slug)[0].numpy(), IMAGES)
    assert own_set(tmp_path, slug).count == 20


def test_more_comes_in_by_the_same_report_and_what_is_known_is_said(tmp_path: Path) -> None:
    pets = {f"{kind}/{n}.png": noise_picture(n) for n, kind in enumerate(["cats", "dogs"] * 15)}
    slug = read_uploads([("pets.zip", zipped(pets))], "Pets", tmp_path).slug
    more = {"cats/new.png": noise_picture(90), "owls/1.png": noise_picture(91), "cats/0.png": noise_picture(0)}
    draft = read_draft([("more.zip", zipped(more))], "")
    report = keep_more(draft, tmp_path, slug)
    assert (report.slug, report.read, report.repeats) == (slug, 2, ("cats/0.png",))
    assert report.left_out == {"the set has their picture already": 1}
    assert own_set(tmp_path, slug).classes == ("cats", "dogs", "owls")
    loose = read_draft([("a.png", noise_picture(92))], "")
    with pytest.raises(DataUnavailable, match="This set has classes: choose one"):
        keep_more(loose, tmp_path, slug)
    assert keep_more(loose, tmp_path, slug, Choices(), as_class="dogs").read == 1
    _, labels, _ = load_own(tmp_path, slug)
    assert labels is not None
    assert np.bincount(labels.numpy()).tolist() == [16, 16, 1]
    reports = sorted(path.name[:7] for path in (tmp_path / "own" / slug).glob("report*"))
    assert reports == ["report-", "report-", "report."]


def test_a_set_without_classes_takes_pictures_of_any_folder(tmp_path: Path) -> None:
    slug = save(tmp_path, labels=(), classes=())
    added = add_to_own(tmp_path, slug, MORE, [0, 1] * 3, ["x", "y"], {}, held_out=np.zeros(6, bool))
    assert added.count == 6
    assert load_own(tmp_path, slug)[1:] == (None, ())


def test_grey_is_what_is_in_use(tmp_path: Path) -> None:
    grey = np.repeat(IMAGES[:, :1], 3, axis=1)
    images = np.concatenate([grey, IMAGES[:1]])
    slug = save_own(tmp_path, "drawings", images, (), (), {}, held_out=np.zeros(21, bool))
    assert not own_set(tmp_path, slug).grey
    drop_pictures(tmp_path, slug, [20])
    assert OwnImages(slug).info(tmp_path).channels == OwnImages(slug).load(64, tmp_path).channels == 1
    assert from_dict(OwnImages, {"slug": slug}) == OwnImages(slug)


def test_a_class_of_held_out_pictures_only_is_no_class_wherever_it_is_asked(tmp_path: Path) -> None:
    slug = save(tmp_path, labels=(0,) * 8 + (1,) * 8 + (2,) * 4, classes=("a", "b", "c"))
    loaded = OwnImages(slug).load(28, tmp_path)
    info = OwnImages(slug).info(tmp_path)
    assert loaded.classes == info.classes == ("a", "b")
    assert (len(loaded.images), len(loaded.held_out)) == (info.count, own_set(tmp_path, slug).held_out) == (16, 0)
