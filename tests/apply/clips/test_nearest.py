"""The nearest picture to a live one: found again, followed, and not led astray by what a browser may send."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_core.apply.clips.nearest import STEPS, Nearest
from gan_core.apply.editing.place import Place, drawn
from gan_core.latent import Explorable

ENOUGH = 60.0  # seconds: as many steps as there may be


def of(model: Explorable, *z: float) -> np.ndarray:
    return drawn(Place(model, torch.tensor(z), None, None))


def test_a_subject_that_moves_is_followed(disc: Explorable) -> None:
    nearest = Nearest(disc)
    before, errors = None, []
    for i in range(12):
        wanted = of(disc, -1.0 + 0.15 * i, 0.2, 0.5)
        found = nearest.find(wanted, before, ENOUGH)
        before = found.point, found.label
        np.testing.assert_array_equal(found.picture, of(disc, *map(float, found.point)))
        assert found.error == pytest.approx(np.sqrt(np.mean((found.picture.astype(float) - wanted) ** 2)), abs=0.6)
        errors.append(found.error)
    assert max(errors[2:]) < 3.0
    assert found.point[:2] == pytest.approx([0.65, 0.2], abs=0.1)


def test_a_still_subject_comes_nearer_and_a_jump_begins_at_the_bank(disc: Explorable) -> None:
    nearest, far = Nearest(disc), (np.array([-2.5, 2.5, 0.0], np.float32), -1)
    wanted = of(disc, 1.0, -1.0, 0.5)
    assert nearest.find(wanted, far, ENOUGH).error == pytest.approx(nearest.find(wanted, None, ENOUGH).error)
    first = nearest.find(wanted, None, 0.0)
    second = nearest.find(wanted, (first.point, -1), 0.0)
    assert second.error < first.error
    assert STEPS > 2  # so that without time there is less to it


def test_another_size_is_refused(shapes: Explorable) -> None:
    with pytest.raises(ValueError, match="32 x 32 pixels is wanted"):
        Nearest(shapes).find(np.zeros((16, 16, 3), np.uint8))
