"""The event file, read back by TensorBoard's own reader."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.metadata import parse_session_start_info_plugin_data
from tensorboard.util.tensor_util import make_ndarray

from gan_core.export.tensorboard import Logged, tag_of, write_tensorboard
from gan_core.runs.storage.schema import COLUMNS

CREATED = 1_700_000_000.0


def read(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    found.Reload()
    return found


def records(**columns: list[float]) -> dict[str, np.ndarray]:
    return {name: np.array(values, np.float64) for name, values in columns.items()}


def png(mode: str, size: tuple[int, int], shade: int) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, shade if mode == "L" else (shade, 0, 0)).save(out, "PNG")
    return out.getvalue()


@settings(max_examples=20)
@given(losses=st.lists(st.floats(width=32, allow_infinity=False), min_size=1, max_size=12))
def test_every_value_stands_at_its_step_and_time_and_nan_is_left_out(
    tmp_path_factory: pytest.TempPathFactory, losses: list[float]
) -> None:
    folder, steps = tmp_path_factory.mktemp("logs"), [float(7 * i) for i in range(len(losses))]
    rows = records(step=steps, elapsed_seconds=[0.5 * s for s in steps], d_loss=losses, mmd=[math.nan] * len(losses))
    write_tensorboard(folder, Logged("a", CREATED, rows))
    known = read(folder)
    wanted = [(int(s), y, CREATED + 0.5 * s) for s, y in zip(steps, losses, strict=True) if not math.isnan(y)]
    tags = known.Tags()["scalars"]
    found = known.Scalars("loss/d_loss") if wanted else []
    assert [(e.step, e.value, e.wall_time) for e in found] == wanted
    assert "quality/mmd" not in tags
    assert len(known.Scalars("progress/elapsed_seconds")) == len(losses)


def test_every_column_of_a_run_has_a_heading_of_its_own() -> None:
    tags = [tag_of(name) for name in COLUMNS if name != "step"]
    assert len(set(tags)) == len(tags)
    assert tag_of("g_loss") == "loss/g_loss"
    assert tag_of("sliced_wasserstein") == "quality/sliced_wasserstein"


def test_pictures_come_back_to_the_byte(tmp_path: Path) -> None:
    grey, colour = png("L", (24, 16), 90), png("RGB", (8, 8), 200)
    rows = records(step=[10.0, 20.0], elapsed_seconds=[1.0, 4.0])
    write_tensorboard(tmp_path, Logged("a", CREATED, rows, pictures=[(10, grey), (25, colour)]))
    found = read(tmp_path).Images("samples")
    assert [(e.step, e.encoded_image_string, e.width, e.height) for e in found] == [
        (10, grey, 24, 16), (25, colour, 8, 8),
    ]  # fmt: skip
    assert [e.wall_time for e in found] == [CREATED + 1.0, CREATED + 4.0]


def test_settings_changes_and_evaluations_are_told(tmp_path: Path) -> None:
    given_settings = {"seed": 3, "d_optimizer.lr": 2e-4, "loss": "hinge", "conditional": True}
    rows = records(step=[1.0], elapsed_seconds=[0.1], g_loss=[0.7], d_loss=[0.6], mmd=[0.02])
    run = Logged(
        "a", CREATED, rows, given_settings,
        evaluations=[(40, 9.0, "Fashion-MNIST classifier features 1000 samples", {"fid": 31.5, "kid": math.nan})],
        changes=[(30, 8.0, "d_optimizer.lr: 0.0002 -> 0.0001")],
    )  # fmt: skip
    write_tensorboard(tmp_path, run)
    known = read(tmp_path)
    data = known.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    told = parse_session_start_info_plugin_data(data).hparams
    assert {name: value.number_value for name, value in told.items() if value.HasField("number_value")} == {
        "seed": 3.0, "d_optimizer.lr": 2e-4,
    }  # fmt: skip
    assert told["loss"].string_value == "hinge"
    assert told["conditional"].bool_value is True
    (change,) = known.Tensors("changes/text_summary")
    assert (change.step, make_ndarray(change.tensor_proto)[0]) == (30, b"d_optimizer.lr: 0.0002 -> 0.0001")
    (page,) = known.Tensors("settings/text_summary")
    assert b"| d_optimizer.lr | 0.0002 |" in make_ndarray(page.tensor_proto)[0]
    tag = "quality/fid/fashion-mnist_classifier_features_1000_samples"
    assert [(e.step, e.value) for e in known.Scalars(tag)] == [(40, 31.5)]
    assert not any("kid" in tag for tag in known.Tags()["scalars"])


def test_writing_again_replaces_and_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    rows = records(step=[1.0, 2.0], elapsed_seconds=[0.1, 0.2], d_loss=[1.0, 2.0])
    first = write_tensorboard(tmp_path, Logged("a", CREATED, rows))
    assert write_tensorboard(tmp_path, Logged("a", CREATED, rows)) == first
    assert [e.value for e in read(tmp_path).Scalars("loss/d_loss")] == [1.0, 2.0]
    before = first.read_bytes()
    with pytest.raises(OSError, match="identify"):
        write_tensorboard(tmp_path, Logged("a", CREATED, rows, pictures=[(1, b"this is no picture")]))
    assert [path.name for path in tmp_path.iterdir()] == [first.name]
    assert first.read_bytes() == before
