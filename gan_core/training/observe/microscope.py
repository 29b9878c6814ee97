"""One step of a run of points taken apart: what was drawn, judged and moved, in numbers.

The step is the trainer's own (`Trainer.step_in_parts`), watched; what comes after it is the same to the last bit.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_core.data.sets.points import PointDataset
from gan_core.objectives.base import Loss
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.observe.scene import Floats, dense_layers, encode_arrays
from gan_core.training.observe.stage import both_networks, heat_map, plane_cells
from gan_core.training.step import StepContext, generate
from gan_core.training.trainer import Players, Trainer

MOST_POINTS = 256
SPELLED = 2  # summands of a mean that are written out

_NOTHING: Floats = np.zeros(0, np.float32)


@dataclass(frozen=True)
class Term:
    """One summand of a loss: as the loss writes it, with this batch's first numbers ("" if no mean), its value."""

    formula: str
    spelled: str
    value: float


@dataclass(frozen=True)
class Layer:
    """One dense layer in one move: the Euclidean norm of its gradient, and of the way that its weights went."""

    name: str
    gradient: float
    moved: float


@dataclass(frozen=True)
class Turn:
    """One player's move.

    terms: they add up to `loss`; penalty: added to it at this step, None where there is none. after: the same loss
    of the same batch (but, for G, of what G makes now) after the move. lr: the step size.
    """

    terms: tuple[Term, ...]
    penalty: Term | None
    loss: float
    after: float
    lr: float
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class StepTrace:
    """Plain data; arrays are float32 and cover the first n <= 256 points of the batch.

    step: the number of the step, which has been taken. updates: of D in it; the last one is shown. d, g: None for a
    player that stayed as it is; its arrays are then empty. noise: standard deviation of the instance noise that D
    looks through. latents [n, dim], real and fakes [n, 2], fakes_after [n, 2] of the same latents.
    real_scores, fake_scores [n]: D's as it entered D's loss; g_scores [n]: of the fakes as it entered G's loss.
    real_pulls, fake_pulls [n]: minus the gradient of D's loss with respect to that point's logit, times the batch:
    above 0, D's loss wants a higher score there. arrows [n, 2]: minus the gradient of G's loss with respect to that
    point, times the batch. heat, heat_after [64, 64], margin, margin_after [4004]: D's map as in a scene. networks,
    networks_after: as in a scene, of the generator in training.
    """

    step: int
    updates: int
    batch: int
    pack: int
    noise: float
    probability: bool
    d: Turn | None
    g: Turn | None
    latents: Floats
    real: Floats
    fakes: Floats
    fakes_after: Floats
    heat: Floats
    heat_after: Floats
    real_scores: Floats = field(default_factory=lambda: _NOTHING)
    fake_scores: Floats = field(default_factory=lambda: _NOTHING)
    real_pulls: Floats = field(default_factory=lambda: _NOTHING)
    fake_pulls: Floats = field(default_factory=lambda: _NOTHING)
    g_scores: Floats = field(default_factory=lambda: _NOTHING)
    arrows: Floats = field(default_factory=lambda: _NOTHING.reshape(0, 2))
    networks: dict[str, Floats] = field(default_factory=dict)
    networks_after: dict[str, Floats] = field(default_factory=dict)
    margin: Floats = field(default_factory=lambda: _NOTHING)
    margin_after: Floats = field(default_factory=lambda: _NOTHING)


def dissect(trainer: Trainer, players: Players = "both") -> StepTrace:
    """Take one step of a run of points, as `trainer.step(players)` would, and tell what happened in it."""
    config = trainer.config
    assert isinstance(config.data, PointDataset)
    slides = _TraceObserver(trainer)
    trainer.step(players, slides)
    generator, discriminator = copy.deepcopy(trainer.generator), copy.deepcopy(trainer.discriminator)
    before, now = [slides.generator, slides.discriminator], [generator, discriminator]
    for net in (*before, *now):
        net.eval()
    cells = plane_cells(config, trainer.device)
    maps, maps_after = (heat_map(config, d, cells) for d in (slides.discriminator, discriminator))
    networks, networks_after = both_networks(*before), both_networks(*now)
    generator.train()
    discriminator.train()  # as the step sees them
    after = replace(trainer.game(), generator=generator, discriminator=discriminator, critic=discriminator)
    with torch.no_grad():
        fakes_after = (
            generate(after, slides.z, slides.labels, graph=False) if players != "discriminator" else slides.fake
        )
        turns = {player: _turn(slides, after, player, fakes_after) for player in slides.turns}
    return StepTrace(
        trainer.step_count, config.k_d, config.batch_size, config.pack, slides.noise,
        config.loss.probability, turns.get(0), turns.get(1), _rows(slides.z), _rows(slides.real),
        _rows(slides.fake), _rows(fakes_after), maps[0], maps_after[0], **_per_point(config, slides),
        networks=networks, networks_after=networks_after, margin=maps[1], margin_after=maps_after[1],
    )  # fmt: skip


