"""Maps of many samples, and the training images nearest to one: is it copying?"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Hashable, Mapping
from dataclasses import asdict
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from gan_core.latent import Explorable, check_look, render
from gan_core.latent.maps import LEAST, MOST, Drawn, LatentMap, MapOptions, make_map
from gan_core.latent.neighbours import REFERENCES, TrainingSet
from pages.explore.ops.inversion import data_of
from pages.explore.ops.picture import atlas
from pages.server.live.operations import OperationContext, Reply, operation, whole, words

Made = TypeVar("Made")

_THUMB = 32  # pixels: larger pictures are halved until they fit
_NEAREST_MOST = 24


class _Kept(Generic[Made]):
    """The newest few things that were made for models, for as long as these are open."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: dict[tuple[int, Hashable], tuple[weakref.ref[Explorable], Made]] = {}
        self._guard = threading.Lock()

    def get(self, model: Explorable, key: Hashable) -> Made | None:
        with self._guard:
            known, made = self._made.get((id(model), key), (None, None))
            return made if known is not None and known() is model else None

    def keep(self, model: Explorable, key: Hashable, made: Made) -> None:
        with self._guard:
            self._made[id(model), key] = weakref.ref(model), made
            for place, (known, _) in list(self._made.items()):
                if known() is None or len(self._made) > self._most:
                    del self._made[place]


_maps = _Kept[LatentMap](12)  # some megabytes each
_sets = _Kept[TrainingSet](3)  # 60 MB each where 60,000 images went through a discriminator


@operation("map", lane="long")
def latent_map(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Lay out "count" samples by "method" (pca, tsne) on "features" (pixels, discriminator); "class": one, or null.

    Progress brings positions while they still move. Blobs at the end: positions float32 [N, 2] within -1 to 1,
    seeds float64 [N], and the thumbnails as an atlas (RGBA); "labels" lists the samples' classes.
    """
    model = context.model(asked.get("model"), asked.get("step"))
    options = _map_options(model, asked)

    def follow(drawn: Drawn | None, share: float, said: str) -> None:
        if drawn is None:
            context.progress(share, said)
        else:
            context.progress(share, said, {}, [drawn.positions.astype("<f4").tobytes()])

    found = _maps.get(model, options)
    if found is None:
        context.progress(0.0, "Drawing samples")
        found = make_map(model, options, follow)
        found.images = _thumbnails(found.images)
        _maps.keep(model, options, found)
    header, blob = atlas(found.images, math.ceil(math.sqrt(len(found.images))))
    about = {
        "count": len(found.images),
        "options": asdict(options),
        "labels": None if found.labels is None else found.labels.tolist(),
    }
    positions, seeds = found.positions.astype("<f4"), found.seeds.astype("<f8")
    return Reply({**header, **about}, [positions.tobytes(), seeds.tobytes(), blob])


@operation("map-place")
def map_place(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Where the picture of "look" lies on the map of the same options: "at" [x, y], or null without such a map."""
    model = context.model(asked.get("model"), asked.get("step"))
    found = _maps.get(model, _map_options(model, asked))
    if found is None:
        return Reply({"at": None})
    x, y = found.place(render(model, [check_look(model, asked.get("look"))])[0])
    return Reply({"at": [float(x), float(y)]})


@operation("nearest", lane="long")
def nearest(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The "count" training images nearest to the picture of "look", by "features" (pixels, discriminator).

    Blobs: the images as an atlas (RGBA), and how far the nearest training image is from real images that were not
    trained on, and from random samples (float32 each, sorted).
    """
    model = context.model(asked.get("model"), asked.get("step"))
    look = check_look(model, asked.get("look"))
    count, sight = whole(asked, "count", 8, 1, _NEAREST_MOST), words(asked, "features", 20, "pixels")
    data = data_of(model)  # kept from the last time, unless it is another model's or has changed
    training = _sets.get(model, (sight, data.content))
    if training is None:
        context.progress(0.0, "Looking at the training images")
        samples = _random_samples(model, REFERENCES // 2)
        training = TrainingSet(model, data, sight, samples, context.progress)
        _sets.keep(model, (sight, data.content), training)
    found = training.around(render(model, [look])[0], count)
    header, blob = atlas(found.images, len(found.images))
    labels, names = training.data.labels, training.data.classes
    about = {
        "indices": found.indices.tolist(),
        "distances": found.distances.tolist(),
        "names": [names[int(labels[int(i)])] if labels is not None and names else "" for i in found.indices],
        "unit": found.unit,
        "held_out": found.held_out,
        "verdict": found.verdict(),
        "of_all": found.verdict_on_all(),
    }
    return Reply(
        {**header, **about}, [blob, found.real.astype("<f4").tobytes(), found.generated.astype("<f4").tobytes()]
    )


def _map_options(model: Explorable, asked: Mapping[str, Any]) -> MapOptions:
    label = None if asked.get("class") is None else whole(asked, "class", 0, 0, max(0, len(model.classes) - 1))
    options = MapOptions(
        method=words(asked, "method", 10, "pca"),
        sight=words(asked, "features", 20, "pixels"),
        count=whole(asked, "count", MapOptions.count, LEAST, MOST),
        label=label,
        seed=whole(asked, "seed", 0, 0, 2**31 - 1),
    )
    options.check(model)
    return options


def _random_samples(model: Explorable, count: int) -> NDArray[np.uint8]:
    """Of a conditional generator, its classes in turn."""
    classes = len(model.classes)
    looks = [{"where": {"seed": seed}, "class": [seed % classes] if classes else None} for seed in range(count)]
    return render(model, [check_look(model, look) for look in looks])


def _thumbnails(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 [N, S, S, C], halved by means of 2 x 2 pixels until S is at most _THUMB."""
    while images.shape[1] > _THUMB and images.shape[1] % 2 == 0:
        n, size, _, channels = images.shape
        blocks = images.reshape(n, size // 2, 2, size // 2, 2, channels)
        images = (blocks.mean(axis=(2, 4), dtype=np.float32) + 0.5).astype(np.uint8)
    return images
