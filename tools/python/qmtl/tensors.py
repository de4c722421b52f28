# SPDX-License-Identifier: Apache-2.0
"""Tensors by name inside a flat vector of parameters."""

from __future__ import annotations

from typing import Any, Sequence

from numpy.typing import NDArray

Array = NDArray[Any]
Places = Sequence[tuple[str, tuple[int, ...], int, int]]


def views(flat: Array, places: Places) -> dict[str, Array]:
    """Views of `flat` by name; writing to one writes to `flat`."""
    return {name: flat[offset:offset + size].reshape(shape) for name, shape, offset, size in places}
