"""The step of two plain dense networks as compiled code of our own, with its backward written out.

A small network's step is a hundred operations of a few microseconds each, of which most is the way to them. One
function in C++ for just these sizes (`compiled.cpp`) has no way. It computes what `dense` does, which works out the
steps that it does not hold; last bits differ.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import platform
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gan_core.nets.base import ImageShape
from gan_core.nets.mlp import MlpDiscriminator, MlpGenerator, hidden_units
from gan_core.objectives.base import Penalty
from gan_core.training.backends import dense
from gan_core.training.backends.base import Backend
from gan_core.training.backends.loss_source import SOURCES, LossSource
from gan_core.training.build import draw_latents
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.optimizers import Adam, AdamW, Optimizer, OptimizerState

if TYPE_CHECKING:
    from gan_core.training.trainer import Trainer

SOURCE = Path(__file__).with_suffix(".cpp")
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared")
MOST_WEIGHTS = 300_000
"""Of both networks. Larger ones spend their time on arithmetic, at which torch's own products are as good."""


@dataclass(frozen=True)
class CompiledStepSpec:
    """What the compiled code depends on: nothing that can change while a run trains.

    sizes: of a network's layers, from its input to its output; activations by name; image: numbers of one.
    """

    loss: LossSource
    relativistic: bool
    g_activation: str
    d_activation: str
    g_sizes: tuple[int, ...]
    d_sizes: tuple[int, ...]
    batch_size: int
    image: int
    tanh_at_end: bool
    pack: int

    @functools.cached_property
    def key(self) -> str:
        """A name for the library: 32 hexadecimal digits; another with other code or another kind of processor."""
        return hashlib.sha256("\n".join((self.source(), *FLAGS, _processor())).encode()).hexdigest()[:32]

    def source(self) -> str:
        """The whole C++."""
        told = {
            "BATCH_SIZE": self.batch_size, "PACK_SIZE": self.pack, "IMAGE_SIZE": self.image,
            "RELATIVISTIC": int(self.relativistic), "G_TANH_AT_END": int(self.tanh_at_end),
            "D_LOSS": self.loss.d, "D_REAL_SLOPE": self.loss.d_real, "D_FAKE_SLOPE": self.loss.d_fake,
            "G_LOSS": self.loss.g, "G_FAKE_SLOPE": self.loss.g_fake,
            "G_SIZES": ", ".join(map(str, self.g_sizes)), "G_BEND": self.g_activation.upper(),
            "D_SIZES": ", ".join(map(str, self.d_sizes)), "D_BEND": self.d_activation.upper(),
        }  # fmt: skip
        return "".join(f"#define {name} {value}\n" for name, value in told.items()) + SOURCE.read_text("utf-8")


@functools.cache
def _processor() -> str:
    """What it understands; a library for another one would be the end of the process."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    told = next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())
    return f"{platform.machine()} {told}"


def unsupported(config: RunConfig, shape: ImageShape, device: torch.device) -> str | None:
    """Why the step of this configuration cannot be compiled code, or would not gain by it; None where it does."""
    if reason := dense.unsupported(config, device):
        return reason.replace("written-out", "compiled")
    if not all(isinstance(one, Adam | AdamW) for one in (config.g_optimizer, config.d_optimizer)):
        return "The compiled step moves weights by Adam or AdamW alone."
    if type(config.loss) not in SOURCES:
        return "The compiled step does not know this loss."
    if type(config.penalty).after_update is not Penalty.after_update:
        return "The compiled step does not clip weights."
    if config.k_d != 1:
        return "The compiled step has one update of the discriminator."
    spec = spec_of(config, shape)
    if _weights(spec.g_sizes) + _weights(spec.d_sizes) > MOST_WEIGHTS:
        return f"Networks of more than {MOST_WEIGHTS:,} weights gain nothing by a compiled step."
    return None


def spec_of(config: RunConfig, shape: ImageShape) -> CompiledStepSpec:
    """For a configuration that `unsupported` has nothing against."""
    g, d = config.generator, config.discriminator
    assert isinstance(g, MlpGenerator)
    assert isinstance(d, MlpDiscriminator)
    image = shape.channels * shape.size**2
    return CompiledStepSpec(
        SOURCES[type(config.loss)], config.loss.relativistic, g.activation, d.activation,
        (config.latent.dim, *hidden_units(g.hidden, "generator.hidden"), image),
        (image * config.pack, *hidden_units(d.hidden, "discriminator.hidden"), 1),
        config.batch_size, image, not shape.is_points, config.pack,
    )  # fmt: skip


def _weights(sizes: tuple[int, ...]) -> int:
    return sum((into + 1) * out for into, out in pairwise(sizes))


def compile_command(compiler: str, to: Path) -> list[str]:
    """What reads a specification's source and writes the library."""
    return [compiler, *FLAGS, "-x", "c++", "-", "-o", str(to)]


@dataclass(frozen=True)
class StepBuffers:
    """What a library moves in place, in its order: weights, what both optimizers remember, G's averaged weights."""

    g_weights: list[Tensor]
    d_weights: list[Tensor]
    g_moments: OptimizerState
    d_moments: OptimizerState
    averages: list[Tensor]

    def tensors(self) -> list[Tensor]:
        moments = []
        for kept in (self.g_moments, self.d_moments):
            moments += [kept.count, *kept.kept["mean"], *kept.kept["square"]]
        return [*self.g_weights, *self.d_weights, *moments, *self.averages]


