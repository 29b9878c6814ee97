"""What a run learns from: every dataset loads into one tensor; `intake` is the one door for uploads."""

# ruff: noqa: I001  (members are shown in the order of these lines, and those of other modules after them)

from __future__ import annotations

from gan_core.config.registry import import_modules
from gan_core.data.base import Dataset, DataUnavailable, ImageInfo, ImageSet, Progress, datasets
from gan_core.data.sets.fashion import FashionMnist
from gan_core.data.sets.shapes import Shapes
from gan_core.data.sets.emoji import Emoji
from gan_core.data.sets.published import Cifar10, EmnistLetters, KMnist, Mnist, Svhn
from gan_core.data.sets.celeba import CelebA
from gan_core.data.sets.own_images import OwnImages
from gan_core.data.sets.points import (
    Blobs,
    Grid25,
    Modes,
    OneGaussian,
    PointDataset,
    Ring,
    UnequalMixture,
    point_datasets,
)
from gan_core.data.sets.point_shapes import Checkerboard, Line, Moons, Spiral
from gan_core.data.sets.drawn import Drawn, FromPicture, darkness_text
from gan_core.data.uploads.draft import Choices, Draft, Offer, Refusal, Settled
from gan_core.data.uploads.settling import settle
from gan_core.data.uploads.intake import IntakeOptions, IntakeReport, keep, keep_more, read_draft, read_uploads
from gan_core.data.sheet import DataSheet, describe, portrait
from gan_core.data.own.own_set import OwnSet, list_own, own_set
from gan_core.data.own.saving import delete_own, empty_trash, restore_own
from gan_core.data.own.edit import bring_back, contents, drop_pictures, some_pictures
from gan_core.data.advice import enough, sizes, small_classes

import_modules("gan_core.data.sets")

__all__ = [
    "Blobs",
    "CelebA",
    "Checkerboard",
    "Choices",
    "Cifar10",
    "DataSheet",
    "DataUnavailable",
    "Dataset",
    "Draft",
    "Drawn",
    "EmnistLetters",
    "Emoji",
    "FashionMnist",
    "FromPicture",
    "Grid25",
    "ImageInfo",
    "ImageSet",
    "IntakeOptions",
    "IntakeReport",
    "KMnist",
    "Line",
    "Mnist",
    "Modes",
    "Moons",
    "Offer",
    "OneGaussian",
    "OwnImages",
    "OwnSet",
    "PointDataset",
    "Progress",
    "Refusal",
    "Ring",
    "Settled",
    "Shapes",
    "Spiral",
    "Svhn",
    "UnequalMixture",
    "bring_back",
    "contents",
    "darkness_text",
    "datasets",
    "delete_own",
    "describe",
    "drop_pictures",
    "empty_trash",
    "enough",
    "keep",
    "keep_more",
    "list_own",
    "own_set",
    "point_datasets",
    "portrait",
    "read_draft",
    "read_uploads",
    "restore_own",
    "settle",
    "sizes",
    "small_classes",
    "some_pictures",
]
