"""A trained generator as ONNX, which runs without PyTorch: in onnxruntime, in a browser, on a phone."""

from __future__ import annotations

import copy
import io
import json
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

from gan_core.nets.base import GeneratorNet

OPSET = 18  # of 2022: what every runtime of the last years reads
LATENT, LABEL, IMAGE, BATCH = "latent", "label", "image", "batch"

_EXAMPLES = 2  # a batch of one would be taken for a batch that is always one


def onnx_file(
    net: GeneratorNet, *, latent_dim: int, class_count: int, run: str, step: int, config: Mapping[str, Any],
    classes: Sequence[str] = (),
) -> bytes:  # fmt: skip
    """The generator as the bytes of an ONNX file, opset 18.

    Inputs: latent float32 [batch, latent_dim] and, of a conditional generator (class_count > 0), label int64
    [batch]. Output: image float32 [batch, C, size, size] in [-1, 1]; points [batch, 2, 1, 1], without bounds.
    Metadata (all texts): run, step, config (the run's configuration as JSON, sorted keys), classes (JSON) and
    how_to_use.

    net: on the CPU; it is not changed. Takes a second the first time and a few tenths after.
    """
    import onnx  # slow to import, and only needed here

    net = _exportable(net)
    inputs: tuple[torch.Tensor, ...] = (torch.zeros(_EXAMPLES, latent_dim),)
    names = [LATENT]
    if class_count:
        inputs, names = (*inputs, torch.zeros(_EXAMPLES, dtype=torch.int64)), [LATENT, LABEL]
    out = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter that traces is announced to be replaced; the newer one gives the same graph in 3 s instead of
        # 0.1 s, after 15 s for importing a compiler.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net, inputs, out, dynamo=False,  # type: ignore[arg-type]
            opset_version=OPSET, input_names=names, output_names=[IMAGE],
            dynamic_axes={name: {0: BATCH} for name in (*names, IMAGE)},
        )  # fmt: skip
    model = onnx.load_from_string(out.getvalue())
    words = {
        "run": run, "step": str(step), "config": json.dumps(config, sort_keys=True),
        "classes": json.dumps(list(classes)), "how_to_use": _how_to_use(latent_dim, classes, config),
    }  # fmt: skip
    onnx.helper.set_model_props(model, words)
    model.producer_name, model.doc_string = "GANscope", words["how_to_use"]
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data


def _exportable(net: GeneratorNet) -> GeneratorNet:
    """A copy in eval mode without gradients, in the few kinds of layer that the exporter knows.

    Spectral norm becomes part of the weights that it divides. BatchNorm gets a scale and a shift where it has none:
    without them the exporter would have to guess the number of channels.
    """
    net = copy.deepcopy(net).eval()
    for layer in list(net.modules()):
        if parametrize.is_parametrized(layer, "weight"):
            # As remove_parametrizations, which would also take the weight from the class that `net` shares.
            weight = nn.Parameter(torch.as_tensor(layer.weight).detach())
            del layer.parametrizations
            layer.__class__ = type(layer).__bases__[0]
            layer.register_parameter("weight", weight)
        if isinstance(layer, nn.BatchNorm2d) and not layer.affine and layer.running_mean is not None:
            layer.weight = nn.Parameter(torch.ones_like(layer.running_mean))
            layer.bias = nn.Parameter(torch.zeros_like(layer.running_mean))
            layer.affine = True
    return net.requires_grad_(False)


def _how_to_use(latent_dim: int, classes: Sequence[str], config: Mapping[str, Any]) -> str:
    drawn = "uniform on [-1, 1]" if config.get("latent", {}).get("distribution") == "uniform" else "N(0, 1)"
    label = f'; feed "{LABEL}" int64 [N], a class each from 0 to {len(classes) - 1}' if classes else ""
    return (
        f'Feed "{LATENT}" float32 [N, {latent_dim}], {drawn} each{label}; read "{IMAGE}" float32 [N, C, H, W] from '
        "-1 (black) to 1 (white), or points [N, 2, 1, 1] in their own coordinates."
    )
