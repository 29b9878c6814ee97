"""A small Fashion-MNIST classifier whose features define a Fréchet distance at 28 x 28.

    python -m benchmarks.fashion_features          # accuracy, floor and noise of the committed weights
    python -m benchmarks.fashion_features train    # makes them again, about four CPU-minutes on one thread

"Fréchet distance, Fashion-MNIST classifier features": between Gaussians fitted to 64 penultimate activations of
this network (not Inception's) on 10,000 generated images and on the 10,000 test images. Numbers compare only with
numbers made with the same weights: seed 0, 5 epochs, test accuracy 0.915.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.machine import describe
from gan_core.config.files import atomic_path
from gan_core.data import FashionMnist
from gan_core.data.base import ImageSet
from gan_core.training.batches import to_unit

WEIGHTS = Path(__file__).with_name("fashion_classifier.safetensors")
SEED, EPOCHS, BATCH, PEAK_LR = 0, 5, 128, 3e-3
SAMPLES = 10_000

Gaussian = tuple[NDArray[np.float64], NDArray[np.float64]]


class Classifier(nn.Module):
    """Two convolutions and a 64-wide hidden layer; images [N, 1, 28, 28] in [-1, 1] -> logits [N, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(1, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32)
        self.conv2, self.norm2 = nn.Conv2d(32, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64)
        self.hidden = nn.Linear(64 * 7 * 7, 64)
        self.head = nn.Linear(64, 10)

    def features(self, x: Tensor) -> Tensor:
        """The 64 penultimate activations [N, 64], after ReLU."""
        x = functional.max_pool2d(functional.relu(self.norm1(self.conv1(x))), 2)  # (N, 32, 14, 14)
        x = functional.max_pool2d(functional.relu(self.norm2(self.conv2(x))), 2)  # (N, 64, 7, 7)
        return functional.relu(self.hidden(x.flatten(1)))

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.head(functional.dropout(self.features(x), 0.3, self.training))
        return found


def fashion() -> ImageSet:
    return FashionMnist().load(28, Path())


def train_classifier(data: ImageSet) -> Classifier:
    """Trained from SEED with one thread, so that the weights repeat; in eval mode."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    assert data.labels is not None
    images, labels, model = to_unit(data.images), data.labels, Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1e-2, fused=True)
    steps = len(images) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LR, total_steps=EPOCHS * steps)
    for epoch in range(EPOCHS):
        order = torch.randperm(len(images))
        for rows in order[: steps * BATCH].split(BATCH):
            x = images[rows]
            flip = torch.rand(len(x), 1, 1, 1) < 0.5
            loss = functional.cross_entropy(model(torch.where(flip, x.flip(3), x)), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}, {time.process_time():.0f} CPU-seconds", flush=True)
    return model.eval()


def load_classifier() -> Classifier:
    """With the committed weights, in eval mode."""
    model = Classifier()
    model.load_state_dict(load_file(WEIGHTS))
    return model.eval()


@torch.inference_mode()
def gaussian_of(model: Classifier, images: Tensor) -> Gaussian:
    """Mean [64] and covariance [64, 64] of the features of images [N, 1, 28, 28] in [-1, 1], in float64."""
    features = torch.cat([model.features(chunk) for chunk in images.split(500)]).double().numpy()
    return features.mean(0), np.cov(features, rowvar=False)


def frechet(a: Gaussian, b: Gaussian) -> float:
    """|mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^1/2) (Dowson & Landau 1982).

    tr (S_a S_b)^1/2 is the sum of the square roots of the eigenvalues of S_a^1/2 S_b S_a^1/2, which is symmetric, so
    that no complex numbers arise.
    """
    (mean_a, cov_a), (mean_b, cov_b) = a, b
    values, vectors = np.linalg.eigh(cov_a)
    root_a = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root_a @ cov_b @ root_a).clip(0)).sum()
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * cross)


class Referee:
    """Distances of generated images [N, 1, 28, 28] in [-1, 1] to the 10,000 test images."""

    def __init__(self) -> None:
        self.data, self.model = fashion(), load_classifier()
        self.test = gaussian_of(self.model, to_unit(self.data.held_out))

    def distance(self, images: Tensor) -> float:
        return frechet(gaussian_of(self.model, images), self.test)


def main() -> None:
    print(describe())
    if sys.argv[1:] == ["train"]:
        weights: dict[str, Any] = train_classifier(fashion()).state_dict()
        with atomic_path(WEIGHTS) as path:
            save_file(weights, path)
    referee = Referee()
    data = referee.data
    assert data.held_out_labels is not None
    with torch.inference_mode():
        found = torch.cat([referee.model(x).argmax(1) for x in to_unit(data.held_out).split(500)])
    print(f"test accuracy {(found == data.held_out_labels).float().mean().item():.4f}")
    rng = torch.Generator().manual_seed(SEED)
    rows = torch.randperm(len(data.images), generator=rng)[:SAMPLES]
    floor = referee.distance(to_unit(data.images[rows]))
    print(f"floor, {SAMPLES} training images against the test images: {floor:.3f}")
    print(f"uniform noise: {referee.distance(torch.rand(SAMPLES, 1, 28, 28, generator=rng) * 2 - 1):.1f}")


if __name__ == "__main__":
    main()
