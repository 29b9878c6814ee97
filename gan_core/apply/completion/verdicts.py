"""What a completion is worth, in sentences that the figures carry."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gan_core.apply.completion.filling import Filling
from gan_core.apply.completion.scores import Score

_WELL, _ALIKE = 25.0, 18.0  # dB, of the known part: as of the whole picture in `gan_core.latent.inversion`


def known_part(filling: Filling) -> str:
    """How well the generator can make the known part at all: the reconstruction error, beside random samples'."""
    error = filling.chosen[0].error
    psnr = min(99.0, 20.0 * math.log10(255.0 / max(error, 1e-9)))
    figures = (
        f"On the known part the generator's nearest picture is off by {error:.1f} of 255 grey levels (root mean "
        f"square; PSNR {psnr:.1f} dB). The nearest of {filling.pool:,} random samples is off by "
        f"{filling.nearest:.1f}, a random one by {filling.random:.1f}."
    )
    if psnr >= _WELL:
        return f"{figures} It makes such pictures."
    if psnr >= _ALIKE:
        return f"{figures} It makes something alike: expect a plausible filling, not the true one."
    return (
        f"{figures} This generator cannot make such a picture, or none was found: what it puts into the hole says "
        "little of what was there."
    )


def how_many(filling: Filling, wanted: int) -> str:
    """A sentence where fewer were found than were wanted."""
    got = len(filling.chosen)
    if got >= wanted:
        return ""
    few = "Only one completion was" if got == 1 else f"Only {got} different completions were"
    return f"{few} found: the other searches ended at the same."


def beside_simple_ways(first: Score, simple: Mapping[str, tuple[str, Score]]) -> str:
    """Who comes nearest to the truth in the hole. first: of the completion that fits the known part best; simple:
    name -> (what it is, its score)."""
    if not simple:
        return ""
    words, best = max(simple.values(), key=lambda each: each[1].psnr)
    gap = first.psnr - best.psnr
    figures = f"PSNR in the hole {first.psnr:.1f} dB, {words} {best.psnr:.1f} dB"
    if abs(gap) < 0.5:
        return f"The generator's first completion and the best simple way are about as near to the truth: {figures}."
    if gap > 0:
        return f"The generator's first completion is nearer to the truth than every simple way: {figures}."
    return f"A simple way is nearer to the truth than the generator's first completion: {figures}."
