"""What a rank does that does not lead: builds the same trainer on the same data, and does what rank 0 tells."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from gan_core.config.codec import from_dict
from gan_core.data.base import DataUnavailable
from gan_core.runs.dataset_cache import DatasetCache
from gan_core.runs.storage.data_identity import load_trained
from gan_core.runs.storage.manifest import RunManifest, manifest_from
from gan_core.training import RunConfig
from gan_core.training.thread_count import use_threads
from gan_core.training.together.leading import BUILD, END, FollowingTrainer, following
from gan_core.training.together.ranks import Ranks


def told_of(manifest: RunManifest) -> dict[str, Any]:
    """What the other ranks need to know of a run before they build its trainer."""
    return {"run": manifest.id, "manifest": asdict(manifest)}


def follow_rank_zero(ranks: Ranks, data_dir: Path, device: torch.device) -> None:
    """Until rank 0 says that it is over. Raises RanksLost where that ended without a word."""
    trainer: FollowingTrainer | None = None
    datasets = DatasetCache(data_dir)
    while True:
        word, number, body = ranks.hear()
        if word == END:
            return
        if word == BUILD:
            trainer = _build(ranks, json.loads(body), datasets, device)
        elif trainer is not None:
            trainer.obey(word, number, body)


def _build(
    ranks: Ranks, about: dict[str, Any], datasets: DatasetCache, device: torch.device
) -> FollowingTrainer | None:  # fmt: skip
    """None, and the reason is told to all, where this rank cannot take part."""
    manifest = manifest_from(about["manifest"], about["run"])
    if manifest.threads:
        use_threads(min(manifest.threads, ranks.threads))
    trainer, problem = None, ""
    try:
        data = load_trained(datasets, manifest, from_dict(RunConfig, about["config"]), from_memory=True)
        trainer = following(about, data, device, ranks)
    except (ValueError, OSError, DataUnavailable) as error:
        problem = f"Rank {ranks.rank} cannot take part: {error}"
    return None if any(ranks.everybodys(problem)) else trainer
