"""A run's optimizers, as torch.optim has them where it has them."""

from __future__ import annotations

from gan_core.export.scripts.rewriting import literal
from gan_core.export.scripts.source import Source
from gan_core.training.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop

_OWN = """\
class OwnOptimizer:
    \"\"\"An optimizer that torch.optim does not have, used as those are.\"\"\"

    def __init__(
        self, weights: Iterable[nn.Parameter], lr: float, start: Callable[..., object], update: Callable[..., None]
    ) -> None:
        self.weights, self.update = list(weights), update
        self.moments = start([w.detach() for w in self.weights])
        self.param_groups = [{"lr": lr}]

    def zero_grad(self) -> None:
        for weight in self.weights:
            weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        grads = [w.grad.contiguous() for w in self.weights]
        self.update(self.moments, grads, self.param_groups[0]["lr"], None)
"""


def torch_optim(options: Optimizer) -> str:
    """The class of torch.optim and its arguments but the first two; "" for one that is not there."""
    if isinstance(options, AdamW):
        betas = f"betas=({literal(options.beta1)}, {literal(options.beta2)})"
        return f"AdamW {betas}, weight_decay={literal(options.weight_decay)}"
    if isinstance(options, Adam):
        return f"Adam betas=({literal(options.beta1)}, {literal(options.beta2)})"
    if isinstance(options, RMSprop):
        return f"RMSprop alpha={literal(options.alpha)}"
    if isinstance(options, SGD):
        return f"SGD momentum={literal(options.momentum)}"
    return ""


def optimizer_call(source: Source, options: Optimizer, player: str, weights: str) -> str:
    """The expression that makes it, of `weights`; player: g or d, for names."""
    lr = f"{player.upper()}_LEARNING_RATE"
    if found := torch_optim(options):
        name, arguments = found.split(" ", 1)
        return f"torch.optim.{name}({weights}, lr={lr}, {arguments})"
    start, update = (source.method(options, method, f"{player}_{method}") for method in ("start", "update"))
    source.once(_OWN)
    source.imports |= {name: ("collections.abc", name) for name in ("Callable", "Iterable")}
    return f"OwnOptimizer({weights}, {lr}, {start}, {update})"