@dataclass(frozen=True)
class StepResults:
    """So many steps: losses of D and G and norms of both gradients [4 each], logits of D's update [N / pack] each.

    From the first step on at which something is not finite there are no more; what it should have moved it did not.
    """

    scalars: list[list[float]]
    real_logits: list[Tensor]
    fake_logits: list[Tensor]

    def __len__(self) -> int:
        return len(self.scalars)


def live_settings(config: RunConfig) -> Tensor:
    """What comes in at every call, [7]: label smoothing, then beta1, beta2 and weight decay of G and of D."""
    found = [float(getattr(config.loss, "label_smoothing", 0.0))]
    for optimizer in (config.g_optimizer, config.d_optimizer):
        found += _adam(optimizer)
    return torch.tensor(found, dtype=torch.float32)


def _adam(optimizer: Optimizer) -> tuple[float, float, float]:
    assert isinstance(optimizer, Adam | AdamW)
    return optimizer.beta1, optimizer.beta2, float(getattr(optimizer, "weight_decay", 0.0))


class CompiledStep:
    """Compiled steps, for one trainer: it holds their working memory. Raises OSError where the file is no library."""

    def __init__(self, path: Path, of: CompiledStepSpec) -> None:
        self._logits = of.batch_size // of.pack
        try:
            code = ctypes.CDLL(str(path.resolve()))
            self._steps, working_floats = code.steps, code.working_floats
        except AttributeError as error:
            raise OSError(str(error)) from error
        self._steps.restype = working_floats.restype = ctypes.c_int64
        self._work = torch.empty(working_floats())

    def __call__(
        self, real: Tensor, z: Tensor, rates: Tensor, settings: Tensor, moving: list[Tensor]
    ) -> StepResults:  # fmt: skip
        """real [K, N, C, H, W], z [K, N, latent_dim]; rates [K, 3]: learning rates of G and D, and how much of the
        averaged weights is kept (negative: there is no average); settings: `live_settings`; contiguous float32."""
        found = torch.empty(len(real), 4 + 2 * self._logits)
        pointers = (ctypes.c_void_p * len(moving))(*(tensor.data_ptr() for tensor in moving))
        given = [ctypes.c_void_p(tensor.data_ptr()) for tensor in (real, z, rates, settings)]
        left = [ctypes.c_void_p(tensor.data_ptr()) for tensor in (found, self._work)]
        count = self._steps(ctypes.c_int64(len(real)), *given, pointers, *left)  # other threads go on meanwhile
        scalars, logits = found[:count, :4], found[:count, 4:]
        real_logits, fake_logits = logits[:, : self._logits], logits[:, self._logits :]
        return StepResults(scalars.tolist(), list(real_logits.unbind()), list(fake_logits.unbind()))


class Compiled:
    """The backend: as many steps at a call as may be; those with a penalty or noise on D's input are `dense`'s."""

    name = "compiled"

    def __init__(self, dense_steps: Backend, library: CompiledStep) -> None:
        self.generator, self.discriminator = dense_steps.generator, dense_steps.discriminator
        self.parts, self._library = dense_steps.parts, library

    def run(self, trainer: Trainer, most: int) -> int:
        if not (count := steps_ahead(trainer, most)):
            trainer.step_in_parts()
            return 1
        return self._take(trainer, count)

    def _take(self, trainer: Trainer, count: int) -> int:
        before = trainer.batches.state(), trainer.latents_rng.get_state()
        moving = StepBuffers(
            list(trainer.g_weights), list(trainer.d_weights), trainer.g_moments, trainer.d_moments,
            trainer.average.weights,
        )  # fmt: skip
        taken = self._library(*_draw(trainer, count), live_settings(trainer.config), moving.tensors())
        if len(taken) < count:  # as if no more had been asked for
            trainer.batches.load_state(before[0])
            trainer.latents_rng.set_state(before[1])
            _draw(trainer, len(taken))
        trainer.step_count += len(taken)
        trainer.images += len(taken) * trainer.config.batch_size
        trainer.window.add(taken.scalars, taken.real_logits, taken.fake_logits)
        for player, (loss, norm) in enumerate((taken.scalars[-1][::2], taken.scalars[-1][1::2])):
            if not trainer.guard.allows(trainer.step_count, player, loss, norm, on_device=True):
                break
        return len(taken)


def steps_ahead(trainer: Trainer, most: int) -> int:
    """How many of the next steps, up to `most`, a library holds: those without penalty, noise and the run's end."""
    config = trainer.config
    if config.k_d != 1 or trainer.instance_noise_sigma() > 0:
        return 0
    if config.penalty.active:
        most = min(most, -trainer.step_count % config.penalty.interval)  # it comes before the step at each multiple
    return max(0, min(most, -(-(config.total_images - trainer.images) // config.batch_size)))


def _draw(trainer: Trainer, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """What comes into so many compiled steps: real images, latents and rates, [count, ...] each."""
    config = trainer.config
    rows = torch.stack([trainer.batches.next_rows() for _ in range(count)])
    z = torch.stack([draw_latents(config.latent, config.batch_size, trainer.latents_rng) for _ in range(count)])
    rates = [_rates_after(trainer, trainer.images + i * config.batch_size) for i in range(count)]
    return trainer.batches.images_of(rows), z, torch.tensor(rates)


def _rates_after(trainer: Trainer, images: int) -> tuple[float, float, float]:
    """For the step that comes after so many images: both learning rates, and how much of the average is kept."""
    keeps = trainer.average_keeps(images + trainer.config.batch_size)
    return *trainer.learning_rates(images), -1.0 if keeps is None else keeps
