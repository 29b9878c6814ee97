"""What the Explore page is told of the inside of a generator, and of one path over time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from gan_core.latent import Explorable, check_look, render, resolve
from gan_core.latent.inside.effects import feature_maps
from gan_core.latent.overtime import spread
from gan_core.nets import MlpGenerator
from pages.explore.ops.inside import inside_evidence, inside_layers, inside_maps, inside_units
from pages.explore.ops.overtime import overtime
from pages.server.live.operations import Cancelled, OperationContext
from tests.latent.conftest import small_config, small_model


class SmallShelf:
    """Checkpoints of one model by their steps."""

    def __init__(self, *models: Explorable) -> None:
        self.models = {model.step: model for model in models}
        self.opened: list[int | None] = []

    def open(self, _model_id: str, step: int | None = None) -> Explorable:
        self.opened.append(step)
        return self.models[max(self.models) if step is None else step]

    def moments(self, _model_id: str) -> list[int]:
        return list(self.models)


@pytest.fixture(scope="module")
def plain() -> OperationContext:
    return OperationContext(SmallShelf(small_model(small_config())))


@pytest.fixture(scope="module")
def conditional() -> OperationContext:
    return OperationContext(SmallShelf(small_model(small_config(conditional=True), channels=3)))


def asked(**more: Any) -> dict[str, Any]:
    return {"model": "m", "look": {"where": {"seed": 1}}, **more}


def floats(blob: bytes) -> np.ndarray:
    return np.frombuffer(blob, "<f4")


def test_layers_are_named_in_the_order_in_which_they_run(plain: OperationContext) -> None:
    reply = inside_layers(plain, asked(), [])
    assert reply.header["layers"] == [
        {"name": "dense", "kind": "dense", "units": 16, "size": 7},
        {"name": "layers.2", "kind": "transposed convolution", "units": 8, "size": 14},
    ]
    assert (reply.header["judge"], reply.header["probability"]) == (True, True)


def test_maps_come_as_shares_of_their_own_peaks(plain: OperationContext) -> None:
    reply = inside_maps(plain, asked(layer="layers.2"), [])
    shares = np.frombuffer(reply.blobs[0], np.int8).reshape(8, 14, 14) / 127
    peaks = floats(reply.blobs[1])
    model = plain.model("m")
    wanted = feature_maps(model, resolve(model, check_look(model, asked()["look"])), "layers.2")
    np.testing.assert_allclose(shares * peaks[:, None, None], wanted, atol=float(peaks.max()) / 250)
    assert (reply.header["units"], reply.header["size"]) == (8, 14)


def test_maps_follow_what_is_changed_before_them(plain: OperationContext) -> None:
    look = {"where": {"seed": 1}, "units": [{"layer": "dense", "unit": i, "scale": 0} for i in range(16)]}
    before = floats(inside_maps(plain, asked(layer="dense"), []).blobs[1])
    after = floats(inside_maps(plain, asked(layer="dense", look=look), []).blobs[1])
    assert before.max() > 0
    assert (after == 0).all()
    for wrong in (None, 3, "nowhere"):
        with pytest.raises(ValueError, match="layer"):
            inside_maps(plain, asked(layer=wrong), [])


def test_effects_of_a_picture_are_measured_for_all_units(plain: OperationContext) -> None:
    told: list[float] = []
    context = OperationContext(plain.catalog, lambda fraction, *_: told.append(fraction))
    reply = inside_units(context, asked(of="picture"), [])
    assert reply.header == {
        "layers": [{"name": "dense", "units": 16}, {"name": "layers.2", "units": 8}],
        "measures": ["change", "score"], "pictures": 1,
    }  # fmt: skip
    change = floats(reply.blobs[0])
    assert change.shape == floats(reply.blobs[1]).shape == (24,)
    model, unit = plain.model("m"), int(change[16:].argmax())
    off = {"where": {"seed": 1}, "units": [{"layer": "layers.2", "unit": unit, "scale": 0}]}
    was, now = (render(model, [check_look(model, seen)])[0].astype(float) for seen in (asked()["look"], off))
    assert change[16 + unit] == pytest.approx(np.abs(now - was).mean() / 255, abs=1 / 255)
    assert told[-1] == 1.0


def test_a_class_is_compared_with_the_others(conditional: OperationContext) -> None:
    reply = inside_units(conditional, asked(of="many", look={"where": {"seed": 1}, "class": [2]}, pictures=3), [])
    assert reply.header["measures"] == ["change", "score", "for_class", "elsewhere"]
    assert reply.header["pictures"] == 3
    change, elsewhere = floats(reply.blobs[0]), floats(reply.blobs[3])
    assert change.max() > 0
    assert (change != elsewhere).any()


def test_a_search_ends_when_nobody_waits(plain: OperationContext) -> None:
    def gone(*_: Any) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        inside_units(OperationContext(plain.catalog, gone), asked(of="many"), [])
    with pytest.raises(ValueError, match='"of" must be'):
        inside_units(plain, asked(of="everything"), [])


def test_evidence_adds_up(conditional: OperationContext) -> None:
    reply = inside_evidence(conditional, asked(look={"where": {"seed": 4}, "class": [0, 1, 0.5]}), [])
    header, shares = reply.header, floats(reply.blobs[0])
    assert shares.shape == (28 * 28,)
    total = header["score"] - header["blank_score"]
    assert float(shares.sum()) + header["gap"] == pytest.approx(total, abs=1e-4)
    assert header["method"] == "integrated"
    with pytest.raises(ValueError, match="method"):
        inside_evidence(conditional, asked(method="tea leaves"), [])


def test_what_is_missing_is_said() -> None:
    model = replace(small_model(small_config()), discriminator=None)
    context = OperationContext(SmallShelf(model))
    assert inside_layers(context, asked(), []).header["judge"] is False
    assert inside_units(context, asked(of="picture"), []).header["measures"] == ["change"]
    with pytest.raises(ValueError, match="nobody to judge"):
        inside_evidence(context, asked(), [])
    config = replace(small_config(), generator=MlpGenerator(hidden=""))
    flat = OperationContext(SmallShelf(small_model(config)))
    assert inside_layers(flat, asked(), []).header["layers"] == []
    with pytest.raises(ValueError, match="no hidden layer"):
        inside_units(flat, asked(of="picture"), [])


def test_a_path_over_time_comes_moment_by_moment() -> None:
    model = small_model(small_config())
    models = []
    for step in range(10, 130, 10):
        torch.manual_seed(step)
        models.append(replace(model, generator=model.config.generator.build(model.shape, model.dim, 0), step=step))
    shelf, told = SmallShelf(*models), list[tuple[dict[str, Any], list[bytes]]]()
    context = OperationContext(
        shelf, lambda _f, _w, extra, blobs: told.append((dict(extra), list(blobs))) if blobs else None
    )
    keys = [{"where": {"seed": seed}, "seconds": 1.0} for seed in (1, 2)]
    look = {"where": {"path": {"keys": keys}, "at": 0}}
    reply = overtime(context, asked(look=look, frames=5), [])
    assert reply.header == {"steps": spread(range(10, 130, 10), 8), "known": 12, "frames": 5}
    assert [extra["of_step"] for extra, _ in told] == reply.header["steps"]
    for extra, (atlas,) in told:
        assert (extra["columns"], extra["rows"], extra["size"]) == (8, 1, 28)
        first = np.frombuffer(atlas, np.uint8).reshape(28, 8, 28, 4)[:, 0, :, :1]
        (wanted,) = render(shelf.models[extra["of_step"]], [check_look(model, {"where": {"seed": 1}})])
        np.testing.assert_allclose(first.astype(int), wanted.astype(int), atol=1)
    with pytest.raises(ValueError, match="at one moment only"):
        overtime(OperationContext(SmallShelf(model)), asked(look=look), [])
