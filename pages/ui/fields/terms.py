"""Which term of the glossary a setting is explained by."""

from __future__ import annotations

TERMS = {
    "seed": "seed", "batch_size": "batch", "conditional": "class-conditional", "latent": "latent", "dim": "latent",
    "distribution": "latent", "generator": "generator", "discriminator": "discriminator", "ema": "ema",
    "half_life_images": "ema", "ramp_up": "ema", "loss": "loss", "penalty": "gradient-penalty",
    "gamma": "gradient-penalty", "weight": "gradient-penalty", "augmentation": "augmentation",
    "instance_noise": "instance-noise", "sigma": "instance-noise", "decay_images": "instance-noise",
    "pack": "packing", "k_d": "step", "g_optimizer": "adam", "d_optimizer": "adam", "lr": "learning-rate",
    "beta1": "beta", "beta2": "beta", "momentum": "momentum", "schedule": "learning-rate",
    "final_factor": "learning-rate", "norm": "batch-norm", "activation": "activation", "kernel": "convolution",
    "upsample": "checkerboard", "mixing": "mapping", "mapping_layers": "mapping", "total_images": "epoch",
    "checkpoint_images": "checkpoint", "evaluate_images": "fid", "style_dim": "mapping",
    "spectral_norm": "spectral-norm", "strength": "augmentation", "cutout": "augmentation",
    "translation": "augmentation", "colour": "augmentation", "interval": "gradient-penalty",
    "warm_up_images": "learning-rate", "start": "learning-rate", "minibatch_std": "packing", "every_steps": "step",
}  # fmt: skip
"""A field's own name -> the term's id in `assets/glossary`."""


def glossary_link(name: str) -> str:
    """Markdown that leads from a setting's help to its term, "" where it has none."""
    return f" [Glossary](learn?term={TERMS[name]})" if name in TERMS else ""
