"""Average linkage with pairs that must stay apart."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from askpanel.consensus.keypoints.clustering import FORBIDDEN, link


@given(st.integers(1, 9), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_rows_kept_apart_group_as_if_every_pair_had_been_asked(n: int, seed: int) -> None:
    dice = np.random.default_rng(seed)
    values = dice.integers(-5, 6, (n, n)) / 10
    affinity: NDArray[np.float64] = np.tril(values) + np.tril(values, -1).T
    apart = np.tril(dice.random((n, n)) < 0.2, -1)
    apart |= apart.T
    asked = link(affinity, lambda i, j: bool(apart[i, j]))
    told = link(np.where(apart, FORBIDDEN, affinity), lambda i, j: False)
    assert asked == told
    assert not any(apart[i, j] for rows in asked for i in rows for j in rows)
