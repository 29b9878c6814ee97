"""Rank 0's trainer, which tells the other ranks what it does, and theirs, which does the same."""

from __future__ import annotations

import io
import json
from typing import Any

import torch

from gan_core.config.codec import from_dict, to_dict
from gan_core.data.base import ImageSet
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.guard import Trouble, total_norm
from gan_core.training.together.ranks import Ranks
from gan_core.training.trainer import Players, Trainer

END, BUILD, SETTINGS, STATE, ADVANCE, EXAMINE = range(6)
_PLAYERS: tuple[Players, ...] = ("both", "discriminator", "generator")


class LeadingTrainer(Trainer):
    """Rank 0's. Whatever moves weights or depends on all ranks is told first; the rest is its own affair.

    about: what the others need to find the same data, as JSON has it. Raises ValueError, one sentence, where one of
    them cannot take part, and RanksLost.
    """

    ranks: Ranks

    def __init__(
        self, config: RunConfig, data: ImageSet, device: torch.device, ranks: Ranks, about: dict[str, Any]
    ) -> None:  # fmt: skip
        about = {**about, "config": to_dict(config), "content": [data.content, len(data.images)]}
        ranks.tell(BUILD, body=json.dumps(about).encode())
        super().__init__(config, data, device, ranks)
        self._told = config
        if problem := next(filter(None, ranks.everybodys("")), ""):
            raise ValueError(problem)

    def advance(self, most: int, players: Players = "both") -> None:
        self._tell_settings()
        self.ranks.tell(ADVANCE, _PLAYERS.index(players))
        super().advance(1, players)

    def _tell_settings(self) -> None:
        if self.config is not self._told:
            self.ranks.tell(SETTINGS, body=json.dumps(to_dict(self.config)).encode())
            self._told = self.config

    def load_state(self, state: dict[str, Any], *, branched: bool = False) -> None:
        super().load_state(state, branched=branched)
        self._tell_settings()
        kept = io.BytesIO()
        torch.save(state, kept)
        self.ranks.tell(STATE, int(branched), kept.getvalue())

    def examine(self) -> Trouble | None:
        """Raises RuntimeError too where the ranks' weights are not the same any more."""
        self.ranks.tell(EXAMINE)
        norms = self.ranks.everybodys(_fingerprint(self))
        if len(set(norms)) > 1:
            raise RuntimeError("The processes' networks are not the same any more: one of them computes wrongly.")
        return super().examine()

    def state(self) -> dict[str, Any]:
        return super().state() | {"processes": self.ranks.count}


class FollowingTrainer(Trainer):
    """Any other rank's: does what rank 0 tells, draws and keeps nothing."""

    def _average_weights(self) -> None:
        """Nothing: only rank 0 draws samples."""

    def obey(self, word: int, number: int, body: bytes) -> None:
        """What rank 0 told. Raises RanksLost."""
        if word == SETTINGS:
            self.config = from_dict(RunConfig, json.loads(body))
        elif word == STATE:
            self.load_state(torch.load(io.BytesIO(body), weights_only=True), branched=bool(number))
            self.window.clear()
        elif word == ADVANCE:
            self.advance(1, _PLAYERS[number])
            self.window.clear()
        elif word == EXAMINE:
            assert self.ranks is not None
            self.ranks.everybodys(_fingerprint(self))
            self.examine()
        else:
            raise ValueError(f"{word} is not a word between ranks.")


def following(about: dict[str, Any], data: ImageSet, device: torch.device, ranks: Ranks) -> FollowingTrainer:
    """The trainer that rank 0 told to build, on the data found here. Raises ValueError where those are others."""
    if about["content"] != [data.content, len(data.images)]:
        raise ValueError(f"Rank {ranks.rank} finds other images than rank 0; give all of them the same data folder.")
    return FollowingTrainer(from_dict(RunConfig, about["config"]), data, device, ranks)


def _fingerprint(trainer: Trainer) -> str:
    """Of both networks: the same where they are, to the last bit, but for a rare chance."""
    nets = (trainer.generator, trainer.discriminator)
    weights = [t.detach() for net in nets for t in (*net.parameters(), *net.buffers()) if t.is_floating_point()]
    return float(total_norm(weights)).hex()
