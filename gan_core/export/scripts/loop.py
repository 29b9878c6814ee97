"""The training script in general: what is written here is cut down to one run by `fold` and put into its script.

The names in capitals are the run's settings; the functions that raise stand for the run's own networks, loss,
penalty, augmentation, optimizers and schedule.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from gan_core.export.scripts.pictures import save_samples, write_safetensors
from gan_core.objectives.noise import add_instance_noise, decayed_sigma
from gan_core.training.batches import to_unit
from gan_core.training.ema import ema_decay

SEED = 1
CLASS_COUNT = 0
LATENT_DIM = 64
UNIFORM = False
BATCH_SIZE = 64
TOTAL_IMAGES = 600_000
D_UPDATES = 1
PACK = 1
BATCH_DEPENDENT = False
RELATIVISTIC = False
PENALTY = False
PENALTY_EVERY = 1
CLIPS = False
AUGMENTS = False
NOISE_SIGMA = 0.0
NOISE_IMAGES = 0
EMA_HALF_LIFE = 0
EMA_RAMP_UP = 0.0
BFLOAT16 = False
G_LEARNING_RATE = 1e-3
D_LEARNING_RATE = 1e-3
GRID_COUNT = 64
STEPS = 1000
SAMPLE_EVERY = 100
ABOUT = ""
DATA_HELP = ""

# --- what stands for the run's own


def build_generator() -> nn.Module:
    raise NotImplementedError


def build_discriminator() -> nn.Module:
    raise NotImplementedError


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    raise NotImplementedError


def g_loss(real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
    raise NotImplementedError


def penalty(critic: object, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    raise NotImplementedError


def after_update(discriminator: nn.Module) -> None:
    raise NotImplementedError


def augment(images: Tensor, rng: torch.Generator) -> Tensor:
    raise NotImplementedError


def g_optimizer(weights: list[nn.Parameter]) -> torch.optim.Optimizer:
    raise NotImplementedError


def d_optimizer(weights: list[nn.Parameter]) -> torch.optim.Optimizer:
    raise NotImplementedError


def g_start(weights: list[Tensor]) -> object:
    raise NotImplementedError


def g_update(moments: object, grads: list[Tensor], lr: float, veto: None) -> None:
    raise NotImplementedError


def d_start(weights: list[Tensor]) -> object:
    raise NotImplementedError


def d_update(moments: object, grads: list[Tensor], lr: float, veto: None) -> None:
    raise NotImplementedError


def learning_rate_factor(images: int, total_images: int) -> float:
    raise NotImplementedError


def load_data(path: Path | None) -> tuple[Tensor, Tensor | None]:
    raise NotImplementedError


# --- the script


def random_stream(name: str, device: torch.device) -> torch.Generator:
    """A random generator of its own for each use of chance, all from one seed."""
    digest = hashlib.sha256(f"{SEED}/{name}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def batches(images: Tensor, labels: Tensor | None, rng: torch.Generator) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Endless shuffled batches; what does not fill a batch at the end of an epoch is left out of it."""
    count, device = len(images), images.device
    while True:
        if count < BATCH_SIZE:  # so few images are drawn with replacement
            order = torch.randint(count, (BATCH_SIZE,), generator=rng, device=device)
        else:
            order = torch.randperm(count, generator=rng, device=device)
        for start in range(0, len(order) - BATCH_SIZE + 1, BATCH_SIZE):
            rows = order[start : start + BATCH_SIZE]
            yield to_unit(images[rows]), None if labels is None else labels[rows]


def draw_latents(count: int, rng: torch.Generator) -> Tensor:
    """The generator's inputs, [count, LATENT_DIM]."""
    if UNIFORM:
        return torch.rand(count, LATENT_DIM, generator=rng, device=rng.device).mul_(2.0).sub_(1.0)
    return torch.randn(count, LATENT_DIM, generator=rng, device=rng.device)


def generate(generator: nn.Module, z: Tensor, labels: Tensor | None) -> Tensor:
    if BFLOAT16:
        with torch.autocast(z.device.type, dtype=torch.bfloat16):
            low: Tensor = generator(z, labels)
        return low.float()
    images: Tensor = generator(z, labels)
    return images


