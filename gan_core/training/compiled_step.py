"""The step of two plain dense networks as compiled code of our own, with its backward written out.

A small network's step is a hundred operations of a few microseconds each, of which most is the way to them. One
function in C++ for just these sizes (`compiled_step.cpp`) has no way. That wants a compiler and some seconds, so a
run starts with `dense_step` and is handed the library when it is there. It computes the same; last bits differ.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import platform
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gan_core.nets.mlp import MlpDiscriminator, MlpGenerator
from gan_core.objectives.base import PairLoss, Penalty
from gan_core.training.optimizers import Adam, AdamW, OptimizerState
from gan_core.training.run_config import RunConfig

SOURCE = Path(__file__).with_suffix(".cpp")
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared")
MOST_WEIGHTS = 300_000
"""Of both networks. Larger ones spend their time on arithmetic, at which torch's own products are as good."""


@dataclass(frozen=True)
class CompiledStepSpec:
    """What the compiled code depends on. Everything else, the learning rates too, comes in at every step.

    sizes: of a network's layers, from its input to its output; activations by name; image: numbers of one.
    """

    loss: PairLoss
    relativistic: bool
    g_optimizer: Adam | AdamW
    d_optimizer: Adam | AdamW
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
        }  # fmt: skip
        for player, sizes, activation, optimizer in (
            ("G", self.g_sizes, self.g_activation, self.g_optimizer),
            ("D", self.d_sizes, self.d_activation, self.d_optimizer),
        ):
            told[f"{player}_SIZES"] = ", ".join(map(str, sizes))
            told[f"{player}_BEND"] = activation.upper()
            decay = float(getattr(optimizer, "weight_decay", 0.0))
            for name, value in (("BETA1", optimizer.beta1), ("BETA2", optimizer.beta2), ("DECAY", decay)):
                told[f"{player}_{name}"] = f"{float(value)!r}f"
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


def can_compile(config: RunConfig, weights: int) -> bool:
    """Whether the whole step of networks that `dense_step` serves can be one function, and gains by it.

    weights: of both networks together.
    """
    moved_alike = all(isinstance(one, Adam | AdamW) for one in (config.g_optimizer, config.d_optimizer))
    clips = type(config.penalty).after_update is not Penalty.after_update
    known = config.loss.pairwise() is not None
    return moved_alike and known and not clips and weights <= MOST_WEIGHTS and config.k_d == 1


def recipe(
    config: RunConfig, g_weights: list[Tensor], d_weights: list[Tensor], image: tuple[int, ...]
) -> CompiledStepSpec | None:
    """For networks that `dense_step` serves; None where not `can_compile`.

    Weights [out, in] and biases [out] in turn; image: [C, H, W].
    """
    g, d, loss = config.generator, config.discriminator, config.loss.pairwise()
    assert isinstance(g, MlpGenerator)
    assert isinstance(d, MlpDiscriminator)
    g_optimizer, d_optimizer = config.g_optimizer, config.d_optimizer
    if not can_compile(config, sum(weight.numel() for weight in (*g_weights, *d_weights))):
        return None
    assert loss is not None
    assert isinstance(g_optimizer, Adam | AdamW)
    assert isinstance(d_optimizer, Adam | AdamW)
    return CompiledStepSpec(
        loss, config.loss.relativistic, g_optimizer, d_optimizer, g.activation, d.activation, _sizes(g_weights),
        _sizes(d_weights), config.batch_size, image[0] * image[1] * image[2], image[1] > 1, config.pack,
    )  # fmt: skip


def _sizes(weights: list[Tensor]) -> tuple[int, ...]:
    return (weights[0].shape[1], *(weight.shape[0] for weight in weights[::2]))


def compile_command(compiler: str, to: Path) -> list[str]:
    """What reads a recipe's source and writes the library."""
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

    def __call__(self, real: Tensor, z: Tensor, rates: Tensor, moving: list[Tensor]) -> StepResults:
        """real [K, N, C, H, W], z [K, N, latent_dim]; rates [K, 3]: learning rates of G and D, and how much of the
        averaged weights is kept (negative: there is no average); all contiguous float32."""
        found = torch.empty(len(real), 4 + 2 * self._logits)
        pointers = (ctypes.c_void_p * len(moving))(*(tensor.data_ptr() for tensor in moving))
        given = [ctypes.c_void_p(tensor.data_ptr()) for tensor in (real, z, rates)]
        left = [ctypes.c_void_p(tensor.data_ptr()) for tensor in (found, self._work)]
        count = self._steps(ctypes.c_int64(len(real)), *given, pointers, *left)  # other threads go on meanwhile
        scalars, logits = found[:count, :4], found[:count, 4:]
        real_logits, fake_logits = logits[:, : self._logits], logits[:, self._logits :]
        return StepResults(scalars.tolist(), list(real_logits.unbind()), list(fake_logits.unbind()))
