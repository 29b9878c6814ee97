"""What a run learns from: every dataset loads into one tensor; `intake` is the one door for uploads."""

# ruff: noqa: I001  (members are shown in the order of these lines, and those of other modules after them)

from __future__ import annotations

from gan_core.config.registry import import_modules
from gan_core.data.base import Dataset, DataUnavailable, ImageInfo, ImageSet, Progress, datasets
from gan_core.data.fashion import FashionMnist
from gan_core.data.shapes import Shapes
from gan_core.data.emoji import Emoji
from gan_core.data.published import Cifar10, EmnistLetters, KMnist, Mnist, Svhn
from gan_core.data.celeba import CelebA
from gan_core.data.own_images import OwnImages
from gan_core.data.points import Blobs, Grid25, Modes, OneGaussian, PointDataset, Ring, UnequalMixture, point_datasets
from gan_core.data.point_shapes import Checkerboard, Line, Moons, Spiral
from gan_core.data.drawn import Drawn, FromPicture, darkness_text
from gan_core.data.draft import Choices, Draft, Offer, Refusal, Settled
from gan_core.data.settling import settle
from gan_core.data.intake import IntakeOptions, IntakeReport, keep, keep_more, read_draft, read_uploads
from gan_core.data.sheet import DataSheet, describe, portrait
from gan_core.data.own import OwnSet, delete_own, empty_trash, list_own, own_set, restore_own
from gan_core.data.own_edit import bring_back, contents, drop_pictures, some_pictures
from gan_core.data.advice import enough, sizes, small_classes

import_modules(__name__)

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
