"""Closed-form factorisation of a generator's first weights (SeFa: Shen & Zhou 2021, arXiv:2007.06600)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from gan_core.latent.directions.activations import first_matrix, style_matrices
from gan_core.latent.directions.direction import Direction, turned, unit_vector
from gan_core.latent.directions.population import Floats, Population


def factorise(matrix: Floats, count: int) -> tuple[Floats, Floats]:
    """The `count` unit vectors n [count, d] that a matrix A [features, d] stretches most, and how much each.

    argmax |A n|^2 with |n| = 1: the eigenvectors of A^T A with the largest eigenvalues (equations 5 to 7 of the
    paper). Returns n and |A n|^2 [count], largest first.
    """
    exact = np.asarray(matrix, np.float64)
    values, vectors = np.linalg.eigh(exact.T @ exact)
    order = np.argsort(values)[::-1][:count]
    return vectors[:, order].T.astype(np.float32), np.maximum(values[order], 0).astype(np.float32)


def sefa_directions(population: Population, count: int, layers: Sequence[int] | None = None) -> list[Direction]:
    """The `count` directions that the first weights after the latent stretch most.

    In Z: the first layer's matrix. In W: the affine layers that read the styles of `layers` (None: all), one below
    the other; the directions then move these layers. figures: stretch, |A n|.
    """
    if population.space == "w":
        chosen = range(population.generator.style_layers) if layers is None else layers
        found = style_matrices(population.generator)
        picked = [matrix for layer in chosen for matrix in found[layer]]
        if not picked:
            raise ValueError("No affine layer reads these styles; choose other layers.")
        matrix = torch.cat(picked)
    else:
        class_count = 0 if population.labels is None else population.labels.shape[1]
        matrix = first_matrix(population.generator, population.points.shape[1], class_count)
    vectors, values = factorise(matrix.numpy(), count)
    moves = tuple(layers) if layers is not None and population.space == "w" else None
    return [
        Direction(
            vector=turned(unit_vector(vector)),
            space=population.space,
            unit=population.unit,
            label=f"Factor {index + 1}",
            method="sefa",
            layers=moves,
            figures={"stretch": float(np.sqrt(value))},
        )
        for index, (vector, value) in enumerate(zip(vectors, values, strict=True))
    ]
