# SPDX-License-Identifier: Apache-2.0
"""Tensors by name inside a flat vector of parameters."""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np

Places = Sequence[Tuple[str, Tuple[int, ...], int, int]]


def views(flat: np.ndarray, places: Places) -> dict[str, np.ndarray]:
    """Views of `flat` by name; writing to one writes to `flat`."""
    return {name: flat[offset:offset + size].reshape(shape) for name, shape, offset, size in places}
