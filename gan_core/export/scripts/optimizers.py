"""A run's optimizers, as torch.optim has them where it has them."""

from __future__ import annotations

from gan_core.export.scripts.bundle import Program
from gan_core.export.scripts.values import literal
from gan_core.training.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop

_EPS = "eps=1e-8"


def torch_optim(options: Optimizer) -> str:
    """The call of torch.optim that makes it, of `weights`; "" for one that is not there."""
    lr = f"lr={literal(options.lr)}"
    if isinstance(options, AdamW):
        betas = f"betas=({literal(options.beta1)}, {literal(options.beta2)})"
        return f"torch.optim.AdamW(weights, {lr}, {betas}, {_EPS}, weight_decay={literal(options.weight_decay)})"
    if isinstance(options, Adam):
        betas = f"betas=({literal(options.beta1)}, {literal(options.beta2)})"
        return f"torch.optim.Adam(weights, {lr}, {betas}, {_EPS})"
    if isinstance(options, RMSprop):
        return f"torch.optim.RMSprop(weights, {lr}, alpha={literal(options.alpha)}, {_EPS})"
    if isinstance(options, SGD):
        return f"torch.optim.SGD(weights, {lr}, momentum={literal(options.momentum)})"
    return ""


def stand_optimizer(program: Program, player: str, options: Optimizer) -> None:
    """The templates' g_optimizer or d_optimizer ("g", "d") is this one."""
    kind, made = "torch.optim.Optimizer", torch_optim(options)
    if not made:
        kind, made = "OwnOptimizer", f"OwnOptimizer(weights, {player}_start, {player}_update)"
        program.stands_for(f"{player}_start", options, "start")
        program.stands_for(f"{player}_update", options, "update")
    name = f"{player}_optimizer"
    program.written(name, f"def {name}(weights: list[nn.Parameter]) -> {kind}:\n    return {made}\n")
