"""How many threads torch may use where somebody waits for a small picture."""

from __future__ import annotations

from gan_core.training.thread_count import use_threads


def one_thread() -> None:
    """Torch computes in the calling thread alone from now on (and in threads that are started later).

    One picture takes a thread less than a millisecond. Two threads that share a busy core each wait until the other
    is scheduled: a hundred times as long. Threads that train have set their own number and keep it.
    """
    use_threads(1)
