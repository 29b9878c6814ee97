"""A run's dense and convolutional networks as Keras 3 has them, in torch's order of dimensions [N, C, H, W]."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, cast

from torch import nn

from gan_core.export.scripts.rewriting import literal
from gan_core.nets import DcganDiscriminator, DcganGenerator, MlpDiscriminator, MlpGenerator
from gan_core.nets.base import ImageShape
from gan_core.nets.dcgan import DcganDiscriminatorNet, DcganGeneratorNet
from gan_core.nets.mlp import MlpGeneratorNet
from gan_core.objectives.base import Penalty
from gan_core.training import RunConfig
from gan_core.training.build import Networks
from gan_core.training.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop

_INITIAL = {
    "default": 'keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")  # as torch draws them',
    "normal": "keras.initializers.RandomNormal(stddev=0.02)",
    "xavier": "keras.initializers.GlorotUniform()",
    "orthogonal": "keras.initializers.Orthogonal()",
}
_ACTIVATIONS = {nn.ReLU: "relu", nn.Tanh: "tanh", nn.SiLU: "silu", nn.GELU: "gelu"}


def why_no_twin(config: RunConfig) -> str:
    """Why these settings have no Keras twin, in a sentence; "" where they have one."""
    generator, discriminator = config.generator, config.discriminator
    if not isinstance(generator, MlpGenerator | DcganGenerator) or not isinstance(
        discriminator, MlpDiscriminator | DcganDiscriminator
    ):
        return "The Keras twin is for dense and DCGAN networks; choose those for both players."
    if discriminator.spectral_norm or discriminator.minibatch_std:
        return "The Keras twin has no spectral normalisation and no minibatch deviation; switch them off for D."
    if config.pack > 1:
        return "The Keras twin judges images one by one; set the pack to 1."
    if not all(_keras_optimizer(one) for one in (config.g_optimizer, config.d_optimizer)):
        return "The Keras twin moves weights with Adam, AdamW, RMSprop or SGD; choose one of these."
    if type(config.penalty).after_update is not Penalty.after_update:
        return "The Keras twin clips no weights; choose another penalty."
    return ""


def keras_generator(config: RunConfig, nets: Networks, shape: ImageShape, class_count: int) -> str:
    """make_generator of the script: a model of latents [N, D], and of classes [N] where it is told them."""
    rows = _generator_rows(config, nets, shape)
    head = _initial("g", config) + "def make_generator() -> keras.Model:\n"
    head += f'    """{inspect.getdoc(type(nets.generator))}"""\n'
    if not class_count:
        return head + _sequential("LATENT_DIM,", rows)
    embedding = nets.generator.get_submodule("latent.embedding")
    return (
        head
        + f"""\
    z, label = keras.Input((LATENT_DIM,)), keras.Input((), dtype="int32")
    drawn = keras.initializers.RandomNormal(stddev=1.0)
    told = layers.Embedding(CLASS_COUNT, {embedding.embedding_dim}, embeddings_initializer=drawn)(label)
    x = layers.Concatenate()([z, told])
{_one_by_one(rows)}    return keras.Model((z, label), x)
"""
    )


def keras_discriminator(config: RunConfig, nets: Networks, shape: ImageShape, class_count: int) -> str:
    """make_discriminator of the script: a model of images [N, C, H, W], and of classes, which gives logits [N, 1]."""
    rows = _discriminator_rows(config, nets, shape)
    logit = f"layers.Dense(1, kernel_initializer={_initial_name('d', config)}())"
    head = _initial("d", config) + "def make_discriminator() -> keras.Model:\n"
    head += f'    """{inspect.getdoc(type(nets.discriminator))}"""\n'
    size = f"{shape.channels}, {shape.size}, {shape.size}"
    if not class_count:
        return head + _sequential(size, [*rows, logit])
    features = cast("nn.Linear", nets.discriminator.get_submodule("head.linear")).in_features
    return (
        head
        + f"""\
    x = images = keras.Input(({size}))
    label = keras.Input((), dtype="int32")
{_one_by_one(rows)}    drawn = keras.initializers.RandomUniform(-{features**-0.5:.6g}, {features**-0.5:.6g})
    direction = layers.Embedding(CLASS_COUNT, {features}, embeddings_initializer=drawn)(label)
    logit = {logit}(x)
    return keras.Model((images, label), layers.Add()([logit, layers.Dot(1)([x, direction])]))
"""
    )


def _initial_name(player: str, config: RunConfig) -> str:
    """Of the function of the script that gives the player's initializer; one function where both have the same."""
    return "initial" if _init(config, "g") == _init(config, "d") else f"{player}_initial"


def _init(config: RunConfig, player: str) -> str:
    known: dict[str, Any] = {"g": config.generator, "d": config.discriminator}
    return str(known[player].init)


def _initial(player: str, config: RunConfig) -> str:
    """That function: fresh at each call, as an initializer that is used twice draws the same numbers twice."""
    name = _initial_name(player, config)
    if name == "initial" and player == "d":
        return ""  # it stands above the generator
    return f"def {name}() -> keras.initializers.Initializer:\n    return {_INITIAL[_init(config, player)]}\n\n\n"


