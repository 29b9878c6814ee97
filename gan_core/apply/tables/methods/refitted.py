"""Saving a method of scikit-learn without its objects: the table it learned from, its options and its seed."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gan_core.apply.tables.encoded import Encoded, FittedImputer, Imputer, imputers
from gan_core.config.codec import NAME_KEY, from_dict, to_dict


class Refitted(FittedImputer):
    """A method that is saved as what it learned from, and learns it again when it is opened.

    The same release of scikit-learn then gives the same; nothing is unpickled. method: with its options; data: what
    it saw; seed: in [0, 2**32).
    """

    def __init__(self, method: Imputer, data: Encoded, seed: int) -> None:
        self.method, self.data, self.seed = method, data, seed

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        about = {
            "method": {NAME_KEY: imputers.name_of(self.method), **to_dict(self.method)},
            "seed": self.seed,
            "categories": list(self.data.categories),
            "whole": list(self.data.whole),
            "names": list(self.data.names),
        }
        return about, {"learned_from": np.ascontiguousarray(self.data.values)}

    @classmethod
    def from_state(cls, state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        try:
            options = dict(state["method"])
            method = from_dict(imputers.get(options.pop(NAME_KEY)).cls, options)
            values = arrays["learned_from"].astype(np.float64)
            k = tuple(int(one) for one in state["categories"])
            data = Encoded(values, k, tuple(bool(one) for one in state["whole"]), tuple(map(str, state["names"])))
            _check_codes(data)
            fitted = method.fit(data, int(state["seed"]), lambda fraction, words: None, lambda series, point: None)
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f"The fitted method is incomplete ({error}); fit it again.") from None
        if not isinstance(fitted, cls):
            raise ValueError("The fitted method is of another kind than its file says; fit it again.")
        return fitted


def _check_codes(data: Encoded) -> None:
    for j, k in enumerate(data.categories):
        codes = data.values[data.observed[:, j], j]
        if k < 0 or (k and (np.any(codes != np.rint(codes)) or np.any(codes < 0) or np.any(codes >= k))):
            raise ValueError(f"The fitted method holds codes that column {data.names[j]!r} has not; fit it again.")
