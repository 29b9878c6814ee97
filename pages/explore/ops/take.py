"""What a model gives away: its weights, ONNX, scripts of its own, the present latent. Made when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from gan_core.config.codec import to_dict
from gan_core.config.places import data_dir
from gan_core.data import DataUnavailable
from gan_core.export import discriminator_file, onnx_file, weights_file
from gan_core.export.scripts import about_bytes, data_bytes, npz, sample_package, train_package, train_script
from gan_core.latent import Explorable, check_look, pictures, resolve
from gan_core.latent.targets import training_dataset
from pages.server.live.operations import OperationContext, Reply, operation

ONNX_WORDS_BYTES = 6_000  # about: what is no weight in such a file

Made = tuple[str, str, bytes]
"""What follows the model's name in the file's name, its MIME type, and its bytes."""

_BINARY, _ZIP, _PYTHON = "application/octet-stream", "application/zip", "text/x-python"


@operation("take", lane="long")
def take(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """A file of the kind "what": safetensors, discriminator, onnx, sample-script, train-script, latent (of "look").

    Blob: the file; the header has its name and MIME type.
    """
    what = asked.get("what")
    if not isinstance(what, str) or what not in KINDS:
        raise ValueError(f'"what" must be one of {", ".join(KINDS)}.')
    model: Explorable = context.model(asked.get("model"))
    ending, mime, data = KINDS[what](context, model, asked)
    return Reply({"name": f"{file_stem(model)}-{ending}", "mime": mime}, [data])


def file_stem(model: Explorable) -> str:
    """A run's id, or the model's name in letters that every file system takes."""
    kind, _, name = model.id.partition(":")
    words = name if kind != "file" else model.label.removesuffix(".safetensors")
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:60] or "generator"


def _safetensors(context: OperationContext, model: Explorable, asked: dict[str, Any]) -> Made:
    return "generator.safetensors", _BINARY, _weights(model)


def _discriminator(context: OperationContext, model: Explorable, asked: dict[str, Any]) -> Made:
    if model.discriminator is None:
        raise ValueError(f"The discriminator of {model.label} is not here, only its generator.")
    return "discriminator.safetensors", _BINARY, discriminator_file(model.discriminator.state_dict(), **_about(model))


def _weights(model: Explorable) -> bytes:
    return weights_file(model.generator.state_dict(), **_about(model), trained_on=model.trained_on)


def _about(model: Explorable) -> dict[str, Any]:
    return {
        "run": file_stem(model), "step": model.step, "config": to_dict(model.config),
        "channels": model.shape.channels, "classes": model.classes,
    }  # fmt: skip


def _onnx(context: OperationContext, model: Explorable, asked: dict[str, Any]) -> Made:
    context.progress(0.1, "Tracing the generator")
    data = onnx_file(
        model.generator, latent_dim=model.dim, class_count=len(model.classes), run=file_stem(model), step=model.step,
        config=to_dict(model.config), classes=model.classes,
    )  # fmt: skip
    return "generator.onnx", _BINARY, data


def _sample_script(context: OperationContext, model: Explorable, asked: dict[str, Any]) -> Made:
    return "sample.zip", _ZIP, sample_package(model.config, _weights(model), **_script_about(model))


def _train_script(context: OperationContext, model: Explorable, asked: dict[str, Any]) -> Made:
    along = data_bytes(model.config, data_dir())
    context.progress(0.1, "Packing the script with the images that it learns from" if along else "")
    try:
        config = replace(model.config, data=training_dataset(model, data_dir())) if along else model.config
        suffix, data = train_package(config, data_dir(), **_script_about(model))
    except DataUnavailable as error:
        raise ValueError(str(error)) from None
    return f"train{suffix}", _PYTHON if suffix == ".py" else _ZIP, data


def _script_about(model: Explorable) -> dict[str, Any]:
    return {"run": file_stem(model), "channels": model.shape.channels, "classes": model.classes}


def _latent(context: OperationContext, model: Explorable, asked: dict[str, Any]) -> Made:
    """What the generator gets, as sample.py's --latents takes it: z [1, dim] or styles [1, layers, length].

    Truncation and mixing are in it already. Also the weights of the classes, the heaviest of them, and the picture.
    """
    look = check_look(model, asked.get("look"))
    point = resolve(model, look)
    arrays: dict[str, Any] = {"image": pictures(model, [point], look.units)}
    if point.latent is not None:
        arrays["z"] = point.latent.astype(np.float32)[None]
    if point.styles is not None:
        arrays["styles"] = point.styles.astype(np.float32)[None]
    if point.weights is not None:
        arrays["class_weights"] = point.weights.astype(np.float32)[None]
        arrays["labels"] = np.array([int(np.argmax(point.weights))])
    return "latent.npz", _BINARY, npz(arrays)


KINDS: dict[str, Callable[[OperationContext, Explorable, dict[str, Any]], Made]] = {
    "safetensors": _safetensors,
    "discriminator": _discriminator,
    "onnx": _onnx,
    "sample-script": _sample_script,
    "train-script": _train_script,
    "latent": _latent,
}


@operation("takeaway")
def takeaway(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """How large the files are that are quickly made ("look" is the present one), and what is in the others.

    {"sizes": kind -> bytes, exact but for "onnx"; "formats": kind -> words; "config"}. What is not there is left out.
    """
    model: Explorable = context.model(asked.get("model"))
    known = ["safetensors", "latent", *(["discriminator"] if model.discriminator is not None else [])]
    sizes = {kind: len(KINDS[kind](context, model, asked)[2]) for kind in known}
    numbers = [t for t in model.generator.state_dict().values() if t.is_floating_point()]
    sizes["onnx"] = sum(t.numel() * t.element_size() for t in numbers) + ONNX_WORDS_BYTES
    along = bool(data_bytes(model.config, data_dir()))
    formats = {"sample-script": "zip", "train-script": "zip" if along else "Python"}
    return Reply({"sizes": sizes, "formats": formats, "with_data": along, "config": to_dict(model.config)})


@operation("takeaway-scripts", lane="long")
def takeaway_scripts(context: OperationContext, asked: dict[str, Any], _blobs: list[bytes]) -> Reply:
    """{"sizes": kind -> bytes} of the scripts, with what comes along: exact but where images do."""
    model: Explorable = context.model(asked.get("model"))
    sizes = {"sample-script": len(_sample_script(context, model, asked)[2])}
    along = bool(data_bytes(model.config, data_dir()))
    script = train_script(model.config, **_script_about(model), with_data=along)
    with suppress(DataUnavailable):  # it is said when the file is asked for
        sizes["train-script"] = about_bytes(model.config, data_dir(), len(script.encode()))
    return Reply({"sizes": sizes})