def encode_dissection(dissection: StepTrace) -> bytes:
    """As a scene is encoded, all float32; the header's "dissection" holds what is not an array.

    "g0.weight" is a weight before the step, "after/g0.weight" the same after it. What is not finite becomes null.
    """
    arrays, words = {}, {}
    for name, value in vars(dissection).items():
        if isinstance(value, np.ndarray):
            arrays[name] = value.astype("<f4")
        elif not isinstance(value, dict):
            words[name] = _plain(value)
    for prefix, networks in (("", dissection.networks), ("after/", dissection.networks_after)):
        arrays |= {prefix + name: array.astype("<f4") for name, array in networks.items()}
    return encode_arrays(arrays, {"dissection": words})


def _plain(value: Any) -> Any:
    """Frozen data as JSON has it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return {k: _plain(v) for k, v in vars(value).items()} if hasattr(value, "__dict__") else value


@dataclass
class _Judged:
    """What one player's move was made from; a gradient is None until it has come."""

    real: Tensor
    fake: Tensor
    real_logits: Tensor | None
    fake_logits: Tensor
    loss: Tensor
    penalty: Tensor | None
    grads: list[Tensor] = field(default_factory=list)
    pulls: dict[str, Tensor] = field(default_factory=dict)


class _TraceObserver:
    """Watches a step and keeps what it is shown; of several updates of D the last."""

    z: Tensor
    real: Tensor
    fake: Tensor
    labels: Tensor | None
    noise: float

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self.generator: nn.Module = copy.deepcopy(trainer.generator)
        self.discriminator: nn.Module = trainer.discriminator
        self.turns: dict[int, _Judged] = {}
        self.arrows: Tensor | None = None

    def drew(self, real: Tensor, labels: Tensor | None, z: Tensor, fake: Tensor) -> None:
        self.real, self.labels, self.z, self.fake = real, labels, z, fake.detach()
        self.noise = self._trainer.instance_noise_sigma()
        self.discriminator = copy.deepcopy(self._trainer.discriminator)
        if fake.requires_grad:
            fake.register_hook(self._keep_arrows)  # type: ignore[no-untyped-call]

    def _keep_arrows(self, gradient: Tensor) -> None:
        self.arrows = -gradient * gradient.shape[0]

    def judged(
        self, player: int, real: Tensor, fake: Tensor, real_logits: Tensor | None, fake_logits: Tensor, loss: Tensor,
        penalty: Tensor | None,
    ) -> None:  # fmt: skip
        turn = _Judged(
            real.detach(), fake.detach(), None if real_logits is None else real_logits.detach(), fake_logits.detach(),
            loss.detach(), None if penalty is None else penalty.detach(),
        )  # fmt: skip
        self.turns[player] = turn
        for name, logits in (("real", real_logits), ("fake", fake_logits)):
            if logits is not None and logits.requires_grad:
                logits.register_hook(partial(_keep, turn, name))  # type: ignore[no-untyped-call]

    def pulled(self, player: int, grads: list[Tensor]) -> None:
        self.turns[player].grads = [grad.detach().clone() for grad in grads]


def _keep(turn: _Judged, name: str, gradient: Tensor) -> None:
    turn.pulls[name] = -gradient * gradient.shape[0]


