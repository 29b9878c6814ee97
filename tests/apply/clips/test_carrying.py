"""Edits at any strength, carried from one frame to another; strength over time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from gan_core.apply.clips.carrying import Way, at_strength, check_clip, settled, solve
from gan_core.apply.clips.strength import read_strength
from gan_core.apply.editing.applying import State, beginning, steps
from gan_core.apply.editing.edits import Copy, Drag, Edit, Factor, Move, Repaint, Stack, Start
from gan_core.apply.editing.place import drawn
from gan_core.apply.editing.regions import encode_region
from gan_core.apply.editing.starting import Beginning, begin
from gan_core.latent import Explorable

MASK = encode_region(np.pad(np.ones((6, 6), bool), 5))


def state_of(model: Explorable, seed: int) -> State:
    return beginning(begin(model, Start(source=f"seed:{seed}")))


def point(state: State) -> torch.Tensor:
    assert state.place is not None
    return state.place.point


def test_a_drags_way_is_carried_to_another_frame(disc: Explorable) -> None:
    """The disc's place is linear in the latent: the way that solves one frame moves every other by the same."""
    edits: tuple[Edit, ...] = (Drag(points="8,8:10,8", steps=4),)
    first, other = state_of(disc, 1), state_of(disc, 2)
    ways, end = solve(disc, first, edits, {})
    *_, whole = steps(disc, Stack(edits, Start(source="seed:1")))
    torch.testing.assert_close(point(end), point(whole.state))
    moved = point(at_strength(disc, other, edits, 1.0, ways)) - point(other)
    torch.testing.assert_close(moved, point(whole.state) - point(first))
    assert point(at_strength(disc, other, edits, 0.0, ways)).equal(point(other))
    again = Way.from_json(ways[0].to_json())
    assert again.offsets.equal(ways[0].offsets)


def test_half_a_move_is_half_the_way_and_half_a_copy_half_the_light(disc: Explorable) -> None:
    state = state_of(disc, 1)
    half = at_strength(disc, state, (Move(along="pca-1", amount=2.0),), 0.5, {})
    whole = at_strength(disc, state, (Move(along="pca-1", amount=1.0),), 1.0, {})
    torch.testing.assert_close(point(half), point(whole))
    copy: tuple[Edit, ...] = (Copy(source="seed:9", mask=MASK),)
    pictures = [at_strength(disc, state, copy, s, {}).picture.astype(int) for s in (0.0, 0.5, 1.0)]
    np.testing.assert_array_equal(pictures[0], state.picture)
    np.testing.assert_allclose(pictures[1], (pictures[0] + pictures[2]) / 2, atol=0.5)
    np.testing.assert_array_equal(pictures[2][:5], state.picture[:5])


def test_a_factor_goes_along_its_way(shapes: Explorable, monkeypatch: pytest.MonkeyPatch) -> None:
    """With places of a way that is known: strength goes along them, not straight to the end."""
    state = state_of(shapes, 3)
    corner = torch.zeros_like(point(state))
    corner[..., 0] = 1.0

    def known(place: object, factor: str, amount: float) -> Iterator[object]:
        assert state.place is not None
        for share in (0.5, 1.0):
            yield state.place.at(point(state) + corner * share)
        yield state.place.at(point(state) + corner + corner.roll(1, -1))

    monkeypatch.setattr("gan_core.apply.clips.carrying.factor_moved", known)
    edits: tuple[Edit, ...] = (Factor(factor="hue", amount=0.3),)
    ways, _ = solve(shapes, state, edits, {})
    middle = point(at_strength(shapes, state, edits, 2 / 3, ways)) - point(state)
    torch.testing.assert_close(middle[0, :2], torch.tensor([1.0, 0.0]), atol=0.05, rtol=0)
    end = point(at_strength(shapes, state, edits, 1.0, ways)) - point(state)
    torch.testing.assert_close(end[0, :2], torch.tensor([1.0, 1.0]))


def test_a_factors_way_is_settled_at_a_frame_between(shapes: Explorable) -> None:
    """Carried to a picture beside it only nearly fits; settled it is nearer to what is solved there."""
    edits: tuple[Edit, ...] = (Factor(factor="hue", amount=1 / 8),)
    first, second = state_of(shapes, 3), state_of(shapes, 4)
    ways, _ = solve(shapes, first, edits, {})
    assert first.place is not None
    place = first.place.at(torch.lerp(point(first), point(second), 0.05))
    other = beginning(Beginning(place, drawn(place)))
    ends = settled(shapes, other, edits, ways)
    there = {0: ways[0].ending(ends[0])}
    carried, bent, wanted = (
        at_strength(shapes, other, edits, 1.0, each).picture.astype(float)
        for each in (ways, there, solve(shapes, other, edits, {})[0])
    )
    assert np.abs(bent - wanted).mean() < 0.7 * np.abs(carried - wanted).mean()
    np.testing.assert_array_equal(at_strength(shapes, other, edits, 0.0, there).picture, other.picture)


def test_a_repaint_cannot_follow() -> None:
    check_clip((Move(along="pca-1"), Repaint(mask=MASK, on=False)))
    with pytest.raises(ValueError, match="would flicker"):
        check_clip((Repaint(mask=MASK),))


def test_strength_over_time() -> None:
    keys = read_strength("0:0, 2:1 4:0.5")
    assert [keys.at(t) for t in (-1, 0, 2, 4, 9)] == [0, 0, 1, 0.5, 0.5]
    assert keys.at(1.0) == pytest.approx(0.5)
    assert keys.at(0.5) == pytest.approx(3 * 0.25**2 - 2 * 0.25**3)
    assert read_strength("1:0.3").at(0) == 0.3
    for text, said in (("", "0 keyframes"), ("a", "no keyframe"), ("0:2", "from 0 to 1"), ("1:0 1:1", "in order")):
        with pytest.raises(ValueError, match=said):
            read_strength(text)
