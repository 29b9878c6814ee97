"""What a set of pictures is good for, in a sentence: whether they are enough, and whether large enough."""

from __future__ import annotations

from collections.abc import Sequence

from gan_core.data.uploads.picture import SIDE

FEWEST, SOME, MANY, PLENTY = 40, 200, 1_000, 5_000  # training pictures
_FEW_OF_A_CLASS = 10


def enough(count: int) -> str:
    """Whether so many training pictures are enough, and what would be better."""
    words = f"{count:,} picture{'s' * (count != 1)} to train on"
    if count < FEWEST:
        return f"{words}: too few, it would learn them by heart; bring in at least {FEWEST}."
    if count < SOME:
        return f"{words}: enough to try with DiffAugment; a few hundred are better."
    if count < MANY:
        return f"{words}: enough with DiffAugment; a thousand or more give more variety."
    if count < PLENTY:
        return f"{words}: enough; DiffAugment still helps."
    return f"{words}: plenty, with or without augmentation."


def small_classes(counts: Sequence[tuple[str, int, int]]) -> str:
    """Which classes have very few training pictures; "" where none has. counts: (name, training, held out)."""
    few = [(name, train) for name, train, _ in counts if train < _FEW_OF_A_CLASS]
    if not few:
        return ""
    shown = ", ".join(f"{name} ({train})" for name, train in few[:6])
    more = f" and {len(few) - 6:,} more" if len(few) > 6 else ""
    return f"Of {shown}{more} there are fewer than {_FEW_OF_A_CLASS}: a conditional run would only repeat them."


def sizes(found: Sequence[tuple[int, int]]) -> str:
    """The pictures' own sizes: the smallest, the largest, the one in the middle, and how many are enlarged."""
    if not found:
        return ""
    by_area = sorted(found, key=lambda size: (size[0] * size[1], size))
    small, middle, large = (f"{w:,} × {h:,}" for w, h in (by_area[0], by_area[len(by_area) // 2], by_area[-1]))
    if by_area[0] == by_area[-1]:
        words = f"All are {small} px"
    else:
        words = f"From {small} to {large} px, half of them {middle} or larger"
    enlarged = sum(min(size) < SIDE for size in found)
    if not enlarged:
        return f"{words}; kept at {SIDE} × {SIDE}."
    which = "all" if enlarged == len(found) else f"{enlarged:,}"
    return f"{words}; kept at {SIDE} × {SIDE}, {which} of them enlarged, which adds no detail."
