"""Stacks applied to generators that come along: masks to the bit, order, switches, and what cannot be done."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from gan_core.apply.editing.applying import State, steps
from gan_core.apply.editing.edits import (
    FROM_FILE,
    Blend,
    Class,
    Copy,
    Drag,
    Edit,
    Factor,
    Mix,
    Move,
    Repaint,
    Stack,
    Start,
    Units,
)
from gan_core.apply.editing.regions import encode_region
from gan_core.apply.editing.starting import begin, encode_pixels, source_of
from gan_core.latent import Explorable, check_look, encode_vector, render
from gan_core.latent.directions.attributes import reader_of
from gan_core.training.batches import to_unit

SIZE = 32
REGION = np.zeros((SIZE, SIZE), bool)
REGION[4:20, 6:26] = True
MASK = encode_region(REGION)


def end(model: Explorable, *edits: Edit, start: Start | None = None) -> State:
    *_, last = steps(model, Stack(edits, start or Start(source="seed:3")))
    return last.state


def test_a_seed_is_the_seed_of_explore(shapes: Explorable, fashion: Explorable) -> None:
    np.testing.assert_array_equal(
        end(shapes).picture, render(shapes, [check_look(shapes, {"where": {"seed": 3}})])[0]
    )
    look = check_look(fashion, {"where": {"seed": 3}, "class": [4]})
    made = end(fashion, start=Start(source="seed:3", label=4)).picture
    np.testing.assert_array_equal(made, render(fashion, [look])[0])
    np.testing.assert_array_equal(end(fashion, Class(label=4)).picture, made)  # a class chosen later is the same


MASKED = [
    Move(along="pca-1", amount=2.0, mask=MASK), Move(along="pca-1", amount=2.0, mask=MASK, soft=3.0),
    Mix(source="seed:9", layers="0,1,2,3", mask=MASK), Units(layer="stages.2.1.conv", units="0,1,2,3,4,5", mask=MASK),
    Copy(source="seed:9", mask=MASK), Copy(source="seed:9", mask=MASK, right=3, way="poisson"),
    Blend(source="seed:9", mask=MASK), Blend(source="seed:9", mask=MASK, way="poisson", soft=2.0),
    Blend(source="seed:9", mask=MASK, way="pixels"),
]  # fmt: skip


@pytest.mark.parametrize("edit", MASKED, ids=lambda edit: f"{type(edit).__name__}-{getattr(edit, 'way', '')}")
def test_outside_the_mask_a_picture_stays_to_the_last_bit(shapes: Explorable, edit: Edit) -> None:
    before, after = end(shapes).picture, end(shapes, edit).picture
    np.testing.assert_array_equal(after[~REGION], before[~REGION])
    assert (after[REGION] != before[REGION]).any()
    np.testing.assert_array_equal(end(shapes, replace(edit, on=False)).picture, before)


def test_a_repaint_keeps_what_is_outside(emoji: Explorable) -> None:
    before, after = end(emoji).picture, end(emoji, Repaint(mask=MASK)).picture
    np.testing.assert_array_equal(after[~REGION], before[~REGION])
    assert (after[REGION] != before[REGION]).any()


def test_units_in_a_region_are_units_everywhere_where_the_region_is_everything(shapes: Explorable) -> None:
    whole = Units(layer="stages.2.1.conv", units="0,5", mask=encode_region(np.ones((SIZE, SIZE), bool)))
    everywhere = end(shapes, replace(whole, mask="")).picture
    np.testing.assert_array_equal(end(shapes, whole).picture, everywhere)
    look = {"where": {"seed": 3}, "units": [{"layer": "stages.2.1.conv", "unit": u, "scale": 0.0} for u in (0, 5)]}
    np.testing.assert_array_equal(everywhere, render(shapes, [check_look(shapes, look)])[0])


def test_blended_everywhere_it_is_the_other_picture_but_for_what_has_no_maps(shapes: Explorable) -> None:
    """All maps are the other's then; the colours that ToImage makes of them follow the styles of the first."""
    mask = encode_region(np.ones((SIZE, SIZE), bool))
    blended = end(shapes, Blend(source="seed:9", mask=mask)).picture.astype(float)
    own, other = (end(shapes, start=Start(source=f"seed:{seed}")).picture.astype(float) for seed in (3, 9))
    assert np.abs(blended - other).mean() < 0.5 * np.abs(own - other).mean()


def test_what_was_painted_stays_when_the_rest_is_drawn_anew(shapes: Explorable) -> None:
    copied = end(shapes, Copy(source="seed:9", mask=MASK)).picture
    both = end(shapes, Copy(source="seed:9", mask=MASK), Move(along="pca-1", amount=1.0)).picture
    moved = end(shapes, Move(along="pca-1", amount=1.0)).picture
    np.testing.assert_array_equal(both[REGION], copied[REGION])
    np.testing.assert_array_equal(both[~REGION], moved[~REGION])
    other_order = end(shapes, Move(along="pca-1", amount=1.0), Copy(source="seed:9", mask=MASK)).picture
    np.testing.assert_array_equal(other_order, both)


