"""A run's algorithm with everything it holds: networks, optimizers, random streams, statistics.

It knows no thread, no disk and no clock. `step` goes one step on; `state` and `load_state` carry it over to another
process such that what follows is the same to the last bit (on the CPU, with as many threads).
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.config.codec import get_at, replace_at, spec_at
from gan_core.data.base import ImageSet
from gan_core.nets.base import ImageShape
from gan_core.objectives import add_instance_noise, decayed_sigma
from gan_core.objectives.base import Adaptive, Penalty
from gan_core.training.adaptive import AdaptiveStrength
from gan_core.training.backends import compiled
from gan_core.training.backends.base import Backend
from gan_core.training.backends.choice import make_backend
from gan_core.training.batches import Batches
from gan_core.training.build import Networks, build_networks, draw_latents
from gan_core.training.configuration.run_config import RunConfig
from gan_core.training.due import Due
from gan_core.training.ema import WeightAverage, ema_decay
from gan_core.training.guard import Guard, SoundCopy, Trouble, whose_weights
from gan_core.training.held_out import EVERY_POINTS, HeldOut
from gan_core.training.observe.sample_grid import GridView, SampleGrid
from gan_core.training.observe.scene import Scene
from gan_core.training.observe.stage import PlaneView
from gan_core.training.precision import forward_context
from gan_core.training.seeds import stream_generator, stream_seed
from gan_core.training.statistics import Window
from gan_core.training.step import OptimizerStep, StepContext, StepObserver
from gan_core.training.together.ranks import Ranks
from gan_core.training.together.shared_batch import SharedPenalty, led, share_batch

STATE_FORMAT = 1

Players = Literal["both", "discriminator", "generator"]


class Trainer:
    """One run in training on one device.

    ranks: the processes that train it together, of which each has such a trainer; None where there is only this one.
    """

    def __init__(
        self, config: RunConfig, data: ImageSet, device: torch.device, ranks: Ranks | None = None
    ) -> None:  # fmt: skip
        self.config = config
        self.device = device
        self.ranks = ranks
        self.shape = ImageShape(data.channels, data.size)
        self.class_count = len(data.classes) if config.conditional else 0
        self.step_count = 0
        self.images = 0
        data = data.to(device)
        part = ranks.part if ranks else None
        self.batches = Batches(
            data, config.batch_size, config.seed, device, labelled=bool(self.class_count), part=part
        )
        nets: Networks = build_networks(config, self.shape, self.class_count, device)
        self.generator, self.discriminator = nets.generator, nets.discriminator
        self.g_weights = [p for p in self.generator.parameters() if p.requires_grad]
        self.d_weights = [p for p in self.discriminator.parameters() if p.requires_grad]
        self.backend: Backend
        self.renew_backend()
        self.g_moments = config.g_optimizer.start([w.detach() for w in self.g_weights])
        self.d_moments = config.d_optimizer.start([w.detach() for w in self.d_weights])
        self.average = WeightAverage(self.generator)
        self.guard = Guard(device)
        self.window = Window()
        self.due = Due(self)
        self.latents_rng = stream_generator(config.seed, "latents", device)
        self._noise_rng = stream_generator(config.seed, "noise", device)
        if ranks is not None:
            self._noise_rng = ranks.stream(stream_seed(config.seed, "noise"))
            for net in (self.generator, self.discriminator):
                share_batch(net, ranks)
        self._grid = GridView(config, self.class_count, device)
        self._plane = PlaneView(config, data, device) if self.shape.is_points else None
        self._strength = AdaptiveStrength(getattr(config.augmentation, "start", 0.0), device)
        self._held_out = HeldOut.of(data, config, device)
        self.last_examined: Trouble | None = None
        self._sound = SoundCopy((self.generator, self.discriminator, self.average.net))

    def compiled_spec(self) -> compiled.CompiledStepSpec | None:
        """What its compiled step is made from; None where there is none for this configuration."""
        config = replace(self.config, k_d=1)  # which may change on the way: those steps are `dense`'s
        if self.ranks is not None or compiled.unsupported(config, self.shape, self.device):
            return None
        return compiled.spec_of(config, self.shape)

    def renew_backend(self) -> None:
        """After a change of `config.backend`, or once the weights lie elsewhere."""
        config = self.config if self.ranks is None else replace(self.config, backend="reference")
        self.backend = make_backend(config, self.shape, self.device, self.generator, self.discriminator)

    def use_library(self, library: compiled.CompiledStep) -> None:
        """Before the first step: take the compiled backend, with what was made from `compiled_spec`."""
        self.backend = compiled.Compiled(self.backend, library)

    # --- one step on

    def advance(self, most: int, players: Players = "both") -> None:
        """At least one step and at most so many, one after another: several only where the backend takes them so."""
        if players == "both":
            self.backend.run(self, most)
        else:
            self.step_in_parts(players)

    def step(self, players: Players = "both", watch: StepObserver | None = None) -> None:
        """One step; see `step_in_parts`."""
        if players == "both" and watch is None:
            self.backend.run(self, 1)
        else:
            self.step_in_parts(players, watch)

    def step_in_parts(self, players: Players = "both", watch: StepObserver | None = None) -> None:
        """k_d updates of D and one of G, all on batches of their own; G's last fakes serve both players.

        players: with only one of them the other stays as it is; the same random numbers are used up.
        watch: is shown the parts of the step, which is the same to the last bit.
        """
        self.step_count += 1
        config, game = self.config, self.game(watch)
        for update in range(config.k_d):
            last = update == config.k_d - 1
            real, labels = self.batches.next()
            z = draw_latents(config.latent, config.batch_size, self.latents_rng)
            z = z if self.ranks is None else self.ranks.part(z)
            fake = self.backend.parts.generate(game, z, labels, graph=last)
            if watch is not None:
                watch.drew(real, labels, z, fake)
            if players != "generator":
                window = self.window if last else None
                self.backend.parts.update_discriminator(game, self.step_count, real, fake, labels, window)
                if window is not None:
                    self._adapt(window)
            self.images += config.batch_size
        if players != "discriminator":
            self.backend.parts.update_generator(game, self.step_count, real, fake, labels, self.window)
        self._average_weights()

    def _adapt(self, window: Window) -> None:
        """Move the augmentation's strength after a step's last update of D, where it is one that adapts."""
        rule, config = self.config.augmentation, self.config
        if isinstance(rule, Adaptive):
            real_logits, fake_logits = window.real_logits[-1].float(), window.fake_logits[-1].float()
            self._strength.watch(rule, config.loss, real_logits, fake_logits, config.batch_size * config.k_d)

    def _average_weights(self) -> None:
        if (decay := self.average_keeps(self.images)) is not None:
            self.average.update(decay)

    def average_keeps(self, images: int) -> float | None:
        """The decay of the average of weights after so many images; None where there is no average."""
        ema = self.config.ema
        if not ema.half_life_images:
            return None
        return ema_decay(ema.half_life_images, ema.ramp_up, images, self.config.batch_size)

    def learning_rates(self, images: int) -> tuple[float, float]:
        """Of G and of D after so many images, the schedule in them."""
        config = self.config
        factor = config.schedule.factor(images, config.total_images)
        return config.g_optimizer.lr * factor, config.d_optimizer.lr * factor

    def game(self, watch: StepObserver | None = None) -> StepContext:
        """The players and the rules as they are now."""
        config = self.config
        g_lr, d_lr = self.learning_rates(self.images)
        penalty = config.penalty if self.ranks is None else cast(Penalty, SharedPenalty(config.penalty, self.ranks))
        return StepContext(
            self.backend.generator, self.backend.discriminator, self.discriminator, self.g_weights, self.d_weights,
            OptimizerStep(config.g_optimizer, self.g_moments, g_lr),
            OptimizerStep(config.d_optimizer, self.d_moments, d_lr),
            config.loss, penalty, config.pack, self._see,
            lambda: forward_context(config.precision, self.device), self._noise_rng, self.guard, watch, self.ranks,
        )  # fmt: skip

    def _see(self, images: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """What the discriminator gets to see: augmentation first, then instance noise."""
        rule, rng = self.config.augmentation, rng or self._noise_rng
        with led(self.ranks):
            if isinstance(rule, Adaptive):
                images = rule.augment_at(images, self._strength.strength, rng)
            elif rule.active:
                images = rule.augment(images, rng)
            sigma = self.instance_noise_sigma()
            return add_instance_noise(images, sigma, rng) if sigma > 0 else images

    def instance_noise_sigma(self) -> float:
        noise = self.config.instance_noise
        return decayed_sigma(noise.sigma, noise.decay_images, self.images)

    # --- reading

    @property
    def finished(self) -> bool:
        return self.images >= self.config.total_images

    @property
    def trouble(self) -> Trouble | None:
        """What the guard has caught, as far as is known without waiting for the device."""
        return self.guard.known

    def point(self) -> dict[str, float]:
        """The means since the last point; waits for the device, and looks at the weights (`last_examined`)."""
        values = self.window.means(self.config.loss)
        self.window.clear()
        values["d_sign_real"] = 2.0 * values["d_accuracy_real"] - 1.0
        values["g_lr"], values["d_lr"] = self.learning_rates(self.images)
        values["instance_noise"] = self.instance_noise_sigma()
        if isinstance(self.config.augmentation, Adaptive):
            values["augmentation_strength"] = float(self._strength.strength)
        if self._held_out is not None and self.step_count % (self.due.every_steps * EVERY_POINTS) == 0:
            with self.ranks.alone() if self.ranks else nullcontext():
                values["d_held_out"] = self._held_out.score(self.game(), self._see, self.config.seed)
        self.last_examined = self.examine()
        return values

    @torch.no_grad()
    def examine(self) -> Trouble | None:
        """Look for trouble. Where a number in the networks went bad, the last good ones come back."""
        trouble = self.guard.trouble()
        if not self._sound.networks_are_sound():
            trouble = trouble or Trouble(self.step_count, whose_weights(self.discriminator), "weights")
            self._sound.bring_back()
        elif trouble is None:
            self._sound.renew()
        return trouble

    def keep_grid(self) -> SampleGrid | Scene:
        """A grid that counts as kept."""
        self.due.kept_grid()
        return self.grid()

    @torch.no_grad()
    def grid(self) -> SampleGrid | Scene:
        """The averaged generator's samples of the fixed latents, and D's score of each; points as a scene."""
        if self._plane is not None:
            return self._plane.scene(self)
        return self._grid.samples(self)

    @torch.no_grad()
    def plane_points(self) -> NDArray[np.float32]:
        """The points [2000, 2] of a run of points' fixed latents."""
        assert self._plane is not None
        return self._plane.points(self)

    def sampler(self) -> torch.nn.Module:
        """The network that samples are drawn from; in eval mode."""
        return self.average.current(follow=self.config.ema.half_life_images == 0)

    # --- changes from outside

    def change(self, path: str, value: object) -> tuple[Any, Any]:
        """Set a live field between two steps; moments stay. Returns the value before and after.

        Raises ConfigError for an unknown field or value, ValueError for one that is not live.
        """
        if not spec_at(self.config, path).live:
            raise ValueError(f"{path} cannot change while a run trains; branch the run or start a new one.")
        self.sampler()  # without a half-life the average is the weights as last looked at: look now, not by chance
        before = get_at(self.config, path)
        self.config = replace_at(self.config, path, value)
        self.due.changed()
        return before, get_at(self.config, path)

    # --- carrying over

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on, as tensors and plain values."""
        self.sampler()  # brings the average's buffers up to date
        return {
            "format": STATE_FORMAT,
            "seed": self.config.seed,
            "step": self.step_count,
            "images": self.images,
            **self.due.state(),
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "average": self.average.net.state_dict(),
            "g_optimizer": self.g_moments.state(),
            "d_optimizer": self.d_moments.state(),
            "batches": self.batches.state(),
            "latents_rng": self.latents_rng.get_state(),
            "noise_rng": self._noise_rng.get_state(),
            "window": self.window.state(),
            "augmentation": self._strength.state(),
        }

    def load_state(self, state: dict[str, Any], *, branched: bool = False) -> None:
        """Go on from `state`; a branch may have other optimizers, batches and another seed, which then start anew.

        Raises ValueError where the state does not fit this configuration or this data.
        """
        if state.get("format") != STATE_FORMAT:
            raise ValueError(f"The checkpoint has format {state.get('format')}; this version reads {STATE_FORMAT}.")
        try:
            self.generator.load_state_dict(state["generator"])
            self.discriminator.load_state_dict(state["discriminator"])
            self.average.net.load_state_dict(state["average"])
        except RuntimeError as error:
            raise ValueError("The checkpoint's networks are not those that this configuration describes.") from error
        for moments, kept in ((self.g_moments, state["g_optimizer"]), (self.d_moments, state["d_optimizer"])):
            if moments.fits(kept) or not branched:
                moments.load_state(kept)
        if not branched or state["seed"] == self.config.seed:
            self.batches.load_state(state["batches"], other_data=branched)
            self.latents_rng.set_state(state["latents_rng"])
            self._noise_rng.set_state(state["noise_rng"])
        if not branched:
            self.window.load_state(state["window"])
        self.step_count, self.images = int(state["step"]), int(state["images"])
        self.due.load_state(state)
        if "augmentation" in state:  # earlier versions had none
            self._strength.load_state(state["augmentation"])
        self._sound.renew()
