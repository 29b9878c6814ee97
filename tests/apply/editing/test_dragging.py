"""Dragging against what is known: a linear generator's closed form, and shapes whose place is read off pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gan_core.apply.editing.applying import steps
from gan_core.apply.editing.dragging import EVEN, DragOptions, _Drag, drag, is_even, tracked
from gan_core.apply.editing.edits import Drag, Stack, Start
from gan_core.apply.editing.features import Sight, disk
from gan_core.apply.editing.latents import Latents, latents_of
from gan_core.apply.editing.place import Place, images
from gan_core.apply.editing.reachable import SIDES, Reachable, reachable
from gan_core.apply.editing.regions import encode_region
from gan_core.latent import Explorable

from .conftest import PIXELS_A_UNIT


def middle(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Where the bright thing is, (x, y) in pixels from the upper left corner."""
    share = picture.max(2).astype(np.float64)
    share[share < 25] = 0
    centre = np.arange(len(picture)) + 0.5
    return np.array([share.sum(0) @ centre, share.sum(1) @ centre]) / share.sum()


def at(model: Explorable, z: list[float]) -> tuple[Latents, Sight, torch.Tensor]:
    latents, start = latents_of(Place(model, torch.tensor(z), None, None))
    return latents, Sight(model.generator, latents, model.shape.size), start


@pytest.mark.parametrize("way", [(2.0, 0.0), (-1.5, 2.0), (0.0, -2.5)])
def test_where_the_place_is_linear_in_the_latent_a_drag_comes_to_the_closed_form(
    blob: Explorable, way: tuple[float, float]
) -> None:
    """The blob's middle is 8 + 2 z: a way of d pixels is z + d / 2, and the brightness stays as it was."""
    latents, sight, start = at(blob, [0.1, -0.2, 0.3])
    x, y = 8.0 + PIXELS_A_UNIT * 0.1, 8.0 - PIXELS_A_UNIT * 0.2
    *_, last = drag(latents, sight, start, ((x, y, x + way[0], y + way[1]),), DragOptions(5.0))
    assert last.end == "there"
    expected = [0.1 + way[0] / PIXELS_A_UNIT, -0.2 + way[1] / PIXELS_A_UNIT]
    np.testing.assert_allclose(last.point[:2].numpy(), expected, atol=0.5 / PIXELS_A_UNIT)
    assert abs(float(last.point[2]) - 0.3) < 0.25


def test_one_step_is_the_least_squares_solution(blob: Explorable) -> None:
    """The latent's change minimises |r + J u|^2 + damping |u|^2: numpy's lstsq in float64 finds the same."""
    latents, sight, start = at(blob, [0.0, 0.0, 0.0])
    work = _Drag(latents, sight, start, ((8.0, 8.0, 10.0, 8.0),), DragOptions(5.0))
    nudges = 0.05 * torch.cat([torch.zeros(1, 3), torch.eye(3)])
    rows = work.differences(sight.maps(start + nudges)).double().numpy()
    jacobian, off = (rows[1:] - rows[:1]) / 0.05, rows[0]
    damping = np.sqrt(0.01 + 0.003)
    table = np.concatenate([jacobian.T, damping * np.eye(3)])
    best, *_ = np.linalg.lstsq(table, -np.concatenate([off, np.zeros(3)]), rcond=None)
    work.move()
    np.testing.assert_allclose(work.u.numpy(), best, atol=2e-4)


def test_tracking_finds_what_is_held_in_a_moved_picture(blob: Explorable) -> None:
    """Whole pictures moved by known ways: the tracked place has moved by as much, to a grid of a quarter pixel."""
    _, sight, start = at(blob, [0.0, 0.0, 0.0])
    around, handle = disk(4.0), torch.tensor([8.0, 8.0])
    held = sight.at(sight.maps(start[None]), handle + around)[0]
    for right, down in ((1.0, 0.0), (-1.5, 0.5), (0.75, -1.25)):
        other = torch.tensor([[right / PIXELS_A_UNIT, down / PIXELS_A_UNIT, 0.0]])
        found, off = tracked(sight, sight.maps(other), held, handle + disk(2.0, 0.25), around)
        np.testing.assert_allclose(found.numpy(), [8.0 + right, 8.0 + down], atol=0.25)
        assert off < 0.02


def test_a_place_out_of_reach_is_said(blob: Explorable) -> None:
    """The blob gets brighter by at most a fifth: held to nothing but a dark corner, nothing moves."""
    latents, sight, start = at(blob, [0.0, 0.0, 0.0])
    *_, last = drag(latents, sight, start, ((0.5, 0.5, 6.0, 0.5),), DragOptions(1.0))
    assert last.end == "still"
    assert last.words().startswith("Stopped ")
    assert "px short: the generator draws no such picture" in last.words()


