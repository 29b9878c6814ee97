"""Maps of many samples, and the training images nearest to one: is it copying?"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from gan_core.latent import Explorable, check_look, render
from gan_core.latent.maps import LEAST, MOST, Drawn, LatentMap, MapOptions, make_map
from gan_core.latent.neighbours import REFERENCES, TrainingSet
from pages.explore.ops.desk import Desk, Reply, operation, whole, words
from pages.explore.ops.inversion import data_of
from pages.explore.ops.picture import atlas

_THUMB = 32  # pixels: larger pictures are halved until they fit
_MAPS_EACH, _SETS_EACH = 3, 2  # kept for each model that is open
_NEAREST_MOST = 24
_maps: WeakKeyDictionary[Explorable, dict[MapOptions, LatentMap]] = WeakKeyDictionary()
_sets: WeakKeyDictionary[Explorable, dict[str, TrainingSet]] = WeakKeyDictionary()
_guard = threading.Lock()


@operation("map", lane="long")
def latent_map(desk: Desk, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Lay out "count" samples by "method" (pca, tsne) on "features" (pixels, discriminator); "class": one, or null.

    Progress brings positions while they still move. Blobs at the end: positions float32 [N, 2] within -1 to 1,
    seeds float64 [N], and the thumbnails as an atlas (RGBA); "labels" lists the samples' classes.
    """
    model = desk.model(asked.get("model"), asked.get("step"))
    options = _map_options(model, asked)

    def follow(drawn: Drawn | None, share: float, said: str) -> None:
        if drawn is None:
            desk.progress(share, said)
        else:
            desk.progress(share, said, {}, [drawn.positions.astype("<f4").tobytes()])

    found = _kept(_maps, model, options)
    if found is None:
        desk.progress(0.0, "Drawing samples")
        found = _keep(_maps, model, options, make_map(model, options, follow), _MAPS_EACH)
    header, blob = atlas(_thumbnails(found.images), math.ceil(math.sqrt(len(found.images))))
    header |= {"count": len(found.images), "options": asdict(options)}
    header["labels"] = None if found.labels is None else found.labels.tolist()
    positions, seeds = found.positions.astype("<f4"), found.seeds.astype("<f8")
    return Reply(header, [positions.tobytes(), seeds.tobytes(), blob])


@operation("map-place")
def map_place(desk: Desk, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """Where the picture of "look" lies on the map of the same options: "at" [x, y], or null without such a map."""
    model = desk.model(asked.get("model"), asked.get("step"))
    found = _kept(_maps, model, _map_options(model, asked))
    if found is None:
        return Reply({"at": None})
    x, y = found.place(render(model, [check_look(model, asked.get("look"))])[0])
    return Reply({"at": [float(x), float(y)]})


@operation("nearest", lane="long")
def nearest(desk: Desk, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """The "count" training images nearest to the picture of "look", by "features" (pixels, discriminator).

    Blobs: the images as an atlas (RGBA), and how far the nearest training image is from real images that were not
    trained on, and from random samples (float32 each, sorted).
    """
    model = desk.model(asked.get("model"), asked.get("step"))
    look = check_look(model, asked.get("look"))
    count, sight = whole(asked, "count", 8, 1, _NEAREST_MOST), words(asked, "features", 20, "pixels")
    training = _kept(_sets, model, sight)
    if training is None:
        desk.progress(0.0, "Reading the training images")
        samples = _random_samples(model, REFERENCES // 2)
        training = TrainingSet(model, data_of(model), sight, samples, desk.progress)
        _keep(_sets, model, sight, training, _SETS_EACH)
    found = training.around(render(model, [look])[0], count)
    header, blob = atlas(found.images, len(found.images))
    labels, names = training.data.labels, training.data.classes
    header |= {
        "indices": found.indices.tolist(),
        "distances": found.distances.tolist(),
        "names": [names[int(labels[int(i)])] if labels is not None and names else "" for i in found.indices],
        "unit": found.unit,
        "held_out": found.held_out,
        "verdict": found.verdict(),
        "of_all": found.verdict_on_all(),
    }
    return Reply(header, [blob, found.real.astype("<f4").tobytes(), found.generated.astype("<f4").tobytes()])


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


def _kept(store: Any, model: Explorable, key: Any) -> Any:
    with _guard:
        return store.get(model, {}).get(key)


def _keep(store: Any, model: Explorable, key: Any, made: Any, most: int) -> Any:
    """Keep the newest few of each model for as long as that is open."""
    with _guard:
        known = store.setdefault(model, {})
        known[key] = made
        while len(known) > most:
            known.pop(next(iter(known)))
    return made
