"""The classifier that every way trains from scratch: the same network, steps and learning rates for each.

Choices, and why. Space to depth first and a stride in the second convolution: half of the arithmetic of two
convolutions with pooling, at the same accuracy. Channels last: a third to a half of the time on a processor. The same
number of steps whatever the training set's size, so that what differs between ways is the images alone. AdamW under a
one-cycle learning rate (Smith and Topin 2017, arXiv:1708.07120), which ends at zero: nothing has to be stopped early
by looking at images that are held out. No dropout: it would draw from torch's global state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from gan_core.apply.augmentation.classic import augment
from gan_core.training.batches import to_unit
from gan_core.training.precision import bfloat16_is_native
from gan_core.training.seeds import stream_generator, stream_seed

BATCH = 128
PEAK_LR, WEIGHT_DECAY = 4e-3, 5e-2
WIDTH = 64  # of the features
_CHUNK = 1_000

Tell = Callable[[float, str], None]


class SmallCnn(nn.Module):
    """Three convolutions and a hidden layer; images [N, channels, size, size] in [-1, 1] -> logits [N, classes]."""

    def __init__(self, size: int, channels: int, classes: int) -> None:
        super().__init__()
        fold = 4 if size > 32 else 2
        side = -(-(size // fold) // 2) // 2
        self.fold = nn.PixelUnshuffle(fold)
        self.body = nn.Sequential(
            *_block(channels * fold**2, 32), *_block(32, 48, stride=2), *_block(48, 96), nn.MaxPool2d(2)
        )
        self.hidden = nn.Linear(96 * side * side, WIDTH)
        self.head = nn.Linear(WIDTH, classes)

    def features(self, x: Tensor) -> Tensor:
        """The penultimate activations [N, WIDTH], after ReLU."""
        folded = self.fold(x).to(memory_format=torch.channels_last)
        return functional.relu(self.hidden(self.body(folded).flatten(1)))

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.head(self.features(x))
        return found


def _block(before: int, after: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]


def build(size: int, channels: int, classes: int, seed: int) -> SmallCnn:
    """With the first weights that the seed gives."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream_seed(seed, "augmentation classifier"))
        net = SmallCnn(size, channels, classes)
    return net.to(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Plan:
    """steps: of BATCH images each. classic: whether images are augmented; flips: whether that mirrors them."""

    steps: int
    classic: bool = False
    flips: bool = False


def train(images: Tensor, labels: Tensor, classes: int, plan: Plan, seed: int, tell: Tell) -> SmallCnn:
    """From scratch on uint8 [N, C, s, s] with labels int64 [N]; in eval mode. The same seed gives the same weights.

    tell: called before every step with the fraction done, and may raise to stop.
    """
    net = build(int(images.shape[-1]), int(images.shape[1]), classes, seed).train()
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=WEIGHT_DECAY, fused=True)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LR, total_steps=plan.steps + 1)
    changes = stream_generator(seed, "augmentation changes", torch.device("cpu"))
    rows = _rows(len(images), seed)
    for step in range(plan.steps):
        tell(step / plan.steps, "training a classifier")
        chosen = next(rows)
        x = to_unit(images[chosen])
        if plan.classic:
            x = augment(x, changes, flips=plan.flips)
        with _precision():
            logits = net(x)
        loss = functional.cross_entropy(logits.float(), labels[chosen])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        rate.step()
    return net.eval().requires_grad_(False)


def _rows(count: int, seed: int) -> Iterator[Tensor]:
    """BATCH rows at a time: one shuffled pass after another, without gaps between them."""
    rng = stream_generator(seed, "augmentation batches", torch.device("cpu"))
    left = torch.empty(0, dtype=torch.int64)
    while True:
        while len(left) < BATCH:
            left = torch.cat([left, torch.randperm(count, generator=rng)])
        yield left[:BATCH]
        left = left[BATCH:]


def _precision() -> AbstractContextManager[object]:
    if bfloat16_is_native(torch.device("cpu")):
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return nullcontext()


@torch.inference_mode()
def look(net: SmallCnn, images: Tensor) -> tuple[Tensor, Tensor]:
    """(features float32 [N, WIDTH], probabilities float32 [N, classes]) of uint8 images, in full precision."""
    parts: tuple[Tensor, ...] = images.split(_CHUNK)  # type: ignore[no-untyped-call]
    features = torch.cat([net.features(to_unit(part)) for part in parts])
    return features, net.head(features).softmax(1)


def confusion(net: SmallCnn, images: Tensor, labels: Tensor, classes: int) -> list[list[int]]:
    """How often images of class i (a row) are taken for class j (a column)."""
    taken_for = look(net, images)[1].argmax(1)
    return torch.bincount(labels * classes + taken_for, minlength=classes**2).view(classes, classes).tolist()


def accuracy(matrix: list[list[int]]) -> float:
    """The share on the diagonal."""
    return sum(row[index] for index, row in enumerate(matrix)) / max(1, sum(map(sum, matrix)))
