"""Small systems of equations on one thread, which is where they are solved soonest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Also a decorator. Chains of imputation solve thousands of systems of a few dozen unknowns: threads of BLAS wait
    for one another longer than each of them computes, on a machine with other work a hundred times as long.

    PyTorch's own threads are left as they are.
    """
    import scipy.linalg  # noqa: F401  # a library that is loaded later has no limit
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1, user_api="blas"):
        yield