def _turn(slides: _TraceObserver, after: StepContext, player: int, fakes_after: Tensor) -> Turn:
    turn, loss = slides.turns[player], after.loss
    if player == 0:
        assert turn.real_logits is not None
        values = loss.d_terms(turn.real_logits, turn.fake_logits)
        after_loss = loss.d_loss(*after.judge_both(turn.real, turn.fake, slides.labels))
    else:
        values = loss.g_terms(turn.real_logits, turn.fake_logits)
        seen = fakes_after + (turn.fake - slides.fake)  # through the same noise
        real_logits = after.judge(turn.real, slides.labels) if loss.relativistic else None
        after_loss = loss.g_loss(real_logits, after.judge(seen, slides.labels))
    terms = tuple(
        Term(formula, spell(formula, loss, turn.real_logits, turn.fake_logits), float(value))
        for formula, value in values.items()
    )
    before, now = ((slides.discriminator, after.critic), (slides.generator, after.generator))[player]
    assert isinstance(now, nn.Module)
    move = (after.d_move, after.g_move)[player]
    layers = tuple(_layers("dg"[player], before, now, turn.grads))
    return Turn(terms, _penalty(after, turn), float(turn.loss), float(after_loss), move.lr, layers)


def _penalty(game: StepContext, turn: _Judged) -> Term | None:
    """The penalty as it was added, with the steps that it stands for."""
    if turn.penalty is None:
        return None
    interval, formula = game.penalty.interval, game.penalty.formula()
    words = f"{interval} · {formula}" if interval > 1 else formula
    return Term(words, "", interval * float(turn.penalty))


def spell(formula: str, loss: Loss, real_logits: Tensor | None, fake_logits: Tensor) -> str:
    """ "−mean log D(x)" of a batch of 256 -> "−(log 0.61 + log 0.47 + …) / 256", with its first scores.

    "" of a name, which a loss without formulas gives instead.
    """
    factor, mean, inner = formula.partition("mean ")
    if not mean:
        return ""
    count = len(fake_logits)
    summands = []
    for i in range(min(SPELLED, count)):
        words = inner.replace("D(G(z))", _number(float(loss.score(fake_logits[i]))))
        if real_logits is not None:
            words = words.replace("D(x)", _number(float(loss.score(real_logits[i]))))
        summands.append(words)
    more = " + …" if count > len(summands) else ""
    return f"{factor}({' + '.join(summands)}{more}) / {count}"


def _number(value: float) -> str:
    """Three decimals at most, a negative number in brackets."""
    words = f"{abs(value):.3g}"
    return f"(−{words})" if value < 0 else words


def _layers(player: str, before: nn.Module, now: nn.Module, grads: list[Tensor]) -> list[Layer]:
    """The dense layers of one player; its gradients come in the order of its parameters."""
    weights = [p for p in now.parameters() if p.requires_grad]
    old = [p for p in before.parameters() if p.requires_grad]
    rows = {id(w): (grad, w - o) for w, o, grad in zip(weights, old, grads, strict=True)}
    found = []
    for i, (layer, _) in enumerate(dense_layers(now)):
        pairs = [rows[id(p)] for p in layer.parameters() if id(p) in rows]
        gradient, moved = (math.hypot(*(float(pair[k].norm()) for pair in pairs)) for k in (0, 1))
        found.append(Layer(f"{player}{i}", gradient, moved))
    return found


def _per_point(config: RunConfig, slides: _TraceObserver) -> dict[str, Floats]:
    """Scores, pulls and arrows of the first points; with packing a score stands for each point of its pack."""

    def spread(values: Tensor | None) -> Floats:
        return _NOTHING if values is None else _rows(values.float().repeat_interleave(config.pack))

    found, score = {}, config.loss.score
    if (d := slides.turns.get(0)) is not None:
        assert d.real_logits is not None
        found = {"real_scores": spread(score(d.real_logits)), "fake_scores": spread(score(d.fake_logits)),
                 "real_pulls": spread(d.pulls.get("real")), "fake_pulls": spread(d.pulls.get("fake"))}  # fmt: skip
    if (g := slides.turns.get(1)) is not None:
        found["g_scores"] = spread(score(g.fake_logits))
    if slides.arrows is not None:
        found["arrows"] = _rows(slides.arrows)
    return found


def _rows(values: Tensor) -> Floats:
    """The first points of a batch, [n] or [n, d]."""
    some = values[:MOST_POINTS].detach().float()
    rows: NDArray[np.float32] = (some.flatten(1) if some.dim() > 1 else some).cpu().numpy().copy()
    return rows
