"""ADA's controller against its rule in plain Python and through a checkpoint; D's score of held-out images."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from gan_core.data.base import ImageSet
from gan_core.objectives import AdaptiveAugment, DiffAugment, Hinge, NonSaturating
from gan_core.training import RunConfig, Trainer, state_digest
from gan_core.training.adaptive import AdaptiveStrength

CPU = torch.device("cpu")


@pytest.mark.parametrize("loss", [NonSaturating(), Hinge()])
def test_the_strength_follows_the_papers_rule(loss: NonSaturating | Hinge) -> None:
    """p <- clip(p + sign(mean sign - target) * batch * 4 / images_to_full) after every fourth update."""
    rule = AdaptiveAugment(target=0.25, images_to_full=2_000)
    ours, p, signs = AdaptiveStrength(0.05, CPU), 0.05, []
    rng = np.random.default_rng(3)
    for update in range(1, 61):
        real = rng.normal(1.5 if update < 30 else -1.0, 1.0, 32)
        ours.watch(rule, loss, torch.tensor(real), torch.zeros(32), 32)
        signs.append(np.sign(real).mean())
        if update % 4 == 0:
            p = min(1.0, max(0.0, p + np.sign(np.mean(signs[-4:]) - 0.25) * 32 * 4 / 2_000))
        assert float(ours.strength) == pytest.approx(p, abs=1e-6)
    assert p == 0.0


def adapting(config: RunConfig) -> RunConfig:
    quick = AdaptiveAugment(target=-0.5, images_to_full=1_000)  # it rises whatever D says
    return replace(config, augmentation=quick, record=replace(config.record, every_steps=3))


def with_held_out(data: ImageSet) -> ImageSet:
    labels = data.labels[:16] if data.labels is not None else None
    return replace(data, held_out=255 - data.images[:16], held_out_labels=labels)


def test_a_checkpoint_carries_the_strength_to_the_last_bit(tiny: RunConfig, random_images: ImageSet) -> None:
    config, data = adapting(tiny), with_held_out(random_images)
    straight, curves = Trainer(config, data, CPU), []
    state = None
    for step in range(1, 16):
        straight.step()
        if straight.due.point:
            curves.append(straight.point())
        if step == 6:
            state = straight.state()
            state = torch.utils._pytree.tree_map(lambda v: v.clone() if isinstance(v, torch.Tensor) else v, state)
    assert state is not None
    resumed, again = Trainer(config, data, CPU), curves[:2]
    resumed.load_state(state)
    for _ in range(9):
        resumed.step()
        if resumed.due.point:
            again.append(resumed.point())
    assert state_digest(resumed.state()) == state_digest(straight.state())
    assert state_digest(again) == state_digest(curves)
    strengths = [point["augmentation_strength"] for point in curves]
    assert strengths == sorted(strengths)
    assert strengths[-1] == pytest.approx(3 * 32 / 1_000)  # three times four updates of 8 images


def test_the_strength_rises_by_the_images_that_d_has_seen(tiny: RunConfig, random_images: ImageSet) -> None:
    """Whatever share of D's updates is watched: `images_to_full` counts images, of which k_d batches come a step."""
    config = replace(adapting(tiny), k_d=3)
    trainer = Trainer(config, with_held_out(random_images), CPU)
    for _ in range(8):
        trainer.step()
    assert trainer.images == 8 * 3 * 8
    assert trainer.state()["augmentation"]["strength"].item() == pytest.approx(trainer.images / 1_000)


def test_a_checkpoint_without_a_strength_starts_anew(tiny: RunConfig, random_images: ImageSet) -> None:
    state = Trainer(tiny, random_images, CPU).state()
    del state["augmentation"]
    Trainer(adapting(tiny), random_images, CPU).load_state(state)


def test_only_an_adaptive_augmentation_has_a_strength_to_tell(tiny: RunConfig, random_images: ImageSet) -> None:
    trainer = Trainer(replace(tiny, augmentation=DiffAugment()), random_images, CPU)
    trainer.step()
    assert "augmentation_strength" not in trainer.point()


def test_the_strength_changes_what_d_sees(tiny: RunConfig, random_images: ImageSet) -> None:
    plain, changed = (
        Trainer(replace(tiny, augmentation=AdaptiveAugment(start=p)), random_images, CPU) for p in (0.0, 1.0)
    )
    for trainer in (plain, changed):
        trainer.step()
    assert plain.point()["d_loss"] != changed.point()["d_loss"]


def test_d_is_asked_about_held_out_images_and_stays_as_it_is(tiny: RunConfig, random_images: ImageSet) -> None:
    """Every fifth point, against D's own score of them; a run with them is the run without, to the last bit."""
    config = replace(tiny, record=replace(tiny.record, every_steps=1))
    with_them, without = Trainer(config, with_held_out(random_images), CPU), Trainer(config, random_images, CPU)
    scores = []
    for _ in range(5):
        with_them.step()
        without.step()
        without.point()
        scores.append(with_them.point().get("d_held_out"))
    assert scores[:4] == [None] * 4
    assert state_digest(with_them.state()) == state_digest(without.state())
    images = (255 - random_images.images[:16]).float() / 127.5 - 1.0
    rows = torch.randperm(16, generator=_stream(config.seed))
    with torch.no_grad():  # without running statistics D's verdict is the same in training mode and not
        found = torch.cat([with_them.discriminator(images[rows][i : i + 8], None) for i in (0, 8)])
    assert scores[4] == pytest.approx(float(torch.sigmoid(found).mean()), abs=1e-5)


def _stream(seed: int) -> torch.Generator:
    digest = hashlib.sha256(f"{seed}/held-out".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