def test_a_move_by_a_vector_is_explores(shapes: Explorable) -> None:
    vector = np.random.default_rng(0).standard_normal(shapes.style_dim).astype(np.float32)
    made = end(shapes, Move(vector=encode_vector(vector), amount=0.5, unit=0.2, layers="0,1"))
    along = [{"vector": encode_vector(vector), "space": "w", "amount": 0.1, "layers": [0, 1]}]
    look = check_look(shapes, {"where": {"base": {"seed": 3}, "along": along}})
    assert np.abs(made.picture.astype(int) - render(shapes, [look])[0]).max() <= 1  # float32 here, float64 there
    assert made.place is not None
    again = end(shapes, start=Start(source=source_of(made.place)))
    np.testing.assert_array_equal(again.picture, made.picture)


def test_a_third_of_the_hue_leaves_the_other_factors(shapes: Explorable) -> None:
    reader = reader_of(shapes)
    assert reader is not None
    start = Start(source="seed:2")
    after = end(shapes, Factor(factor="hue", amount=1 / 3), start=start)
    was, now = (
        reader.read(to_unit(torch.from_numpy(each.picture.transpose(2, 0, 1).copy()))[None])
        for each in (end(shapes, start=start), after)
    )
    assert abs((now["hue"][0] - was["hue"][0]) % 1.0 - 1 / 3) < 0.05
    assert abs(now["size"][0] - was["size"][0]) < 0.1 * 0.2
    assert abs(now["x"][0] - was["x"][0]) < 0.1 * 0.24
    assert "hue went by +0.3" in after.words[0]


def test_a_picture_that_is_brought_is_found_and_tuned_and_its_error_said(emoji: Explorable) -> None:
    wanted = end(emoji, start=Start(source="seed:8")).picture
    wanted = np.clip(wanted.astype(int) + 20 * REGION[..., None], 0, 255).astype(np.uint8)  # none of the generator's
    quick = Start(source="picture", iterations=15, restarts=2)
    found = begin(emoji, quick, wanted)
    weights = [each.clone() for each in emoji.generator.parameters()]
    tuned = begin(emoji, replace(quick, tuning=25), wanted)
    assert found.error is not None
    assert tuned.error is not None
    assert tuned.error < 0.8 * found.error
    for before, after in zip(weights, emoji.generator.parameters(), strict=True):
        assert torch.equal(before, after)  # a copy was tuned
    np.testing.assert_array_equal(found.picture, wanted)  # what is edited is the picture, not what was found of it
    assert f"off by {found.error:.1f} of 255" in found.words[0]
    assert "tuning a copy" in found.words[0] or found.error <= 14.3


REFUSED = [
    (Move(along="upwards"), '"upwards" is no direction'), (Move(), "names no direction"),
    (Move(along="pca-99"), "no direction of that number"), (Move(vector="AAAA"), "vector has"),
    (Class(label=1), "knows no classes"), (Mix(layers="8"), "layers is"),
    (Mix(source="cloud", layers="0"), "no source"),
    (Mix(source="seed:x", layers="0"), "no seed"), (Units(layer="none", units="0"), "no layer"),
    (Units(layer="stages.2.1.conv", units="900"), "unit is 900"), (Repaint(), "has no mask"),
    (Copy(mask=MASK, source="pixels:AAAA"), "3 bytes"), (Copy(mask=MASK, right=200), "Nothing of the other"),
    (Copy(mask=MASK, source="picture"), "none was"), (Drag(points="40,1:2,2"), "outside the picture"),
    (Drag(points="1,1:2,2", mask=FROM_FILE), "--mask"), (Drag(points="1,1:2,2", mask="9:AAAA"), "9 x 9"),
    (Copy(mask=encode_region(np.ones((SIZE, SIZE), bool)), way="poisson"), "whole picture"),
    (Repaint(mask=encode_region(np.ones((SIZE, SIZE), bool))), "whole picture"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "said"), REFUSED)
def test_what_cannot_be_done_is_one_sentence(shapes: Explorable, edit: Edit, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as found:
        end(shapes, edit)
    assert "\n" not in str(found.value)
    assert str(found.value).endswith(".")


def test_what_a_generator_without_styles_or_factors_cannot(fashion: Explorable, blob: Explorable) -> None:
    for model, edit, said in (
        (fashion, Mix(layers="0"), "no styles to mix"), (fashion, Class(label=10), "classes 0 to 9"),
        (fashion, Factor(amount=0.1), "generators of Shapes only"), (blob, Drag(points="17,1:2,2"), "16 x 16"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            end(model, edit)
    with pytest.raises(ValueError, match="size|28 x 28"):
        list(steps(fashion, Stack(size=32)))
    with pytest.raises(ValueError, match="mere pixels"):
        end(blob, Move(along="pca-1"), start=Start(source=encode_pixels(np.zeros((16, 16, 1), np.uint8))))


def test_a_cancelled_stack_stops_between_two_steps(shapes: Explorable) -> None:
    asked = 0

    def told(share: float, words: str) -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise InterruptedError

    going = steps(shapes, Stack((Move(along="pca-1"), Move(along="pca-2"))), None, told)
    assert [next(going).index, next(going).index] == [-1, 0]
    with pytest.raises(InterruptedError):
        next(going)
