"""The files of a filled picture, and what is said of them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_core.apply.completion.baselines import Baseline
from gan_core.apply.completion.filling import Filling
from gan_core.apply.completion.observation import Observation
from gan_core.apply.completion.scores import Score, score
from gan_core.apply.completion.verdicts import beside_simple_ways, how_many, known_part
from gan_core.config.files import write_atomically

_GAP, _PAPER = 2, 255  # pixels between the pictures of the sheet, and their ground


def write_results(
    folder: Path,
    observed: Observation,
    filling: Filling,
    simple: list[Baseline],
    *,
    blend: bool,
    wanted: int,
    truth: NDArray[np.uint8] | None,
    space: str,
    classes: tuple[str, ...],
) -> dict[str, Any]:
    """Every picture in the generator's own size, a sheet of all, scores and latents; what they are as plain JSON.

    truth: the whole true picture uint8 [size, size, C], None where it is not known.
    """
    filled = [observed.complete(one.picture, blend=blend) for one in filling.chosen]
    others = {one.name: observed.complete(one.picture, blend=False) for one in simple}
    pictures = {"known": observed.shown()}
    pictures |= {} if truth is None else {"truth": truth}
    pictures |= {f"completion-{i}": picture for i, picture in enumerate(filled, 1)} | others
    for name, picture in (pictures | {"mask": _as_picture(observed)}).items():
        write_atomically(folder / f"{name}.png", png(picture))
    write_atomically(folder / "sheet.png", png(sheet(list(pictures.values()))))
    scores = {} if truth is None else {
        name: score(picture, truth, observed.hidden) for name, picture in pictures.items()
        if name not in ("known", "truth")
    }  # fmt: skip
    write_atomically(folder / "scores.csv", _table(scores, filling))
    write_atomically(folder / "latents.npz", _latents(filling, space))
    sentences = [known_part(filling), how_many(filling, wanted)]
    if scores:
        known = {one.name: (one.words, scores[one.name]) for one in simple}
        sentences.append(beside_simple_ways(scores["completion-1"], known))
    return {
        "completions": [
            {
                "file": f"completion-{i}.png", "error": one.error,
                "class": None if one.label is None else classes[one.label], "restart": one.restart,
                **_json(scores.get(f"completion-{i}")),
            }
            for i, one in enumerate(filling.chosen, 1)
        ],
        "simple": {
            one.name: {"file": f"{one.name}.png", "words": one.words, **_json(scores.get(one.name))} for one in simple
        },
        "truth": None if truth is None else "truth.png", "known": "known.png", "space": space,
        "error": filling.chosen[0].error, "random_error": filling.random, "nearest_error": filling.nearest,
        "differ": differences(filled, observed), "verdict": " ".join(each for each in sentences if each),
        "notes": _notes(filling),
    }  # fmt: skip


def _notes(filling: Filling) -> list[str]:
    if filling.has_realism:
        return []
    return ["This generator came without its discriminator: nothing but the known part and usual latents counts."]


def differences(filled: list[NDArray[np.uint8]], observed: Observation) -> float:
    """How far the two completions that are most alike are from each other in the hole: root mean square, levels."""
    holes = [picture[observed.hidden].astype(np.float64) for picture in filled]
    pairs = [float(np.sqrt(np.mean((a - b) ** 2))) for i, a in enumerate(holes) for b in holes[:i]]
    return min(pairs, default=0.0)


def png(picture: NDArray[np.uint8]) -> bytes:
    """uint8 [H, W, 1 or 3]."""
    file = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture).save(file, "PNG")
    return file.getvalue()


def sheet(pictures: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The pictures beside each other, with a gap."""
    height, width, channels = pictures[0].shape
    out = np.full((height, len(pictures) * (width + _GAP) - _GAP, channels), _PAPER, np.uint8)
    for i, picture in enumerate(pictures):
        out[:, i * (width + _GAP) : i * (width + _GAP) + width] = picture
    return out


def _as_picture(observed: Observation) -> NDArray[np.uint8]:
    return np.where(observed.hidden, 255, 0).astype(np.uint8)[..., None]


def _json(found: Score | None) -> dict[str, float]:
    return {} if found is None else found.json()


def _table(scores: dict[str, Score], filling: Filling) -> bytes:
    """A row for each picture that was made."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["picture", "psnr_db_in_hole", "l1_levels_in_hole", "ssim", "error_on_known_levels"])
    errors = {f"completion-{i}": one.error for i, one in enumerate(filling.chosen, 1)}
    for name in list(scores) or list(errors):
        one = scores.get(name)
        known = ("", "", "") if one is None else (f"{one.psnr:.3f}", f"{one.l1:.3f}", f"{one.ssim:.4f}")
        rows.writerow([name, *known, f"{errors[name]:.3f}" if name in errors else ""])
    return out.getvalue().encode()


def _latents(filling: Filling, space: str) -> bytes:
    """A numpy archive, a row for each completion: what the generator made of it before known pixels were put back,
    uint8 [count, size, size, C], its latent, a point of the space that is named, and its label, -1 without classes.
    """
    file = io.BytesIO()
    labels = [-1 if one.label is None else one.label for one in filling.chosen]
    vectors = np.stack([one.vector for one in filling.chosen])
    made = np.stack([one.picture for one in filling.chosen])
    np.savez(
        file, generated=made, latents=vectors, space=np.array(space), labels=np.array(labels), allow_pickle=False
    )  # fmt: skip
    return file.getvalue()
