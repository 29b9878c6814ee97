"""Inception's features, in which FID and KID are published; its weights are fetched, as they do not come along."""

from __future__ import annotations

import importlib
import importlib.util
import io
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_core.data.base import DataUnavailable, Progress
from gan_core.data.files.fetch import Remote, fetch_all
from gan_core.measure.features.spaces import FeatureSpace

INCEPTION_FEATURES = "Inception features"
WEIGHTS = Remote(
    "weights-inception-2015-12-05-6726825d.pth",
    (
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
        "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
    ),
    "",
    95.6,
    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
)
_LAYER = "2048"  # the last pooling, after Heusel et al. 2017, arXiv:1706.08500
_MODULE = "torch_fidelity.feature_extractor_inceptionv3"


def inception_space(data_dir: Path, progress: Progress | None = None) -> FeatureSpace:
    """The 2,048 activations of the network that FID is defined by, of images of any size; grey ones as RGB.

    torch-fidelity's network and resizing, so that numbers agree with published ones; about ten images a second on a
    processor core. Weights lie in `data_dir`/inception, and are fetched once where the machine can. Raises
    DataUnavailable where it cannot, or where torch-fidelity is not installed.
    """
    folder = data_dir / "inception"
    if importlib.util.find_spec("torch_fidelity") is None:
        raise DataUnavailable("Inception features need torch-fidelity: pip install torch-fidelity.")
    fetch_all("Inception", [WEIGHTS], folder, progress, "use the features that come with the program")
    network = _network(folder / WEIGHTS.name)

    def look(images: Tensor) -> tuple[Tensor, None]:
        found: Tensor = network(images.expand(-1, 3, -1, -1))[0]
        return found, None

    return FeatureSpace(INCEPTION_FEATURES, (), look)


@lru_cache(maxsize=1)
def _network(path: Path) -> Any:
    """In eval mode. The package is imported here, as few ever want it.

    It would unpickle the file; what it is given instead is what was read from it as tensors only, written anew.
    """
    extractor = importlib.import_module(_MODULE).FeatureExtractorInceptionV3
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:
        raise DataUnavailable(f"{path} does not hold Inception's weights; remove it and try again.") from None
    clean = io.BytesIO()
    torch.save(weights, clean)
    clean.seek(0)
    return extractor("inception-v3-compat", [_LAYER], feature_extractor_weights_path=clean)
