"""Small classifiers of the datasets that come with the program: their features, and the classes they find.

Each lies in assets/classifiers as NAME.safetensors beside a card NAME.json that says how it was trained and how often
it is right; `classifier_training` makes them. Numbers compare only with numbers made with the same weights.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from gan_core.data.files.assets import ASSETS

FOLDER = ASSETS.parent / "classifiers"
WIDTH = 64  # of the features
DROPOUT = 0.3  # of them, while the classifier is trained


@dataclass(frozen=True)
class Card:
    """What is said of a classifier beside its weights. accuracy: of the images held out, in 0 to 1."""

    dataset: str
    size: int
    channels: int
    classes: tuple[str, ...]
    features: str
    accuracy: float
    command: str
    seed: int
    epochs: int
    train_images: int
    held_out_images: int
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.dataset}-{self.size}"


class Classifier(nn.Module):
    """Two convolutions and a hidden layer; images [N, channels, size, size] in [-1, 1] -> logits [N, classes].

    Of 64 pixels the first convolution takes every other place.
    """

    def __init__(self, size: int, channels: int, classes: int) -> None:
        super().__init__()
        stride = 2 if size > 32 else 1
        side = size // stride // 4
        self.conv1, self.norm1 = nn.Conv2d(channels, 32, 3, stride, 1, bias=False), nn.BatchNorm2d(32)
        self.conv2, self.norm2 = nn.Conv2d(32, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64)
        self.hidden = nn.Linear(64 * side * side, WIDTH)
        self.head = nn.Linear(WIDTH, classes)

    def features(self, x: Tensor) -> Tensor:
        """The penultimate activations [N, WIDTH], after ReLU."""
        x = functional.max_pool2d(functional.relu(self.norm1(self.conv1(x))), 2)  # (N, 32, side * 2, side * 2)
        x = functional.max_pool2d(functional.relu(self.norm2(self.conv2(x))), 2)  # (N, 64, side, side)
        return functional.relu(self.hidden(x.flatten(1)))

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.head(self.features(x))
        return found


def find_card(dataset: str, size: int, channels: int) -> Card | None:
    """Of the classifier for these images; None where there is none."""
    path = FOLDER / f"{dataset}-{size}.json"
    if not path.is_file():
        return None
    card = read_card(path)
    return card if card.channels == channels else None


def read_card(path: Path) -> Card:
    said = json.loads(path.read_text(encoding="utf-8"))
    return Card(**{**said, "classes": tuple(said["classes"])})


@lru_cache(maxsize=4)
def load_classifier(name: str) -> Classifier:
    """With the weights that came along, in eval mode and never to be trained; the same one for everybody."""
    card = read_card(FOLDER / f"{name}.json")
    model = Classifier(card.size, card.channels, len(card.classes))
    model.load_state_dict(load_file(FOLDER / f"{name}.safetensors"))
    return model.eval().requires_grad_(False)
