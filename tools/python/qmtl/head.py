# SPDX-License-Identifier: Apache-2.0
"""A head alone, for trainings whose loss and optimiser are the caller's."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ._core import Head as CoreHead
from ._core import Task
from .configuration import Config, NoiseFile, Tasks, noise_text, task_list, task_slices, to_toml
from .tensors import Array, views

if TYPE_CHECKING:
    from .circuits import Circuit
    from .model import Model


class Head:
    """From a representation z [rows, width] to the logits [rows, outputs] of all tasks, and their exact
    vector-Jacobian product (adjoint differentiation). Angles come from z by the head's own map; no unit.

    tasks: a list of qmtl.Task, or a dict {name: kind}, {name: {"kind": ..., "outputs": ...}}.
    config: the tables [circuit], [block], [head] (and train.precision) of a training configuration, as a dict,
        TOML text or a path; None: the defaults.
    seed: of the parameters' start, an integer of at least 0.

    Arrays are NumPy's or anybody's with DLPack, in host memory, float32 or float64; those in C order are used
    without a copy. Calls release the GIL and may run in several threads at once. No bit depends on threads.

    Raises UsageError naming key and choices for a configuration or tasks that do not fit. Calls raise TypeError
    for other numbers and ValueError for other shapes, naming the argument.
    """

    __slots__ = ("_core", "_noise", "__weakref__")
    _core: CoreHead
    _noise: tuple[str, str] | None  # text and name of the device's noise file

    def __init__(self, tasks: Tasks, config: Config = None, *, seed: int = 1) -> None:
        self._core = CoreHead(task_list(tasks), to_toml(config), seed)
        self._noise = None

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Head:
        """The trained head of a checkpoint, or of a run folder's best one. Raises DataError naming the file."""
        return cls._of(CoreHead.load(os.fspath(path)))

    @classmethod
    def from_qasm3(cls, text: str, tasks: Tasks, config: Config = None, *, seed: int = 1) -> Head:
        """A head whose shared stage is a program of OpenQASM 3: inputs whose names begin with z, x or a are the sample's,
        all others are trained. What each task reads, and blocks of its own, are in `config` as for other heads; by
        default an input is an angle in radians, and every task reads the mean of its register's Z. Raises UsageError
        with line and column for what is no straight line of gates."""
        from .circuits import stage_of_qasm3
        return cls(tasks, stage_of_qasm3(text, config), seed=seed)

    @classmethod
    def _of(cls, core: CoreHead, noise: tuple[str, str] | None = None) -> Head:
        head = cls.__new__(cls)
        head._core = core
        head._noise = noise
        return head

    def model(self) -> Model:
        """The model of this head alone, whoever has trained it: its one input is z, its logits are the head's, to the
        bit in the head's precision. Its `save` writes a checkpoint that the program exports, replays and predicts with."""
        from .model import Model
        return Model._of(self._core.model())

    def with_precision(self, precision: str) -> Head:
        """An equal head whose circuit is computed in "float" or "double", whatever train.precision says."""
        return self._of(self._core.with_precision(precision), self._noise)

    def with_noise(self, noise: NoiseFile) -> Head:
        """An equal head whose calls with `noise=(seed, step)` are a training's on a noisy device: exact expectations
        under the noise of its gates and measurements by density matrices, and exact slopes of those. noise: a noise
        file as `qmtl noise` takes it (a path; .json: the properties of an IBM backend), or a dict of its tables. The
        noise is no part of the model: a checkpoint does not hold it. Raises UsageError for a wrong file, with its key,
        for heads without a circuit and for circuits too wide: more than eight qubits alive at once in the backward
        cone of an output."""
        text, name = noise_text(noise)
        return self._of(self._core.with_noise(text, name), (text, name))

    @property
    def width(self) -> int:
        """Columns of z; for heads with a circuit its angles, one for each qubit and upload."""
        return self._core.width

    @property
    def outputs(self) -> int:
        """Columns of logits, task after task."""
        return self._core.outputs

    @property
    def tasks(self) -> list[Task]:
        """In the order of their columns of logits."""
        return self._core.tasks

    @property
    def configuration(self) -> str:
        """Name and value of every key, as TOML."""
        return self._core.configuration

    @property
    def parameters(self) -> Array:
        """A copy of all parameters, float64 [n]; assign an array of that shape to replace them."""
        return self._core.parameters

    @parameters.setter
    def parameters(self, values: Any) -> None:
        self._core.set_parameters(np.ascontiguousarray(values, dtype=np.float64))

    @property
    def tensors(self) -> dict[str, Array]:
        """A copy of the parameters by name, each in its shape: "head.shared", "head.block", ..."""
        return views(self._core.parameters, self._core.tensors)

    def set_tensors(self, tensors: Mapping[str, Any]) -> None:
        """Replaces some tensors. Raises KeyError for an unknown name, ValueError for another shape."""
        flat = self._core.parameters
        known = views(flat, self._core.tensors)
        for name, values in tensors.items():
            if name not in known:
                raise KeyError(f"{name}: expected one of {', '.join(known)}")
            values = np.asarray(values, dtype=np.float64)
            if values.shape != known[name].shape:
                raise ValueError(f"{name}: expected the shape {list(known[name].shape)}, found {list(values.shape)}")
            known[name][...] = values
        self._core.set_parameters(flat)

    def forward(self, z: Any, out: Any = None, noise: tuple[int, int] | None = None) -> Array:
        """Logits [rows, outputs] of z [rows, width], in z's dtype; written to `out` where it is given. noise: seed and
        step of a training's call: with the shot noise of train.shots, equal for equal numbers, and on the device of
        with_noise; without both nothing changes."""
        return self._core.forward(z, out=out, noise=noise)

    __call__ = forward

    def vjp(self, z: Any, cotangents: Any, noise: tuple[int, int] | None = None) -> tuple[Array, Array]:
        """For cotangents [rows, outputs] = d loss / d logits at z [rows, width], both of one dtype: d loss / d z
        [rows, width] in that dtype and d loss / d parameters, float64 [n], summed over the rows. noise: that of the
        logits. Raises UsageError for a model that took on tasks later, whose earlier tasks have no gradients."""
        return self._core.vjp(z, cotangents, noise=noise)

    def circuit(self) -> Circuit:
        """The circuit as data, with the parameters as they are; raises UsageError for a head without one."""
        from .circuits import Circuit
        return Circuit.of(self)

    def draw(self) -> str:
        """The circuit as text, its first blocks; "" for a head without one."""
        return self._core.drawing()

    def plan(self) -> dict[str, Any]:
        """What `qmtl plan --json` prints: parameters, how the engine runs it, cost, dead parameters, warnings."""
        found: dict[str, Any] = json.loads(self._core.plan())
        return found

    def split(self, columns: Any) -> dict[str, Any]:
        """The columns of each task, by its name: of logits [rows, outputs] a dict of [rows, outputs of the task]."""
        return {name: columns[..., part] for name, part in task_slices(self.tasks).items()}

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.tasks, self.configuration, self.parameters, self._noise)

    def __repr__(self) -> str:
        names = ", ".join(task.name for task in self.tasks)
        return f"qmtl.Head(width={self.width}, outputs={self.outputs}, parameters={self._core.size}, tasks=[{names}])"


def _restored(tasks: list[Task], configuration: str, parameters: Array, noise: tuple[str, str] | None) -> Head:
    head = Head(tasks, configuration)
    head.parameters = parameters
    return head if noise is None else Head._of(head._core.with_noise(*noise), noise)
