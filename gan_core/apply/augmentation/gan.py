"""The conditional GAN of one seed: set up for so many images, trained, stopped and gone on with, sampled."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from gan_core.apply.base import Cancelled, Workplace
from gan_core.config.codec import from_dict, to_dict
from gan_core.config.files import atomic_path, write_atomically
from gan_core.data.base import Dataset, ImageSet
from gan_core.nets.base import GeneratorNet, ImageShape
from gan_core.objectives import AdaptiveAugment, DiffAugment, NoAugmentation
from gan_core.objectives.base import Augmentation
from gan_core.training import PRESETS, RunConfig, Trainer
from gan_core.training.batches import to_pixels
from gan_core.training.build import draw_latents
from gan_core.training.configuration.run_config import Latent
from gan_core.training.precision import bfloat16_is_native
from gan_core.training.seeds import stream_generator

PRESET = "conditional-fashion"
DIFFAUGMENT_BELOW, ADA_BELOW = 2_000, 20_000  # training images in all
SAVE_SECONDS = 20.0  # so much is lost by a kill; a stop loses nothing
_BLOCK = 250

Tell = Callable[[float, str], None]

AUGMENTATIONS: dict[str, Callable[[], Augmentation]] = {
    "none": NoAugmentation, "diffaugment": DiffAugment, "ada": AdaptiveAugment,
}  # fmt: skip


def suggested_augmentation(count: int) -> str:
    """For a GAN on so many images: of few the discriminator learns every one by heart, of many nothing is needed.

    DiffAugment changes every image from the start (Zhao et al. 2020, arXiv:2006.10738), ADA as many as D's
    overfitting asks for (Karras et al. 2020, arXiv:2006.06676).
    """
    return "diffaugment" if count < DIFFAUGMENT_BELOW else "ada" if count < ADA_BELOW else "none"


def gan_config(data: Dataset, size: int, seed: int, images: int, augmentation: str) -> RunConfig:
    """The preset of clothes by class, on other data: images, how many real ones it is shown, repeats counted."""
    precision = "bfloat16" if bfloat16_is_native(torch.device("cpu")) else "float32"
    return replace(
        PRESETS[PRESET].config, data=data, size=size, seed=seed, total_images=images, conditional=True,
        augmentation=AUGMENTATIONS[augmentation](), precision=precision,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class ClassSampler:
    """A conditional generator, to be asked for images of a class.

    images: how many it was shown, repeats counted, in so many seconds. spread: times the latents it learned with.
    """

    net: GeneratorNet
    latent: Latent
    images: int = 0
    seconds: float = 0.0
    spread: float = 1.0

    @torch.inference_mode()
    def draw(self, label: int, count: int, rng: torch.Generator) -> Tensor:
        """uint8 [count, C, size, size] on the CPU."""
        blocks = []
        for start in range(0, count, _BLOCK):
            z = self.spread * draw_latents(self.latent, _BLOCK, rng)  # always as many: more begin with the same
            device = next(self.net.parameters()).device
            labels = torch.full((_BLOCK,), label, device=device)
            blocks.append(to_pixels(self.net(z.to(device), labels))[: count - start].cpu())
        return torch.cat(blocks)


def train_gan(
    place: Workplace, config: RunConfig, real: ImageSet, name: str, seconds: float, tell: Tell
) -> ClassSampler:  # fmt: skip
    """The generator after `config.total_images`, or after so many seconds (0: no limit), whichever comes first.

    real: nothing but what may be learned from. name: of this GAN among the parts: its exact state is kept there every
    SAVE_SECONDS and when it is stopped, and it goes on from there as if it had never stopped; its generator is kept
    there at the end, and then not trained again. Raises Cancelled; ValueError where its numbers break.
    """
    if (done := _finished(place.parts, name, config, real)) is not None:
        return done
    kept = GanState(place.parts, name)
    config = kept.config(config)
    trainer = Trainer(config, real, place.device)
    spent = kept.load(trainer)
    if not spent:  # what was read of a state that does not fit is in it now
        trainer = Trainer(config, real, place.device)
    _train(trainer, kept, spent, seconds, place, name, tell)
    _finish(place.parts, name, trainer, kept.seconds)
    kept.forget()
    return ClassSampler(trainer.sampler(), config.latent, trainer.images, kept.seconds)  # type: ignore[arg-type]


def _train(
    trainer: Trainer, kept: GanState, spent: float, seconds: float, place: Workplace, name: str, tell: Tell
) -> None:  # fmt: skip
    began = saved = place.clock()
    total = trainer.config.total_images
    while not trainer.finished:
        kept.seconds = spent + place.clock() - began
        if seconds and kept.seconds >= seconds:
            return
        done = max(trainer.images / total, kept.seconds / seconds if seconds else 0.0)
        try:
            tell(done, f"training {name}: {trainer.images:,} images seen")
        except Cancelled:
            kept.save(trainer)
            raise
        trainer.advance(1)
        if trainer.due.point:
            _record(trainer, place, name)
        if place.clock() - saved >= SAVE_SECONDS:
            kept.save(trainer)
            saved = place.clock()


def _record(trainer: Trainer, place: Workplace, name: str) -> None:
    point = trainer.point()
    if trainer.last_examined is not None:
        raise ValueError(
            f"{trainer.last_examined.sentence()} of {name}; try another seed, or fewer images for it to be shown."
        )
    place.record(name, {"step": trainer.step_count, "discriminator": point["d_loss"], "generator": point["g_loss"]})


class GanState:
    """The exact state of a GAN in training, among a job's parts: NAME.json says which file holds it."""

    def __init__(self, parts: Path, name: str) -> None:
        self._parts, self._index = parts, parts / f"{_plain(name)}.state.json"
        self._name = _plain(name)
        self.seconds = 0.0
        self._said: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            found = json.loads(self._index.read_text("utf-8"))
            self._said = found if isinstance(found, dict) else {}

    def config(self, fresh: RunConfig) -> RunConfig:
        """As it was begun, on whatever machine, else as it is begun now."""
        if "config" not in self._said:
            return fresh
        begun = from_dict(RunConfig, self._said["config"])
        return begun if replace(begun, precision=fresh.precision) == fresh else fresh

    def load(self, trainer: Trainer) -> float:
        """Go on from what was kept, where it is whole and fits; the seconds it had been trained for, else 0."""
        try:
            data = (self._parts / f"{self._name}-{int(self._said['step'])}.pt").read_bytes()
            if hashlib.sha256(data).hexdigest() != self._said["sha256"]:
                return 0.0
            trainer.load_state(torch.load(io.BytesIO(data), map_location="cpu", weights_only=True))
            self.seconds = float(self._said["seconds"])
        except (OSError, KeyError, ValueError, TypeError):
            return 0.0
        return self.seconds

    def save(self, trainer: Trainer) -> None:
        """Durably; the one before it goes only when this one is there."""
        buffer = io.BytesIO()
        torch.save(trainer.state(), buffer)
        data = buffer.getvalue()
        write_atomically(self._parts / f"{self._name}-{trainer.step_count}.pt", data)
        self._said = {
            "step": trainer.step_count, "sha256": hashlib.sha256(data).hexdigest(), "seconds": self.seconds,
            "config": to_dict(trainer.config),
        }  # fmt: skip
        write_atomically(self._index, json.dumps(self._said).encode())
        self._remove(but=trainer.step_count)

    def forget(self) -> None:
        """Once it is finished."""
        self._index.unlink(missing_ok=True)
        self._remove()

    def _remove(self, but: int = -1) -> None:
        for path in self._parts.glob(f"{self._name}-*.pt"):
            if path.name != f"{self._name}-{but}.pt":
                path.unlink(missing_ok=True)


