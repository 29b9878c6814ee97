"""The compiled step against the step that it stands for, and its own functions against torch's."""

from __future__ import annotations

import ctypes
import functools
import itertools
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_core.nets.layers import ACTIVATIONS
from gan_core.objectives import losses
from gan_core.training import RunConfig, Trainer
from gan_core.training.backends import choose, unsupported
from gan_core.training.backends.compiled import CompiledStep, CompiledStepSpec, StepResults, compile_command
from gan_core.training.backends.compiler import find_compiler
from gan_core.training.backends.loss_source import SOURCES
from tests.training.made_data import random_data_like

from .test_dense_step import CPU, SMALL, assert_alike, changed

COMPILER = find_compiler()
pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler on this machine")


@functools.cache
def folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


@functools.cache
def library(spec: CompiledStepSpec) -> Path:
    assert COMPILER is not None
    path = Path(folder().name) / f"{spec.key}.so"
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-Wno-unneeded-internal-declaration"]
    command = [*compile_command(COMPILER, path), *warnings]
    subprocess.run(command, input=spec.source().encode(), check=True)
    return path


def spec_of(trainer: Trainer) -> CompiledStepSpec:
    found = trainer.compiled_spec()
    assert found is not None
    return found


class Counted(CompiledStep):
    """Remembers how many steps were taken at each call."""

    def __init__(self, path: Path, of: CompiledStepSpec) -> None:
        super().__init__(path, of)
        self.calls: list[int] = []

    def __call__(
        self, real: Tensor, z: Tensor, rates: Tensor, settings: Tensor, moving: list[Tensor]
    ) -> StepResults:  # fmt: skip
        taken = super().__call__(real, z, rates, settings, moving)
        self.calls.append(len(taken))
        return taken


def give(trainer: Trainer) -> list[int]:
    """Hand it its library; the list grows with every call."""
    spec = spec_of(trainer)
    counted = Counted(library(spec), spec)
    trainer.use_library(counted)
    return counted.calls


def pair(config: RunConfig, place: Path) -> tuple[Trainer, Trainer]:
    """The same run twice: the first with its library."""
    data = random_data_like(config, place, count=300)
    ours, plain = Trainer(config, data, CPU), Trainer(config, data, CPU)
    give(ours)
    return ours, plain


@pytest.mark.parametrize(
    "changes",
    [
        *(  # every loss and every activation, each compiled once
            {"loss": loss, "generator__activation": bend, "discriminator__activation": bend}
            for loss, bend in zip(losses.names(), itertools.cycle(ACTIVATIONS), strict=False)
        ),
        {"loss__label_smoothing": 0.2, "generator__hidden": "", "discriminator__hidden": ""},
        {"pack": 4},
        {"penalty": "r1", "penalty__interval": 3},
        {"g_optimizer": "adamw", "d_optimizer": "adamw", "d_optimizer__weight_decay": 0.3},
        {"g_optimizer__lr": 0.003, "d_optimizer__beta1": 0.0, "schedule": "linear", "schedule__warm_up_images": 1000},
        {"instance_noise__sigma": 0.3, "instance_noise__decay_images": 1000},
        {"latent__dim": 1, "latent__distribution": "uniform"},
        {"data": "shapes", "size": 28},
    ],
    ids=str,
)
def test_it_is_the_step_that_it_stands_for(changes: dict[str, Any], tmp_path: Path) -> None:
    """Weights, moments, averages, curves and random streams after eight steps."""
    ours, plain = pair(changed(SMALL, **changes), tmp_path)
    for _ in range(8):
        ours.step()
        plain.step()
    # Slopes of these losses cancel in D's last bias but for rounding, of which Adam makes whole steps.
    cancels = changes.get("loss") in ("wasserstein", "hinge", "relativistic")
    assert_alike(ours, plain, rtol=2e-3, atol=8 * ours.config.d_optimizer.lr if cancels else 1e-4)


