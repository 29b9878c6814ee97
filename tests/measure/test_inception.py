"""Inception's features are torch-fidelity's, and a machine that cannot fetch the weights says so in a sentence.

The weights are drawn at random here: what is held is that the same network looks at the same images in the same way.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch_fidelity.feature_extractor_inceptionv3 import (  # type: ignore[import-untyped]
    FeatureExtractorInceptionV3,
)

from gan_core.data.base import DataUnavailable
from gan_core.data.files.fetch import fetch_all
from gan_core.measure.features import inception
from gan_core.measure.features.inception import inception_space
from gan_core.measure.image_measures import IMAGE_MEASURES


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FeatureExtractorInceptionV3]:
    """A folder of data with a file of the right name and layout, and torch-fidelity's network with its weights."""
    folder = tmp_path_factory.mktemp("data") / "inception"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)
        patch.setattr(torch, "load", lambda *args, **kwargs: {})
        torch.manual_seed(0)
        theirs = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], feature_extractor_weights_path="none")
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0  # so that activations neither vanish nor explode
    theirs.train()(torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8))
    theirs.eval()
    torch.save(theirs.state_dict(), folder / inception.WEIGHTS.name)
    return folder.parent, theirs


def pretend(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if these were the published weights."""
    digest = hashlib.sha256((weights / "inception" / inception.WEIGHTS.name).read_bytes()).hexdigest()
    monkeypatch.setattr(inception, "WEIGHTS", dataclasses.replace(inception.WEIGHTS, sha256=digest, urls=()))


def test_the_features_are_those_that_torch_fidelity_finds(
    published: tuple[Path, FeatureExtractorInceptionV3], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, theirs = published
    pretend(folder, monkeypatch)
    space = inception_space(folder)
    grey = torch.randint(256, (2, 1, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    found, classes = space.extract_and_classify(grey)
    assert found.shape == (2, 2048)
    np.testing.assert_allclose(found, theirs(grey.repeat(1, 3, 1, 1))[0].numpy(), rtol=1e-4, atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 1e-3
    assert classes is None
    assert [m.name_in(space.name) for m in IMAGE_MEASURES][:2] == ["FID", "KID"]


def test_a_file_that_is_not_the_published_one_is_never_opened(
    published: tuple[Path, FeatureExtractorInceptionV3],
) -> None:
    with pytest.raises(DataUnavailable, match="is not the published file"):
        inception_space(published[0])


def test_where_the_weights_cannot_be_had_one_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = dataclasses.replace(inception.WEIGHTS, urls=("http://127.0.0.1:9/nothing",))
    monkeypatch.setattr(inception, "WEIGHTS", nowhere)
    with pytest.raises(DataUnavailable, match=r"be fetched .*: put weights-inception.* by hand, or use the"):
        inception_space(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataUnavailable, match="pip install torch-fidelity"):
        inception_space(tmp_path)


def test_a_sha256_is_checked_where_one_is_given(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, of "abc"
    remote = dataclasses.replace(inception.WEIGHTS, name="file", sha256=known)
    fetch_all("A file", [remote], tmp_path, None)
    with pytest.raises(DataUnavailable, match="checksum differs"):
        fetch_all("A file", [dataclasses.replace(remote, sha256="0" * 64)], tmp_path, None)