def judge(discriminator: nn.Module, images: Tensor, labels: Tensor | None) -> Tensor:
    """The discriminator's logits, large for "real"."""
    if PACK > 1:  # it sees PACK images at once, one above the other as channels
        images = images.reshape(len(images) // PACK, -1, *images.shape[2:])
    if BFLOAT16:
        with torch.autocast(images.device.type, dtype=torch.bfloat16):
            low: Tensor = discriminator(images, labels)
        return low.float()
    logits: Tensor = discriminator(images, labels)
    return logits


def judge_both(discriminator: nn.Module, real: Tensor, fake: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
    if BATCH_DEPENDENT:  # an image's logit depends on the others in its batch: real and fake must not be mixed
        return judge(discriminator, real, labels), judge(discriminator, fake, labels)
    twice = None if labels is None else torch.cat((labels, labels))
    logits = judge(discriminator, torch.cat((real, fake)), twice)
    return logits[: len(logits) // 2], logits[len(logits) // 2 :]


def see(images: Tensor, images_seen: int, rng: torch.Generator) -> Tensor:
    """What the discriminator gets to see of images, real or generated."""
    if AUGMENTS:
        images = augment(images, rng)
    if NOISE_SIGMA > 0:
        images = add_instance_noise(images, decayed_sigma(NOISE_SIGMA, NOISE_IMAGES, images_seen), rng)
    return images


def move(optimizer: torch.optim.Optimizer, loss: Tensor, learning_rate: float) -> None:
    """One update of the optimizer's weights against the gradient of the loss."""
    if not math.isfinite(loss.item()):
        raise SystemExit("A loss became infinite or undefined; lower the learning rates.")
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()


class OwnOptimizer:
    """An optimizer that torch.optim does not have, used as those are."""

    def __init__(
        self, weights: list[nn.Parameter], start: Callable[..., object], update: Callable[..., None]
    ) -> None:
        self.weights, self.update = weights, update
        self.moments = start([w.detach() for w in weights])
        self.param_groups = [{"lr": 0.0}]

    def zero_grad(self) -> None:
        for weight in self.weights:
            weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        grads = [w.grad.contiguous() for w in self.weights if w.grad is not None]
        self.update(self.moments, grads, self.param_groups[0]["lr"], None)


def grid_latents(device: torch.device) -> tuple[Tensor, Tensor | None, int]:
    """The latents and classes that samples are shown of, always the same ones, and how many make a row.

    With classes (up to 16 of them) a column is a class and a row is one latent.
    """
    rng = random_stream("grid", device)
    if 1 < CLASS_COUNT <= 16:
        columns, rows = CLASS_COUNT, max(2, round(GRID_COUNT / CLASS_COUNT))
        z = draw_latents(rows, rng).repeat_interleave(CLASS_COUNT, dim=0)
    else:
        columns = round(GRID_COUNT**0.5)
        z = draw_latents(GRID_COUNT, rng)
    labels = torch.arange(len(z), device=device) % CLASS_COUNT if CLASS_COUNT else None
    return z, labels, columns


def train(images: Tensor, labels: Tensor | None, steps: int, sample_every: int, out: Path) -> None:
    """Train for so many steps on images [N, C, H, W]; samples and the generator's weights go to the folder `out`."""
    device = images.device
    torch.manual_seed(random_stream("weights", device).initial_seed())
    generator, discriminator = build_generator().to(device), build_discriminator().to(device)
    move_g, move_d = g_optimizer(list(generator.parameters())), d_optimizer(list(discriminator.parameters()))
    average = (
        copy.deepcopy(generator).eval().requires_grad_(False)
    )  # a moving average of G's weights: samples are its
    data = batches(images, labels, random_stream("data", device))
    latents_rng, noise_rng = random_stream("latents", device), random_stream("noise", device)
    grid = grid_latents(device)
    images_seen = 0
    for step in range(1, steps + 1):
        factor = learning_rate_factor(images_seen, TOTAL_IMAGES)
        for update in range(D_UPDATES):
            # The discriminator learns to tell real images from generated ones.
            real, classes = next(data)
            z = draw_latents(BATCH_SIZE, latents_rng)
            with torch.set_grad_enabled(update == D_UPDATES - 1):  # the last ones serve the generator too
                fake = generate(generator, z, classes)
            seen, seen_fake = see(real, images_seen, noise_rng), see(fake.detach(), images_seen, noise_rng)
            real_logits, fake_logits = judge_both(discriminator, seen, seen_fake, classes)
            loss_d = loss = d_loss(real_logits, fake_logits)
            if PENALTY and (step - 1) % PENALTY_EVERY == 0:

                def critic(x: Tensor, classes: Tensor | None = classes) -> Tensor:
                    return judge(discriminator, x, classes)

                loss = loss + PENALTY_EVERY * penalty(critic, seen, seen_fake, noise_rng)
            move(move_d, loss, D_LEARNING_RATE * factor)
            if CLIPS:
                after_update(discriminator)
            images_seen += BATCH_SIZE
        # The generator learns to make images that the discriminator takes for real.
        compared = None
        if RELATIVISTIC:
            with torch.no_grad():
                compared = judge(discriminator, see(real, images_seen, noise_rng), classes)
        loss_g = g_loss(compared, judge(discriminator, see(fake, images_seen, noise_rng), classes))
        move(move_g, loss_g, G_LEARNING_RATE * factor)
        with torch.no_grad():
            if EMA_HALF_LIFE:
                decay = ema_decay(EMA_HALF_LIFE, EMA_RAMP_UP, images_seen, BATCH_SIZE)
            else:
                decay = 0.0  # no average: samples are the generator's own
            for kept, new in zip(average.parameters(), generator.parameters(), strict=True):
                kept.lerp_(new, 1.0 - decay)
            for running, now in zip(average.buffers(), generator.buffers(), strict=True):
                running.copy_(now)
        if step % sample_every == 0 or step in (1, steps):
            print(f"step {step:,}  images {images_seen:,}  d_loss {loss_d.item():.6f}  g_loss {loss_g.item():.6f}")
            show(average, grid, out / f"{step:08d}.png")
    write_safetensors(out / "generator.safetensors", average.state_dict())


@torch.no_grad()
def show(average: nn.Module, grid: tuple[Tensor, Tensor | None, int], path: Path) -> None:
    z, labels, columns = grid
    samples: Tensor = average(z, labels)
    save_samples(path, samples.cpu().numpy().astype(np.float32), columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=ABOUT)
    parser.add_argument("--data", type=Path, help=DATA_HELP)
    parser.add_argument("--steps", type=int, default=STEPS, help=f"how long to train (default: {STEPS})")
    parser.add_argument("--every", type=int, default=SAMPLE_EVERY, help="steps between two pictures of samples")
    parser.add_argument("--out", type=Path, default=Path("trained"), help="folder for samples and weights")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps; the run is repeated exactly on a cpu")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    device = torch.device(arguments.device)
    images, labels = load_data(arguments.data)
    labels = labels.to(device) if labels is not None and CLASS_COUNT else None
    train(images.to(device), labels, arguments.steps, arguments.every, arguments.out)