def test_what_is_compiled_stands_for_most_steps(tmp_path: Path) -> None:
    """Not for those with a penalty, those of one player alone, or while there is noise on D's input."""
    config = changed(SMALL, penalty="r1", penalty__interval=3, instance_noise__sigma=0.3)
    config = changed(config, instance_noise__decay_images=1_000)
    trainer = Trainer(config, random_data_like(config, tmp_path, count=300), CPU)
    calls = give(trainer)
    taken = []
    while trainer.images < 2_000:
        before = len(calls)
        trainer.step()
        taken.append(len(calls) > before)
    assert taken == [images >= 1_000 and i % 3 != 0 for i, images in enumerate(range(0, 32 * len(taken), 32))]
    assert trainer.step_count == len(taken)
    calls.clear()
    trainer.step("discriminator")
    trainer.step("generator")
    assert calls == []
    while trainer.step_count % 3:
        trainer.advance(1)
    calls.clear()
    for _ in range(4):
        trainer.advance(5)  # alternately one with the penalty, and the two up to the next
    assert calls == [2, 2]


@pytest.mark.parametrize("half_life_images", [0, 500])
def test_many_at_once_are_as_many_alone_to_the_last_bit(half_life_images: int, tmp_path: Path) -> None:
    """Also over the end of an epoch, and to the end of the run, which lies within a batch."""
    config = changed(
        SMALL, schedule="linear", schedule__warm_up_images=1000, ema__half_life_images=half_life_images,
        ema__ramp_up=0.05, total_images=32 * 40 - 7,
    )  # fmt: skip
    ours, alone = pair(config, tmp_path)
    calls = give(ours)
    give(alone)
    while not ours.finished:
        ours.advance(7)
    while not alone.finished:
        alone.step()
    assert calls == [7, 7, 7, 7, 7, 5]
    assert (ours.step_count, ours.images) == (40, 32 * 40) == (alone.step_count, alone.images)
    left, right = ours.state(), alone.state()
    assert left["batches"].pop("content") == right["batches"].pop("content")
    torch.testing.assert_close(left, right, rtol=0, atol=0)
    assert ours.point() == pytest.approx(alone.point(), abs=0, nan_ok=True)


@pytest.mark.parametrize("bad", ["generator", "discriminator"])
@pytest.mark.parametrize("at_once", [1, 6])
def test_nothing_moves_from_the_first_bad_number_on(bad: str, at_once: int, tmp_path: Path) -> None:
    ours, _ = pair(SMALL, tmp_path)
    ours.step()
    with torch.no_grad():
        (ours.g_weights if bad == "generator" else ours.d_weights)[1][3] = float("nan")
    before = [w.clone() for w in (*ours.g_weights, *ours.d_weights)]
    ours.advance(at_once)
    trouble = ours.trouble
    assert trouble is not None
    assert (trouble.step, trouble.player, trouble.quantity) == (2, "discriminator", "loss")
    torch.testing.assert_close([*ours.g_weights, *ours.d_weights], before, rtol=0, atol=0, equal_nan=True)


def test_steps_after_the_bad_one_have_drawn_nothing(tmp_path: Path) -> None:
    """The third batch has an image that is not a number."""
    ours, plain = pair(SMALL, tmp_path)
    peek = Trainer(SMALL, random_data_like(SMALL, tmp_path, count=300), CPU).batches
    third = [peek.next_rows() for _ in range(3)][2]
    ours.batches.images[third[5]] = float("nan")  # of both: the images are the same
    ours.advance(8)
    assert ours.trouble is not None
    assert (ours.trouble.step, ours.step_count) == (3, 3)
    for _ in range(3):
        plain.step()
    assert ours.images == plain.images
    assert torch.equal(ours.state()["latents_rng"], plain.state()["latents_rng"])
    assert ours.batches.next_rows().tolist() == plain.batches.next_rows().tolist()


def test_what_changes_while_it_trains_comes_in_at_every_call(tmp_path: Path) -> None:
    """Label smoothing, betas and rates; while D moves twice a step the steps are not compiled, and then they are."""
    ours, plain = pair(SMALL, tmp_path)
    calls = give(ours)
    changes = (("loss.label_smoothing", 0.2), ("g_optimizer.beta1", 0.5), ("d_optimizer.beta2", 0.9), ("k_d", 2),
               ("k_d", 1))  # fmt: skip
    for path, value in changes:
        for trainer in (ours, plain):
            trainer.change(path, value)
            trainer.step()
            trainer.step()
    assert len(calls) == 2 * len(changes) - 2
    assert ours.backend.name == "compiled"
    assert_alike(ours, plain, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {"k_d": 2},
        {"g_optimizer": "sgd"},
        {"penalty": "weight-clipping"},
        {"augmentation": "diffaugment"},
        {"generator__hidden": "600,600"},
    ],
)
def test_what_cannot_be_one_function_says_why(changes: dict[str, Any], tmp_path: Path) -> None:
    config = changed(SMALL, **changes)
    trainer = Trainer(config, random_data_like(config, tmp_path, count=300), CPU)
    assert (unsupported("compiled", config, trainer.shape, CPU) or "").endswith(".")


