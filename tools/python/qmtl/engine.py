# SPDX-License-Identifier: Apache-2.0
"""A head as a pure function of parameters and z, in both precisions: what the doors of other packages call."""

from __future__ import annotations

import itertools
import weakref
from typing import Any, Union

import numpy as np

from ._core import Head as CoreHead
from .head import Head
from .tensors import Array


Noise = Union[None, "tuple[int, int]"]  # seed and step of a training's call, None: exact


class Engine:
    """`handle` names it where only numbers can be passed."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.outputs, self.width, self.size, self.shots = head.outputs, head.width, head._core.size, head._core.shots
        self.noisy = self.shots > 0 or head._core.noisy
        self._cores: dict[bool, CoreHead] = {}
        self.handle = next(_handles)
        engines[self.handle] = self

    def core(self, dtype: Any) -> CoreHead:
        """That whose circuit is computed in dtype, so that slopes have the precision of z."""
        return self.precise(dtype == np.float64)

    def precise(self, double: bool) -> CoreHead:
        core = self._cores.get(double)
        if core is None:
            core = self._cores[double] = self.head._core.with_precision("double" if double else "float")
        return core

    def forward(self, z: Array, flat: Array, noise: Noise = None) -> Array:
        """Logits [rows, outputs] of z [rows, width] and parameters float64 [n]."""
        return self.core(z.dtype).forward(z, flat, noise=noise)

    def vjp(self, z: Array, flat: Array, cotangents: Array, noise: Noise = None) -> tuple[Array, Array]:
        """d loss / d z and d loss / d parameters, float64."""
        return self.core(z.dtype).vjp(z, cotangents, flat, noise)

    def __reduce__(self) -> tuple[Any, ...]:
        return Engine, (self.head,)


_handles = itertools.count()
engines: weakref.WeakValueDictionary[int, Engine] = weakref.WeakValueDictionary()
