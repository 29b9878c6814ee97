from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from gan_core.data import DataUnavailable, Emoji
from gan_core.data.sets import emoji

NOWHERE = Path("/nonexistent")


def test_every_picture_is_there_once_and_none_is_blank() -> None:
    loaded = Emoji().load(64, NOWHERE)
    images = torch.cat([loaded.images, loaded.held_out])
    assert images.shape == (1_600, 3, 64, 64)
    assert len({image.numpy().tobytes() for image in images}) == 1_600
    inked = (images < 200).any(1).float().mean(dim=(1, 2))
    assert inked.min() > 0.01
    corners = images[:, :, [0, 0, -1, -1], [0, -1, 0, -1]].float().mean(dim=(1, 2))
    assert (corners > 250).float().mean() > 0.9  # on white


def test_groups_are_counted_rightly_and_each_can_be_chosen() -> None:
    loaded = Emoji().load(32, NOWHERE)
    assert loaded.labels is not None
    assert loaded.held_out_labels is not None
    counts = (loaded.labels.bincount() + loaded.held_out_labels.bincount()).tolist()
    assert counts == list(emoji.GROUPS.values())
    for name, count in emoji.GROUPS.items():
        part = Emoji(only=name).load(28, NOWHERE)
        assert len(part.images) + len(part.held_out) == count
        assert part.classes == (name,)


def test_labels_belong_to_their_pictures() -> None:
    """The list begins with yellow faces; each colour's mean must survive the atlas's layout."""
    about = json.loads((emoji.FOLDER / "emoji.json").read_text(encoding="utf-8"))
    images, labels = emoji._atlas(emoji.FOLDER)
    names = [name for _, name, _ in about["emoji"]]
    for name, channels in {"red apple": (1, 0, 0), "green square": (0, 1, 0), "blue square": (0, 0, 1)}.items():
        middle = images[names.index(name), :, 24:40, 24:40].float().mean(dim=(1, 2))
        assert middle.argmax() == channels.index(1), name
    assert [emoji.CLASSES[label] for label in labels] == [group for _, _, group in about["emoji"]]


def test_the_held_out_tenth_is_always_the_same_and_never_trained_on() -> None:
    one, two = Emoji().load(64, NOWHERE), Emoji().load(64, NOWHERE)
    assert torch.equal(one.held_out, two.held_out)
    assert len(one.held_out) == 160
    trained = {image.numpy().tobytes() for image in one.images}
    assert not any(image.numpy().tobytes() in trained for image in one.held_out)


def test_licence_and_provenance_lie_beside_it() -> None:
    text = (emoji.FOLDER / "LICENSE").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert "Unicode" in text
    assert sum(path.stat().st_size for path in emoji.FOLDER.iterdir()) < 6_000_000


def test_a_changed_atlas_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("emoji.json", "emoji.png"):
        (tmp_path / name).write_bytes((emoji.FOLDER / name).read_bytes())
    with open(tmp_path / "emoji.png", "ab") as file:
        file.write(b"x")
    monkeypatch.setattr(emoji, "FOLDER", tmp_path)
    with pytest.raises(DataUnavailable, match=r"emoji\.png is not the original"):
        Emoji().load(32, NOWHERE)