def test_a_drag_that_is_capped_says_so(blob: Explorable) -> None:
    latents, sight, start = at(blob, [0.0, 0.0, 0.0])
    *_, last = drag(latents, sight, start, ((8.0, 8.0, 12.0, 8.0),), DragOptions(5.0, steps=1))
    assert last.end == "cap"
    assert "after 1 step:" in last.words()


def test_a_shape_goes_where_it_is_dragged_and_what_is_outside_the_mask_hardly_changes(shapes: Explorable) -> None:
    start = Start(source="seed:2")
    before = next(steps(shapes, Stack(start=start))).state.picture
    x, y = middle(before)
    to = (x + (4.0 if x < 16 else -4.0), y)
    mask = np.zeros((32, 32), bool)
    mask[max(0, int(y) - 10) : int(y) + 10, int(min(x, to[0])) - 9 : int(max(x, to[0])) + 10] = True
    edit = Drag(points=f"{x:.2f},{y:.2f}:{to[0]:.2f},{y:.2f}", mask=encode_region(mask))
    moments = list(steps(shapes, Stack((edit,), start)))
    after = moments[-1].state.picture
    assert np.linalg.norm(middle(after) - to) < 2.0
    assert np.abs(after.astype(float) - before)[~mask].mean() < 0.02 * 255
    assert len(moments) > 3  # the picture follows while it works
    (came,) = moments[-1].state.moved_to
    np.testing.assert_allclose(came, to, atol=1.0)
    again = list(steps(shapes, Stack((edit,), start)))[-1].state.picture
    np.testing.assert_array_equal(again, after)


def test_a_handle_on_even_ground_is_told_from_one_beside_something(shapes: Explorable) -> None:
    picture = np.full((32, 32, 3), 40, np.uint8)
    picture[10:14, 10:14, 2] += EVEN
    for x in np.arange(0.0, 32.0, 1.75):
        nearest = min(np.hypot(x - i - 0.5, 5.0 - j - 0.5) for i in range(10, 14) for j in range(10, 14))
        assert is_even(picture, (x, 5.0), 7.0) == (nearest > 7.0)
    assert is_even(picture - (picture > 40), (12.0, 12.0), 7.0)  # a grey level less, and it is none
    said = {}
    for handle in ("30,30", "16,16"):
        edit = Drag(points=f"{handle}:18,18", steps=1)
        said[handle] = list(steps(shapes, Stack((edit,), Start(source="seed:1"))))[-1].state.words
    assert [words[1:] for words in said.values()] == [
        ("There was nothing at (30.0, 30.0) to be held: all is one colour there.",), (),
    ]  # fmt: skip


def test_reach_is_what_short_drags_reached(blob: Explorable) -> None:
    latents, sight, start = at(blob, [0.0, 0.0, 0.0])
    *_, last = reachable(latents, sight, start, (8.0, 8.0), 5.0)
    assert last.ends.shape == (SIDES, 2)
    assert (last.reach > 2.0).all()  # the blob goes everywhere
    assert last.holds(9.0, 9.0)
    assert not last.holds(15.5, 8.0)


def test_between_two_sides_the_reach_is_a_straight_line() -> None:
    angles = 2 * np.pi * np.arange(SIDES) / SIDES
    reach = np.where(np.arange(SIDES) % 2 == 0, 4.0, 2.0)
    found = Reachable((10.0, 10.0), 10.0 + reach[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1), 5.0)
    np.testing.assert_allclose(found.reach, reach)
    half = 2 * np.pi / SIDES / 2
    assert found.holds(10 + 2.9 * np.cos(half), 10 + 2.9 * np.sin(half))
    assert not found.holds(10 + 3.1 * np.cos(half), 10 + 3.1 * np.sin(half))


def test_a_place_of_two_handles(blob: Explorable) -> None:
    """Both ends of the blob pulled the same way move it; the picture is drawn at the mean of no styles."""
    latents, sight, start = at(blob, [0.0, 0.0, 0.0])
    points = ((6.0, 8.0, 7.5, 8.0), (10.0, 8.0, 11.5, 8.0))
    *_, last = drag(latents, sight, start, points, DragOptions(3.0))
    assert last.end == "there"
    assert abs(float(last.point[0]) - 1.5 / PIXELS_A_UNIT) < 0.3
    assert images(Place(blob, last.point, None, None), last.point[None]).shape == (1, 1, 16, 16)