def _sequential(size: str, rows: list[str]) -> str:
    lines = "".join(f"        {row},\n" for row in [f"keras.Input(({size}))", *rows])
    return f"    return keras.Sequential([\n{lines}    ])\n"


def _one_by_one(rows: list[str]) -> str:
    lines = "".join(f"        {row},\n" for row in rows)
    return f"    for layer in (\n{lines}    ):\n        x = layer(x)\n"


def _generator_rows(config: RunConfig, nets: Networks, shape: ImageShape) -> list[str]:
    """The calls that make its layers, after the latent (with the class's vector beside it)."""
    net, initial = nets.generator, _initial_name("g", config)
    if isinstance(net, MlpGeneratorNet):
        rows = [*_rows(net.layers, initial), *([] if shape.is_points else ['layers.Activation("tanh")'])]
        return [*rows, f"layers.Reshape(({shape.channels}, {shape.size}, {shape.size}))"]
    assert isinstance(net, DcganGeneratorNet)
    dense, to_image = nn.Sequential(net.dense), nn.Sequential(net.to_image)
    return [
        *_rows(dense, initial), f"layers.Reshape(({net.channels}, {net.start}, {net.start}))",
        *_rows(net.layers, initial), *_rows(to_image, initial), 'layers.Activation("tanh")',
    ]  # fmt: skip


def _discriminator_rows(config: RunConfig, nets: Networks, shape: ImageShape) -> list[str]:
    """The calls that make its layers, up to the features that the logit is made of."""
    net = nets.discriminator
    rows = list(_rows(net.get_submodule("layers"), _initial_name("d", config)))
    flat = f"layers.Reshape(({shape.channels * shape.size**2},))"
    return rows if isinstance(net, DcganDiscriminatorNet) else [flat, *rows]


def _rows(layers: nn.Module, initial: str) -> Iterator[str]:
    """Each of torch's layers as one or two of Keras's. initial: the function that gives the kernels' initializers."""
    given = f"kernel_initializer={initial}()"
    for layer in layers.children():
        match layer:
            case nn.Sequential():
                yield from _rows(layer, initial)
            case nn.Linear():
                yield f"layers.Dense({layer.out_features}, {_bias(layer)}{given})"
            case nn.Conv2d():
                kernel, first = layer.kernel_size[0], int(layer.padding[0])
                halves = (kernel, layer.stride[0], first) == (4, 2, 1)  # as "same" does where the size is even
                if first and not halves:
                    yield f"layers.ZeroPadding2D({first})"
                stride = f"strides={layer.stride[0]}, " if layer.stride[0] > 1 else ""
                same = 'padding="same", ' if halves else ""
                yield f"layers.Conv2D({layer.out_channels}, {kernel}, {stride}{same}{_bias(layer)}{given})"
            case nn.ConvTranspose2d():
                kernel, first = layer.kernel_size[0], int(layer.padding[0])
                last = first - layer.output_padding[0]
                same = 'padding="same", ' if kernel == 4 else ""
                size = f"{layer.out_channels}, {kernel}, strides=2"
                yield f"layers.Conv2DTranspose({size}, {same}{_bias(layer)}{given})"
                if not same:
                    yield f"layers.Cropping2D((({first}, {last}), ({first}, {last})))"
            case nn.Upsample():
                yield "layers.UpSampling2D(2)"
            case nn.BatchNorm1d() | nn.BatchNorm2d():
                yield "layers.BatchNormalization(axis=1, momentum=0.9, epsilon=1e-5)"
            case nn.GroupNorm():
                yield f"layers.GroupNormalization({layer.num_groups}, axis=1, epsilon=1e-5)"
            case nn.LayerNorm():
                yield "layers.LayerNormalization(epsilon=1e-5)"
            case nn.LeakyReLU():
                yield f"layers.LeakyReLU(negative_slope={literal(layer.negative_slope)})"
            case nn.Flatten():
                yield "layers.Reshape((-1,))"
            case nn.Identity():
                pass
            case _:
                yield f'layers.Activation("{_ACTIVATIONS[type(layer)]}")'


def _bias(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> str:
    return "" if layer.bias is not None else "use_bias=False, "


def _keras_optimizer(options: Optimizer) -> str:
    if isinstance(options, AdamW):
        betas = f"beta_1={literal(options.beta1)}, beta_2={literal(options.beta2)}, epsilon=1e-8"
        return f"AdamW weight_decay={literal(options.weight_decay)}, {betas}"
    if isinstance(options, Adam):
        return f"Adam beta_1={literal(options.beta1)}, beta_2={literal(options.beta2)}, epsilon=1e-8"
    if isinstance(options, RMSprop):
        return f"RMSprop rho={literal(options.alpha)}, epsilon=1e-8"
    return f"SGD momentum={literal(options.momentum)}" if isinstance(options, SGD) else ""


def keras_optimizer(options: Optimizer, rate: str) -> str:
    """The expression that makes it; rate: the name of its learning rate."""
    name, arguments = _keras_optimizer(options).split(" ", 1)
    return f"keras.optimizers.{name}({rate}, {arguments})"
