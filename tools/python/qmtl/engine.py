# SPDX-License-Identifier: Apache-2.0
"""A head as a pure function of parameters and z, in both precisions: what the doors of other packages call."""

from __future__ import annotations

import itertools
import weakref
from typing import Any

import numpy as np

from . import _core
from .head import Head


class Engine:
    """`handle` names it where only numbers can be passed."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.outputs, self.width, self.size = head.outputs, head.width, head._core.size
        self._cores: dict[Any, _core.Head] = {}
        self.handle = next(_handles)
        engines[self.handle] = self

    def core(self, dtype: Any) -> _core.Head:
        """That whose circuit is computed in dtype, so that slopes have the precision of z."""
        core = self._cores.get(dtype)
        if core is None:
            core = self.head._core.with_precision("double" if dtype == np.float64 else "float")
            self._cores[dtype] = core
        return core

    def forward(self, z: np.ndarray, flat: np.ndarray) -> np.ndarray:
        """Logits [rows, outputs] of z [rows, width] and parameters float64 [n]."""
        return self.core(z.dtype).forward(z, flat)

    def vjp(self, z: np.ndarray, flat: np.ndarray, cotangents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """d loss / d z and d loss / d parameters, float64."""
        return self.core(z.dtype).vjp(z, cotangents, flat)

    def __reduce__(self) -> tuple[Any, ...]:
        return Engine, (self.head,)


_handles = itertools.count()
engines: weakref.WeakValueDictionary[int, Engine] = weakref.WeakValueDictionary()