def test_each_specification_has_a_name_of_its_own(tmp_path: Path) -> None:
    def key(**changes: Any) -> str:
        config = changed(SMALL, **changes)
        return spec_of(Trainer(config, random_data_like(config, tmp_path, count=300), CPU)).key

    others = [
        {"batch_size": 16}, {"pack": 2}, {"loss": "hinge"},
        {"generator__hidden": "24,17"},
        {"discriminator__activation": "tanh"}, {"latent__dim": 3},
    ]  # fmt: skip
    assert len({key(), *(key(**other) for other in others)}) == 1 + len(others)
    assert key(g_optimizer__lr=0.1, seed=7, ema__half_life_images=7) == key()
    assert key(d_optimizer__beta1=0.1, loss__label_smoothing=0.1) == key()


def test_a_loss_without_expressions_is_the_written_out_steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shape = Trainer(SMALL, random_data_like(SMALL, tmp_path, count=300), CPU).shape
    assert choose(SMALL, shape, CPU, lambda spec: "") == ("compiled", "")
    monkeypatch.delitem(SOURCES, type(SMALL.loss))
    assert choose(SMALL, shape, CPU, lambda spec: "") == ("dense", "")
    asked = choose(changed(SMALL, backend="compiled"), shape, CPU, lambda spec: "")
    assert asked == ("dense", "The compiled step does not know this loss.")


def test_what_is_no_library_is_refused(tmp_path: Path) -> None:
    trainer = Trainer(SMALL, random_data_like(SMALL, tmp_path, count=300), CPU)
    (tmp_path / "bad.so").write_bytes(b"nothing of the kind")
    with pytest.raises(OSError, match="bad.so"):
        CompiledStep(tmp_path / "bad.so", spec_of(trainer))


EDGES = [-1e30, -100.0, -88.5, -30.0, -3.0, -0.7, -0.625, -1e-3, -1e-30, 0.0, 1e-20, 0.3, 0.624, 1.0, 9.0, 40.0, 1e30]


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "exponential": lambda x: x.clamp(-87, 88).exp(),
    "sigmoid": torch.sigmoid,
    "softplus": torch.nn.functional.softplus,
    "hyperbolic": torch.tanh,
    "normal_below": torch.special.ndtr,
}


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """Each of them, called apply_NAME, on as many numbers."""
    assert COMPILER is not None
    place = tmp_path_factory.mktemp("functions")
    trainer = Trainer(SMALL, random_data_like(SMALL, place, count=300), CPU)
    calls = "".join(
        f'extern "C" void apply_{name}(int64_t count, const float* from, float* to) '
        f"{{ for (int64_t i = 0; i < count; i += WIDTH) store(to + i, {name}(load(from + i))); }}\n"
        for name in FUNCTIONS
    )
    command = compile_command(COMPILER, place / "functions.so")
    subprocess.run(command, input=(spec_of(trainer).source() + calls).encode(), check=True)
    return ctypes.CDLL(str(place / "functions.so"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_whole_vectors(name: str, functions: ctypes.CDLL) -> None:
    """Against torch in float64, over a range and at the edges."""
    x = torch.cat((torch.linspace(-20, 20, 4_000), torch.tensor(EDGES)))
    x = torch.nn.functional.pad(x, (0, -len(x) % 16))
    found = torch.empty_like(x)
    apply = getattr(functions, f"apply_{name}")
    apply(ctypes.c_int64(len(x)), ctypes.c_void_p(x.data_ptr()), ctypes.c_void_p(found.data_ptr()))
    torch.testing.assert_close(found.double(), FUNCTIONS[name](x.double()), rtol=1e-6, atol=3e-7)
