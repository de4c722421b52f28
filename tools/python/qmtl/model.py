# SPDX-License-Identifier: Apache-2.0
"""Trained models: of a file, or of `train`."""

from __future__ import annotations

import json
import os
import pathlib
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any, Callable

import numpy as np

from . import _core
from ._core import Epoch, Task
from ._core import Model as CoreModel
from .configuration import Config, Tasks, label_columns, task_list, task_slices, to_toml
from .tensors import Array, views


def rows_of(array: Any, name: str) -> Array:
    """As float32 [rows, columns] in C order; an image is a row of pixels. Without a copy where it is that already."""
    if np.ndim(array) < 1:
        raise ValueError(f"{name}: expected an array [rows, columns], found a single number")
    if np.iscomplexobj(array):
        raise TypeError(f"{name}: expected real numbers, found complex ones")
    values = np.ascontiguousarray(array, dtype=np.float32)
    return values.reshape(len(values), int(np.prod(values.shape[1:])))


class Model:
    """A trained model of several tasks: what `train` returns and a checkpoint holds. It does not change; calls
    release the GIL and may run in several threads at once."""

    __slots__ = ("_core", "__weakref__")
    _core: CoreModel

    def __init__(self) -> None:
        raise TypeError("a model comes from qmtl.train or qmtl.Model.load")

    @classmethod
    def _of(cls, core: CoreModel) -> Model:
        model = cls.__new__(cls)
        model._core = core
        return model

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """A checkpoint, or a run folder's best one, of any door. Raises DataError naming file and damage."""
        return cls._of(CoreModel.load(os.fspath(path)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a checkpoint as `qmtl eval`, `predict`, `export` and `replay` take it, atomically. Equal models
        give equal bytes. Raises DataError for a file that cannot be written."""
        self._core.save(os.fspath(path))

    @property
    def tasks(self) -> list[Task]:
        """In the order of their columns."""
        return self._core.tasks

    @property
    def inputs(self) -> int:
        """Columns that x must have."""
        return self._core.inputs

    @property
    def classes(self) -> dict[str, list[str]]:
        """What the data set called the classes of each task, by their labels (of a multilabel task its columns); empty where
        that is not known, and for regression."""
        return {task.name: list(names) for task, names in zip(self._core.tasks, self._core.class_names)}

    @property
    def columns(self) -> list[str]:
        """The names of x's columns; "" for one that has none."""
        return list(self._core.column_names)

    @property
    def run_hash(self) -> str:
        """SHA-256 of parameters and the optimiser's state, as the program prints it: equal for equal trainings."""
        return self._core.run_hash

    @property
    def configuration(self) -> str:
        """Name and value of every key, as TOML."""
        return self._core.configuration

    @property
    def parameters(self) -> Array:
        """A copy of all parameters, float64 [n]."""
        return self._core.parameters

    @property
    def tensors(self) -> dict[str, Array]:
        """A copy of the parameters by name, each in its shape: "trunk.0.weight", "head.shared", ..."""
        return views(self._core.parameters, self._core.tensors)

    def predict(self, x: Any) -> Array:
        """The tasks' outputs, float32 [rows, columns of all tasks], of x [rows, inputs] (or images): probabilities
        of binary, multiclass and multilabel tasks, values of regression. `split` gives them by task. Raises
        UsageError for another number of columns, DataError for NaN or infinity."""
        return self._core.predict(rows_of(x, "x"))

    def logits(self, x: Any) -> Array:
        """The same before the logistic function and softmax."""
        return self._core.logits(rows_of(x, "x"))

    def split(self, columns: Any) -> dict[str, Any]:
        """The columns of each task, by its name: of predictions or logits a dict of [rows, outputs of the task]."""
        return {name: columns[..., part] for name, part in task_slices(self.tasks).items()}

    def export(self, form: str, path: str | os.PathLike[str], x: Any, **options: Any) -> Any:
        """Writes the model in another form, one of export_forms(), and checks the file with the rows of x. `options`
        are those of `qmtl export`: target="heavy-hex-5"; True for a switch. Returns what `qmtl export --json`
        prints. Raises UsageError for an unknown form or option and where this build has no forms, DataError for
        a file that cannot be written."""
        texts = {name.replace("_", "-"): "" if value is True else str(value)
                 for name, value in options.items() if value is not False and value is not None}
        return json.loads(self._core.export(form, os.fspath(path), rows_of(x, "x"), texts))

    def __reduce__(self) -> tuple[Any, ...]:
        with tempfile.TemporaryDirectory(prefix="qmtl-") as folder:
            path = pathlib.Path(folder) / "model.h5"
            self.save(path)
            return _restored, (path.read_bytes(),)

    def __repr__(self) -> str:
        names = ", ".join(task.name for task in self.tasks)
        return f"qmtl.Model(inputs={self.inputs}, tasks=[{names}], run_hash={self.run_hash[:12]})"


def _restored(checkpoint: bytes) -> Model:
    with tempfile.TemporaryDirectory(prefix="qmtl-") as folder:
        path = pathlib.Path(folder) / "model.h5"
        path.write_bytes(checkpoint)
        return Model.load(path)


def labels_of(y: Any, tasks: Sequence[Task]) -> Array:
    """y as float32 [rows, columns]: of an array, or of columns by the tasks' names (a dict, a data frame)."""
    if not (isinstance(y, Mapping) or hasattr(y, "columns")):
        return rows_of(y, "y")
    names = list(y.keys())
    parts: list[Array] = []
    for task in tasks:
        if task.name not in names:
            raise ValueError(f"y: expected labels of task '{task.name}', found those of {', '.join(map(str, names))}")
        part = rows_of(y[task.name], f"y, '{task.name}'")
        if part.shape[1] != label_columns(task):
            raise ValueError(f"y, '{task.name}': expected {label_columns(task)} columns, found {part.shape[1]}")
        if parts and len(part) != len(parts[0]):
            raise ValueError(f"y, '{task.name}': expected {len(parts[0])} rows as '{tasks[0].name}' has, found {len(part)}")
        parts.append(part)
    return np.ascontiguousarray(np.concatenate(parts, axis=1))


def train(x: Any, y: Any, tasks: Tasks, config: Config = None, *, split: Any = None,
          fractions: Sequence[float] = (0.8, 0.2, 0.0), split_seed: int = 1,
          on_epoch: Callable[[Epoch], object] | None = None) -> Model:
    """Trains a model in this process and returns the epoch that was best on validation (the last one without
    validation rows). The bits are those of `qmtl train` with the same configuration and data, on any number of
    ranks and threads; nothing is read or written.

    x: inputs [rows, columns], or images [rows, H, W] or [rows, C, H, W] for convolutions; finite; float32 in C
        order is used as it is, other numbers become it. Data frames are arrays of their columns.
    y: labels [rows, columns], NaN where one is missing, or a dict or data frame of them by task. A multilabel task
        has a column for each output, others one.
    tasks: as for Head, in the order of their columns of y.
    config: a training configuration as a dict, TOML text or a path; None: the defaults. data.file and run.folder
        do not matter.
    split: for each row 0 (training), 1 (validation) or 2 (test); None: rows are divided by `fractions` and
        `split_seed` alone.
    on_epoch: called with a qmtl.Epoch after each; True ends the training with the best epoch so far. What it
        raises ends the training and is raised here, as Ctrl-C is (KeyboardInterrupt, after the running step).

    Raises UsageError for configuration and tasks, with key and choices, DataError for the samples, with row and
    column."""
    known = task_list(tasks)
    inputs = rows_of(x, "x")
    shape = list(np.shape(x)[1:]) if np.ndim(x) > 2 else []
    rows = None
    if split is not None:
        given = np.asarray(split)
        rows = np.ascontiguousarray(given, dtype=np.uint8)
        if given.ndim != 1 or not np.array_equal(rows, given):
            raise ValueError("split: expected one number for each row, 0 (training), 1 (validation) or 2 (test)")
    if len(fractions) != 3:
        raise ValueError(f"fractions: expected those of training, validation and test, found {len(fractions)} numbers")
    return Model._of(_core.train(inputs, labels_of(y, known), known, shape, rows, [float(f) for f in fractions],
                                 split_seed, to_toml(config), on_epoch))