def _plain(name: str) -> str:
    return name.lower().replace(" ", "-")


def _finish(parts: Path, name: str, trainer: Trainer, seconds: float) -> None:
    weights = {key: value.contiguous().cpu() for key, value in trainer.sampler().state_dict().items()}
    path = parts / f"{_plain(name)}.safetensors"
    with atomic_path(path) as temporary:
        save_file(weights, temporary)
    said = {"images": trainer.images, "seconds": seconds, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    write_atomically(parts / f"{_plain(name)}.json", json.dumps(said).encode())


def _finished(parts: Path, name: str, config: RunConfig, real: ImageSet) -> ClassSampler | None:
    """The generator as it was finished before a stop; None where there is none, or it is damaged."""
    try:
        said = json.loads((parts / f"{_plain(name)}.json").read_text("utf-8"))
        path = parts / f"{_plain(name)}.safetensors"
        if hashlib.sha256(path.read_bytes()).hexdigest() != said["sha256"]:
            return None
        weights = load_file(path)
    except (OSError, ValueError, KeyError):
        return None
    with torch.random.fork_rng(devices=[]):  # building draws weights that are then replaced
        shape = ImageShape(real.channels, real.size)
        net = config.generator.build(shape, config.latent.dim, len(real.classes))
    net.load_state_dict(weights)
    return ClassSampler(net.eval().requires_grad_(False), config.latent, int(said["images"]), float(said["seconds"]))


def sampling_stream(seed: int, label: int, filtered: bool) -> torch.Generator:
    """The stream of chance that the synthetic images of a class are drawn from."""
    what = "filtered" if filtered else "plain"
    return stream_generator(seed, f"augmentation {what} samples {label}", torch.device("cpu"))
