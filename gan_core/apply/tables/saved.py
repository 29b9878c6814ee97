"""A fitted method as one file: safetensors, with what the columns hold and the method's own state as JSON in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from gan_core.apply.tables.encoded import FittedImputer, imputers
from gan_core.apply.tables.kinds.schema import ColumnSchema

FORMAT = 1
_ABOUT = "ganscope_table_imputer"
_MOST_JSON_BYTES = 20_000_000


@dataclass(frozen=True, eq=False)
class SavedImputer:
    """method: its name in the family. markers: what meant "missing" beside the usual ones, as it was given."""

    method: str
    fitted: FittedImputer
    schemas: tuple[ColumnSchema, ...]
    markers: str

    def to_bytes(self) -> bytes:
        state, arrays = self.fitted.state()
        about = {
            "format": FORMAT,
            "method": self.method,
            "columns": [schema.as_json() for schema in self.schemas],
            "markers": self.markers,
            "state": state,
        }
        tensors = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        return save(tensors, {_ABOUT: json.dumps(about, ensure_ascii=False)})

    @staticmethod
    def from_bytes(data: bytes) -> SavedImputer:
        """Nothing is unpickled. Raises ValueError in one sentence."""
        about = _about(data)
        try:
            arrays: dict[str, Any] = load(data)
        except (SafetensorError, ValueError, TypeError, KeyError):
            raise ValueError("The fitted method is damaged; fit it again.") from None
        method = about.get("method")
        if not isinstance(method, str) or method not in imputers:
            raise ValueError(f"The fitted method is of a kind that is not known here; known are {_known()}.")
        columns, state = about.get("columns"), about.get("state")
        if not isinstance(columns, list) or not isinstance(state, dict):
            raise ValueError("The fitted method is incomplete; fit it again.")
        schemas = tuple(ColumnSchema.from_json(column) for column in columns)
        fitted = imputers.get(method).cls.fitted.from_state(state, arrays)
        return SavedImputer(method, fitted, schemas, str(about.get("markers", "")))


def _known() -> str:
    return ", ".join(imputers.names())


def _about(data: bytes) -> dict[str, Any]:
    """The JSON in the file's head: its length in 8 bytes, then the head itself."""
    size = int.from_bytes(data[:8], "little")
    try:
        if not 2 <= size <= min(_MOST_JSON_BYTES, len(data) - 8):
            raise ValueError
        found = json.loads(json.loads(data[8 : 8 + size])["__metadata__"][_ABOUT])
        if found["format"] != FORMAT:
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("The file holds no fitted method of this version; --save of impute writes one.") from None
    return dict(found)
