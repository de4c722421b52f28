# SPDX-License-Identifier: Apache-2.0
"""The head as a function for jax.jit, jax.vmap and jax.grad."""

from __future__ import annotations

import os
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .configuration import Config, Tasks
from .engine import Engine
from .head import Head as CoreHead
from .tensors import Array


def _batched(work: Any, z: Array, flat: Array, *more: Array) -> list[Array]:
    """work(z [rows, width], flat [n], ...) for each element of the axes that vmap has put before; 1 broadcasts."""
    axes = np.broadcast_shapes(z.shape[:-2], flat.shape[:-1], *(m.shape[:-2] for m in more))
    arguments = [np.broadcast_to(a, axes + a.shape[-own:]) for a, own in zip((z, flat, *more), (2, 1, 2))]
    results = [work(*(np.ascontiguousarray(a[i]) for a in arguments)) for i in np.ndindex(*axes)]
    return [np.stack(parts).reshape(axes + parts[0].shape) for parts in zip(*results)]


def _logits(engine: Engine, z: Any, flat: Any) -> Any:
    def call(z: Any, flat: Any) -> Array:
        z, flat = np.asarray(z), np.asarray(flat, dtype=np.float64)
        if flat.size == engine.size:  # one head for all rows
            logits = engine.forward(np.ascontiguousarray(z.reshape(-1, engine.width)), flat.reshape(-1))
            return logits.reshape(*z.shape[:-1], engine.outputs)
        return _batched(lambda z, flat: (engine.forward(z, flat),), z, flat)[0]

    result = jax.ShapeDtypeStruct((*z.shape[:-1], engine.outputs), z.dtype)
    return jax.pure_callback(call, result, z, flat, vmap_method="expand_dims")


def _slopes(engine: Engine, z: Any, flat: Any, cotangents: Any) -> Any:
    def call(z: Any, flat: Any, cotangents: Any) -> Any:
        z, flat, cotangents = np.asarray(z), np.asarray(flat), np.asarray(cotangents)
        dz, dflat = _batched(lambda z, flat, c: engine.vjp(z, flat.astype(np.float64), c), z, flat, cotangents)
        return dz, dflat.astype(flat.dtype)

    results = (jax.ShapeDtypeStruct(z.shape, z.dtype), jax.ShapeDtypeStruct(flat.shape, flat.dtype))
    return jax.pure_callback(call, results, z, flat, cotangents, vmap_method="expand_dims")


class Head:
    """A pure function head(parameters, z) -> logits: z [..., width], logits [..., outputs] in z's dtype, parameters a
    dict of arrays by name as `init` gives it. Works under jit, vmap and grad on the host; z of float64 (with
    jax_enable_x64) is computed in float64. A second derivative is refused by jax (pure callbacks have none).

    Raises ValueError for another last extent of z, TypeError for z that is neither float32 nor float64."""

    def __init__(self, head: CoreHead) -> None:
        engine = self._engine = Engine(head)
        self._names = list(head.tensors)

        @jax.custom_vjp  # type: ignore[untyped-decorator]
        def apply(z: Any, flat: Any) -> Any:
            return _logits(engine, z, flat)

        apply.defvjp(lambda z, flat: (_logits(engine, z, flat), (z, flat)),
                     lambda kept, cotangents: _slopes(engine, kept[0], kept[1], cotangents))
        self._apply = apply

    @property
    def width(self) -> int:
        """Last extent of z."""
        return self._engine.width

    @property
    def outputs(self) -> int:
        """Last extent of the logits."""
        return self._engine.outputs

    def init(self, dtype: Any = None) -> dict[str, Any]:
        """The parameters that the head starts from (or was trained to)."""
        return {name: jnp.asarray(values, dtype=dtype) for name, values in self._engine.head.tensors.items()}

    def __call__(self, parameters: dict[str, Any], z: Any) -> Any:
        z = jnp.asarray(z)
        if z.ndim == 0 or z.shape[-1] != self.width:
            raise ValueError(f"z: expected the shape [..., {self.width}], found {list(z.shape)}")
        if z.dtype not in (jnp.float32, jnp.float64):
            raise TypeError(f"z: expected float32 or float64, found {z.dtype}")
        if set(parameters) != set(self._names):
            raise ValueError(f"parameters: expected {', '.join(self._names)}, found {', '.join(map(str, parameters))}")
        flat = jnp.concatenate([jnp.ravel(parameters[name]) for name in self._names])
        if flat.shape != (self._engine.size,):
            raise ValueError(f"parameters: expected {self._engine.size} numbers in all, found {flat.size}")
        return self._apply(z.reshape(-1, self.width), flat).reshape(*z.shape[:-1], self.outputs)


def head(tasks: Tasks, config: Config = None, *, seed: int = 1) -> Head:
    """An untrained head; the arguments are those of qmtl.Head."""
    return Head(CoreHead(tasks, config, seed=seed))


def load(path: str | os.PathLike[str]) -> Head:
    """The trained head of a checkpoint, or of a run folder's best one."""
    return Head(CoreHead.load(path))
