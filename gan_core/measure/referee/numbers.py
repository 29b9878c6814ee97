"""Numbers as the referee says them."""

from __future__ import annotations

import math


def number_words(value: float) -> str:
    """Three digits at most: 0.0123, 1.23, 1,230; very small ones as 1.2e-05."""
    if math.isnan(value):
        return "unknown"
    if value != 0 and abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{float(f'{value:.3g}'):,.6g}"


def share_words(share: float) -> str:
    """How far samples still are from real ones, 1 being the untrained generator: it is a rough measure."""
    if share <= 0.1:
        return "The samples are close to real ones"
    if share <= 0.35:
        return "The samples have come most of the way to real ones"
    if share <= 0.65:
        return "The samples are about halfway between the untrained generator's and real ones"
    if share <= 1.1:
        return "The samples are hardly nearer to real ones than the untrained generator's"
    return "The samples are further from real ones than the untrained generator's"
