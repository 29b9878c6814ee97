"""The library `ctgan`, the authors' own, beside ours where somebody has installed it.

Its licence is the Business Source License 1.1, which does not allow to offer a service that competes with theirs: it
is an optional extra, is never bundled and nothing needs it.
"""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.encoded import Encoded

LICENCE = "Business Source License 1.1"
MISSING = f"The library ctgan is not installed (pip install ctgan; {LICENCE}, so it does not come along)."


def is_there() -> bool:
    return importlib.util.find_spec("ctgan") is not None


def library_rows(data: Encoded, count: int, epochs: int, seed: int) -> NDArray[np.float64]:
    """(count, d) cells by its CTGAN with its own defaults, from the rows that are known as a whole.

    Raises ValueError in one sentence where it cannot be used on this table.
    """
    import pandas as pd  # type: ignore[import-untyped]
    import torch

    whole = data.values[data.observed.all(axis=1)]
    if len(whole) < 20:
        raise ValueError("The library ctgan needs 20 rows without gaps.")
    frame = pd.DataFrame({f"c{j}": whole[:, j] for j in range(whole.shape[1])})
    discrete = [f"c{j}" for j, k in enumerate(data.categories) if k]
    frame[discrete] = frame[discrete].astype(int)
    model = importlib.import_module("ctgan").CTGAN(epochs=epochs, verbose=False)
    state = torch.random.get_rng_state()
    try:
        torch.manual_seed(seed)
        model.set_random_state(seed)
        model.fit(frame, discrete)
        made = model.sample(count)
    finally:
        torch.random.set_rng_state(state)
    return np.asarray(made[list(frame.columns)], np.float64)
