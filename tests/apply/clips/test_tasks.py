"""The tasks as jobs: their files, what is said, a stop and a kill after which they go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_core.apply import Cancelled
from gan_core.apply.clips.clip_task import CLIP, EditClip
from gan_core.apply.clips.film_tasks import FilmOfEdit, FilmOfPictures
from gan_core.apply.clips.reading import read_clip
from gan_core.apply.editing.edits import Drag, Edit, Move, Repaint, Stack, Start, stack_to_json
from gan_core.apply.editing.regions import encode_region
from gan_core.apply.editing.starting import begin
from gan_core.latent import Explorable

from .made_clips import Pictures, animation, film, opened, png, workplace

QUICK = Start(iterations=30, restarts=2)


def stacked(*edits: Edit, start: Start = QUICK) -> str:
    return stack_to_json(Stack(edits, start))


def discs(model: Explorable, count: int, cut: int = 999) -> Pictures:
    """The generator's own pictures in frames of 20 x 24; after the cut from elsewhere."""
    latents = np.zeros((count, 3), np.float32)
    latents[:, 0] = np.linspace(-1.0, 1.0, count)
    latents[:, 2], latents[cut:, 1] = 0.8, 2.5
    made = ((model.generator(torch.from_numpy(latents))[:, 0] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    frames = np.zeros((count, 20, 24, 3), np.uint8)
    frames[:, 2:18, 4:20] = made.numpy()[..., None]
    return frames


def frames_of(path: Path) -> Pictures:
    return np.stack([part[0] for part in read_clip((path,)) if isinstance(part, tuple)])


def test_a_clip_is_edited_and_goes_on_after_a_kill_to_the_same_film(disc: Explorable, tmp_path: Path) -> None:
    content = {CLIP: film(discs(disc, 14), sound="aac")}
    task = EditClip("disc", stacked(Drag(points="8,8:8,10", steps=5), Move(along="pca-3", amount=-0.5)),
                    box="4,2,16,16", soft=0.0, iterations=10)  # fmt: skip
    assert task.problems(tmp_path, (CLIP,)) == []
    place = workplace(tmp_path / "whole", disc, content)
    found = task.work(place)
    (width, height, rate), count, sound = opened(place.result / found["file"])
    assert (width, height, rate, count) == (24, 20, 25, 14)
    assert sound == pytest.approx(14 / 25, abs=0.1)
    assert found["sound"]
    assert found["error"] < 8.0
    assert len(found["errors"]) == 14
    assert found["cuts"] == []
    assert any("drag was solved on the first frame" in each for each in found["words"])
    assert sorted(path.name for path in place.parts.glob("preview*")) == ["preview-0000.png", "preview-0010.png"]
    before, after = discs(disc, 14), frames_of(place.result / found["file"])
    lower = np.arange(20) @ after[..., 0].mean(2).T / after[..., 0].mean((1, 2)) / 20
    then = np.arange(20) @ before[..., 0].mean(2).T / before[..., 0].mean((1, 2)) / 20
    assert (lower > then + 0.5).all()  # every frame's disc went down with the drag

    for stop_at in ("Frame 6", "Writing frame 5"):
        stopped = workplace(tmp_path / "stopped", disc, content, stop_at)
        with pytest.raises(Cancelled):
            task.work(stopped)
        assert list(stopped.result.iterdir()) == []
        assert list(stopped.parts.glob("*.mp4")) == []
        assert len(list(stopped.parts.glob("frame-*.json"))) in (4, 13)
    again = task.work(workplace(tmp_path / "stopped", disc, content))
    assert {**again, "seconds": 0} == {**found, "seconds": 0}
    there, here = (tmp_path / each / "result" / found["file"] for each in ("whole", "stopped"))
    np.testing.assert_array_equal(frames_of(there), frames_of(here))


def test_a_moving_picture_stays_one_and_a_cut_is_found(disc: Explorable, tmp_path: Path) -> None:
    content = {CLIP: animation(discs(disc, 8, cut=5), "GIF", [40] * 8)}
    task = EditClip("disc", stacked(), put="picture", iterations=2, smoothing=1.0)
    place = workplace(tmp_path, disc, content)
    found = task.work(place)
    assert found["file"] == "clip.gif"
    assert found["cuts"] == [5]
    assert frames_of(place.result / "clip.gif").shape == (8, 20, 24, 3)
    assert found["box"] == "2,0,20,20"


@pytest.mark.parametrize(("more", "inputs", "said"), [
    ({}, (), "There is no clip"), ({"box": "1,2"}, (CLIP,), "X,Y,WIDTH,HEIGHT"),
    ({"strength": "0:7"}, (CLIP,), "from 0 to 1"), ({"stack": "{}"}, (CLIP,), "ganscope-edit"),
    ({"stack": stacked(Repaint(mask=encode_region(np.eye(16, dtype=bool))))}, (CLIP,), "would flicker"),
    ({"stack": stacked(Move(along="pca-1", mask="file"))}, (CLIP,), "--mask"),
])  # fmt: skip
def test_what_is_asked_wrongly_is_said_before_it_begins(
    tmp_path: Path, more: dict[str, Any], inputs: tuple[str, ...], said: str
) -> None:
    (problem,) = EditClip(**{"stack": stacked(), **more}).problems(tmp_path, inputs)
    assert said in problem
    assert problem.endswith(".")


def test_a_film_of_an_edit_is_as_strong_as_its_keys_say(disc: Explorable, tmp_path: Path) -> None:
    start = Start(source="seed:3")
    task = FilmOfEdit(
        "disc", 1.0, 10, 64, "gif", stacked(Move(along="pca-1", amount=2.0), start=start), "0:0 0.5:1 0.9:0"
    )
    assert task.problems(tmp_path, ()) == []
    place = workplace(tmp_path, disc, {})
    found = task.work(place)
    frames = frames_of(place.result / found["file"])
    assert frames.shape == (10, 64, 64, 3)
    first = begin(disc, start).picture[..., 0]
    np.testing.assert_array_equal(frames[0, ::4, ::4, 0], first)
    np.testing.assert_array_equal(frames[9], frames[0])
    far = np.abs(frames.astype(int) - frames[0]).mean((1, 2, 3))
    assert far.argmax() == 5
    assert (np.diff(far[:6]) > 0).all()


@pytest.mark.parametrize("loop", [False, True])
def test_a_film_goes_through_every_picture(disc: Explorable, tmp_path: Path, loop: bool) -> None:
    own = discs(disc, 3)[:, 2:18, 4:20]
    inputs = {f"picture-{i:02}": png(picture) for i, picture in enumerate(own)}
    task = FilmOfPictures("disc", 0.6, 10, 64, "gif", loop=loop, iterations=40, restarts=2)
    assert task.problems(tmp_path, tuple(inputs)) == []
    assert "give 2 to 50" in task.problems(tmp_path, ("one",))[0]
    place = workplace(tmp_path, disc, inputs)
    found = task.work(place)
    frames = frames_of(place.result / found["file"])[:, ::4, ::4].astype(int)
    assert len(frames) == 6
    assert [each["error"] < 5 for each in found["pictures"]] == [True] * 3
    at = [0, 2, 4] if loop else [0, 5]
    for frame, picture in zip(frames[at], own if loop else own[[0, 2]], strict=True):
        assert np.abs(frame - picture).mean() < 4
    assert np.abs(np.diff(frames, axis=0)).mean((1, 2, 3)).max() < 25
