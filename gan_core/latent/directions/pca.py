"""Principal components of what a generator makes inside (GANSpace: Härkönen et al. 2020, arXiv:2004.02546)."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh
from torch import Tensor

from gan_core.data.base import Progress
from gan_core.latent.directions.activations import activations, layer_names
from gan_core.latent.directions.direction import Direction, turned, unit_vector
from gan_core.latent.directions.population import Floats, Population


def principal_components(rows: Tensor, count: int) -> tuple[Floats, Floats, Floats]:
    """The `count` components of `rows` [N, D] with the largest variance, exact.

    Returns components [count, D] (orthonormal), the rows' coordinates on them [N, count] and each one's share of the
    variance [count], largest first. Eigenvectors of the smaller of X^T X and X X^T.
    """
    x = np.asarray(rows, np.float64)
    x = x - x.mean(axis=0)
    total = float(np.square(x).sum())
    count = min(count, *x.shape)
    wide = x.shape[1] > x.shape[0]
    gram = x @ x.T if wide else x.T @ x
    last = len(gram) - 1
    values, vectors = eigh(gram, subset_by_index=(last - count + 1, last))
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    if wide:
        scales = np.sqrt(values)
        vectors = x.T @ vectors / np.where(scales > 0, scales, 1)
    share = values / total if total > 0 else np.zeros(count)
    return vectors.T.astype(np.float32), (x @ vectors).astype(np.float32), share.astype(np.float32)


def pca_directions(
    population: Population, count: int, layer: str | None = None, progress: Progress | None = None
) -> list[Direction]:
    """The `count` directions along which the pictures' insides vary most; the most first.

    In W (a generator with a mapping network): the principal components of W itself, section 3.1 of the paper.
    In Z: those of the activations y of an early `layer` (None: the first that bends or filters), brought back to Z by
    regression, section 3.2: U = argmin sum_j |U x_j - z_j|^2, x_j the coordinates of y_j; the x are uncorrelated,
    so u_k = sum_j x_jk z_j / sum_j x_jk^2. figures: variance, the component's share of the layer's variance.
    """
    if population.space == "w":
        vectors, _, share = principal_components(population.points, count)
    else:
        chosen = layer_names(population)[0] if layer is None else layer
        _, coordinates, share = principal_components(activations(population, chosen, progress), count)
        z = population.points.numpy() - population.points.numpy().mean(axis=0)
        vectors = np.asarray(coordinates.T @ z, np.float32)
    found = []
    for index, (vector, part) in enumerate(zip(vectors, share, strict=True)):
        if float(part) < 1e-7:
            break  # the layer has no more components than these
        unit = turned(unit_vector(vector))
        found.append(
            Direction(
                vector=unit,
                space=population.space,
                unit=population.spread(unit),
                label=f"Component {index + 1}",
                method="pca",
                figures={"variance": float(part)},
            )
        )
    if not found:
        raise ValueError("This generator makes the same picture for every latent: there are no directions to find.")
    return found
