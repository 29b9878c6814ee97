"""How many threads torch's operations take in the thread that calls them."""

from __future__ import annotations

import torch


def use_threads(count: int) -> None:
    """From now on so many in the calling thread, whatever others set; threads that begin later start with the same.

    torch keeps the number apart for each thread, but gives a thread that has not computed yet the one that was set
    last by anybody, at its first operation. So it is asked for first, which counts as one.
    """
    torch.get_num_threads()
    torch.set_num_threads(count)
