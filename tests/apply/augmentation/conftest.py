"""The made set as a member of the family of datasets, for the tests here alone."""

from __future__ import annotations

import pytest

from gan_core.data import datasets
from tests.apply.augmentation.made import Halves


@pytest.fixture(autouse=True)
def halves_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "_entries", dict(datasets._entries))
    datasets.register("halves", label="Halves")(Halves)
