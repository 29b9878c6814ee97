"""Runs in which something is changed on the way: some break of it, and some do not mind."""

from __future__ import annotations

from benchmarks.referee.scenarios import DENSE, RING, STILL, Scenario, varied
from gan_core.training import preset
from gan_core.training.configuration.gallery import scene

LIVE = ("live change",)
_PRESET = varied(preset("ring").config, batch_size=128)
_CLOTHES = varied(DENSE, ema__half_life_images=2_000)
_G, _D = "g_optimizer.lr", "d_optimizer.lr"

LIVE_BAD = (
    Scenario("ring, G's rate up", "0.004 to 0.3", LIVE, _PRESET, 1_600, ((_G, 0.3),), 763),
    Scenario("ring, D's rate up", "0.004 to 0.3", LIVE, _PRESET, 1_600, ((_D, 0.3),), 763),
    Scenario("ring, both rates up", "0.001 to 0.1", LIVE, STILL, 1_600, ((_G, 0.1), (_D, 0.1)), 810),
    Scenario("ring, G's rate far up", "0.001 to 0.05, momentum 0.9", LIVE, RING, 1_600, ((_G, 0.05),), 810),
    Scenario("cloud, momentum on", "beta 1 of both from 0 to 0.95", LIVE,
             varied(scene("oscillation").fixed, batch_size=128), 1_600,
             (("g_optimizer.beta1", 0.95), ("d_optimizer.beta1", 0.95)), 630),
    Scenario("clothes, G's rate up", "0.001 to 0.1", LIVE, _CLOTHES, 700, ((_G, 0.1),), 350),
    Scenario("clothes, D's rate up", "0.001 to 0.1", LIVE, _CLOTHES, 700, ((_D, 0.1),), 350),
    Scenario("clothes, penalty off", "the gradient penalty's weight from 10 to 0", LIVE,
             varied(scene("critic").fixed, g_optimizer__lr=2e-3, d_optimizer__lr=2e-3), 500,
             (("penalty.weight", 0.0),), 250),
)  # fmt: skip

LIVE_HEALTHY = (
    Scenario("ring, G's rate down", "0.004 to 0.001", (), _PRESET, 1_600, ((_G, 0.001),), 763),
    Scenario("ring, D's rate down", "0.004 to 0.002", (), _PRESET, 1_600, ((_D, 0.002),), 763),
    Scenario("ring, more updates of D", "three a step instead of one", (), STILL, 1_600, (("k_d", 3),), 810),
    Scenario("ring, noise on D's input", "a standard deviation of 0.1", (), STILL, 1_600,
             (("instance_noise.sigma", 0.1),), 810),
    Scenario("clothes, average off", "the half-life of the moving average to 0", (), _CLOTHES, 700,
             (("ema.half_life_images", 0),), 350),
    Scenario("clothes, rates down", "both to a fifth", (), _CLOTHES, 700, ((_G, 2e-4), (_D, 2e-4)), 350),
    Scenario("clothes, augmentation off", "DiffAugment's strength from 1 to 0", (),
             varied(_CLOTHES, augmentation="diffaugment"), 700, (("augmentation.strength", 0.0),), 350),
)  # fmt: skip
