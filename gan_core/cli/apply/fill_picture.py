"""`fill-picture`: what is missing of a picture, filled in several ways, and how near each is to the truth."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from gan_core.apply.completion.task import MASK, PICTURE, FillPicture
from gan_core.cli.apply import content_of, work
from gan_core.cli.configure import read_pairs
from gan_core.cli.show import table
from gan_core.cli.terminal.errors import CommandError
from gan_core.config.codec import apply_sets, from_dict, to_dict
from gan_core.config.files import write_atomically


def fill_picture(arguments: argparse.Namespace) -> int:
    """Fill it in the foreground; the pictures come into the folder --out, and stay with the job too."""
    out: Path = arguments.out
    if out.exists() and not out.is_dir():
        raise CommandError(f"--out is {out}, which is not a folder; the pictures go into one: name a new one.")
    if not out.parent.is_dir():
        raise CommandError(f"--out is {out}, but there is no folder {out.parent}; make it, or name another place.")
    task = from_dict(FillPicture, to_dict(apply_sets(_asked(arguments), read_pairs(arguments.sets))))
    given = {PICTURE: arguments.picture, MASK: arguments.mask}
    inputs = {name: content_of(file, name) for name, file in given.items() if file is not None}
    job, outcome = work(arguments, task, inputs)
    out.mkdir(exist_ok=True)
    for file in job.files():
        write_atomically(out / file.name, file.read_bytes())
    if arguments.json:
        print(json.dumps({"job": job.id, "out": str(out), **outcome}))
    else:
        print(_words(outcome, out))
    return 0


def _asked(arguments: argparse.Namespace) -> FillPicture:
    hiding = "mask" if arguments.mask is not None else arguments.hide or "transparent"
    held_out = arguments.held_out
    return FillPicture(
        model=arguments.model, source="upload" if held_out is None else "held-out", index=held_out or 0,
        hiding=hiding, count=arguments.count, truth=not arguments.damaged,
    )  # fmt: skip


def _words(outcome: dict[str, Any], out: Path) -> str:
    rows = [{"picture": f"completion {i}", **_figures(one)} for i, one in enumerate(outcome["completions"], 1)]
    rows += [{"picture": one["words"], **_figures(one)} for one in outcome["simple"].values()]
    lines = [table(rows), outcome["verdict"], *outcome["notes"], f"{out}: the pictures, a sheet of all, scores.csv."]
    return "\n".join(lines)


def _figures(one: dict[str, Any]) -> dict[str, str]:
    error = {"off on the known part": f"{one['error']:.1f}" if "error" in one else "-"}
    if "psnr" not in one:
        return error
    return {**error, "PSNR, dB": f"{one['psnr']:.1f}", "L1": f"{one['l1']:.1f}", "SSIM": f"{one['ssim']:.3f}"}
