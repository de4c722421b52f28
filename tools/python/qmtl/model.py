# SPDX-License-Identifier: Apache-2.0
"""Trained models: of a file, or of `train`."""

from __future__ import annotations

import json
import math
import os
import pathlib
import tempfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, cast

import numpy as np

from . import _core
from ._core import Epoch, Task
from ._core import Model as CoreModel
from .configuration import Config, Tasks, label_columns, says_tasks, task_list, task_slices, to_toml
from .errors import DataError, UsageError
from .progress import Bar
from .tensors import Array, views

if TYPE_CHECKING:
    from ._core import Progress
    from .head import Head


def rows_of(array: Any, name: str) -> Array:
    """As float32 [rows, columns] in C order; an image is a row of pixels. Without a copy where it is that already."""
    if np.ndim(array) < 1:
        raise ValueError(f"{name}: expected an array [rows, columns], found a single number")
    if np.iscomplexobj(array):
        raise TypeError(f"{name}: expected real numbers, found complex ones")
    values = np.ascontiguousarray(array, dtype=np.float32)
    return values.reshape(len(values), int(np.prod(values.shape[1:])))


def columns_of(x: Any) -> list[str]:
    """What a data frame calls its columns; [] for other arrays, and where the names are no texts or one comes twice."""
    names = list(getattr(x, "columns", ()))
    return names if all(isinstance(name, str) and name for name in names) and len(set(names)) == len(names) else []


def class_lists(classes: Mapping[str, Sequence[Any]] | None, tasks: Sequence[Task]) -> list[list[str]]:
    """The names of each task's classes, in order; [] without any."""
    if not classes:
        return []
    for name in classes:
        if name not in {task.name for task in tasks}:
            raise ValueError(f"classes: expected those of {', '.join(task.name for task in tasks)}, found '{name}'")
    return [[str(known) for known in classes.get(task.name, ())] for task in tasks]


class Replay(NamedTuple):
    """What `Model.replay` has measured."""

    done: bool  # else it was stopped, or the service takes no more jobs now: call again
    report: dict[str, Any]  # replay.json: scores with 95 % intervals beside the exact ones, cost, programs
    rows: Array  # that were measured
    logits: Array  # of those rows, float32


def split_of(split: Any) -> Array | None:
    if split is None:
        return None
    given = np.asarray(split)
    rows = np.ascontiguousarray(given, dtype=np.uint8)
    if given.ndim != 1 or not np.array_equal(rows, given):
        raise ValueError("split: expected one number for each row, 0 (training), 1 (validation) or 2 (test)")
    return rows


class Model:
    """A trained model of several tasks: what `train` returns and a checkpoint holds. It does not change; calls
    release the GIL and may run in several threads at once."""

    __slots__ = ("_core", "_folder", "__weakref__")
    _core: CoreModel
    _folder: pathlib.Path | None  # of the run that it comes from

    def __init__(self) -> None:
        raise TypeError("a model comes from qmtl.train or qmtl.Model.load")

    @classmethod
    def _of(cls, core: CoreModel) -> Model:
        model = cls.__new__(cls)
        model._core = core
        model._folder = None
        return model

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """A checkpoint, or a run folder's best one, of any door. Raises DataError naming file and damage."""
        model = cls._of(CoreModel.load(os.fspath(path)))
        model._folder = pathlib.Path(path) if os.path.isdir(path) else None
        return model

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
        of binary, multiclass and multilabel tasks, values of regression. `split` gives them by task. Columns of a data
        frame are found by the names that the model knows, in any order. Raises UsageError for another number of
        columns, ValueError for a missing one, DataError for NaN or infinity."""
        return self._core.predict(self._rows(x))

    def logits(self, x: Any) -> Array:
        """The same before the logistic function and softmax."""
        return self._core.logits(self._rows(x))

    def _rows(self, x: Any) -> Array:
        names, known = columns_of(x), self._core.column_names
        if not names or not all(known) or names == known:
            return rows_of(x, "x")
        if missing := [name for name in known if name not in names]:
            raise ValueError(f"x: expected the columns {', '.join(known)}, found none called {', '.join(missing)}")
        return rows_of(x[known], "x")

    def split(self, columns: Any) -> dict[str, Any]:
        """The columns of each task, by its name: of predictions or logits a dict of [rows, outputs of the task]."""
        return {name: columns[..., part] for name, part in task_slices(self.tasks).items()}

    def head(self) -> Head:
        """The trained head alone, between the backbone's representation and the logits."""
        from .head import Head
        return Head._of(_core.Head.of(self._core))

    def evaluate(self, x: Any, y: Any, *, split: Any = None, threshold: str = "", importance: int = 0,
                 noise: str | os.PathLike[str] = "", shots: int = 0, seed: int = 0) -> dict[str, Any]:
        """Scores of the rows of x with labels y (as `train` takes both): what `qmtl eval --json` prints, "mean" and for
        each task "value", "metric", classes, confusions, calibration, and the best constant answer's beside it.

        split: for each row 0, 1 or 2: those of 2 are scored, thresholds are chosen on those of 1, constant answers
            learn from those of 0. None: all rows are scored.
        threshold: decide at the thresholds that this metric ("own": each task's own) likes best on rows of 1.
        importance: how often each column is permuted to see how much the scores drop; 0: never.
        noise: file of a noise model: "noise" has the scores on that device. shots: measurements of each circuit there
            (without noise: on an ideal device), 0 for expectations; seed: of shots and trajectories.

        Raises UsageError for options, DataError for the samples, with row and column."""
        return cast("dict[str, Any]", json.loads(self._core.evaluate(
            self._rows(x), labels_of(y, self.tasks), split_of(split), threshold, importance, os.fspath(noise), shots, seed)))

    def noise(self, x: Any, y: Any, noise: str | os.PathLike[str] = "", *, shots: int = 0, seed: int = 0) -> dict[str, Any]:
        """The scores on a noisy device, `evaluate(...)["noise"]`: per task, "mean", and how they were computed."""
        if not os.fspath(noise) and shots == 0:
            raise ValueError("noise: expected a noise model's file, a number of shots, or both, found neither")
        return cast("dict[str, Any]", self.evaluate(x, y, noise=noise, shots=shots, seed=seed)["noise"])

    def plan(self) -> dict[str, Any]:
        """What `qmtl plan --json` prints: parameters, how the engine runs it, cost, dead parameters, warnings."""
        return cast("dict[str, Any]", json.loads(self._core.plan()))

    def report(self, path: str | os.PathLike[str], x: Any = None, y: Any = None, *, title: str = "", **options: Any) -> pathlib.Path:
        """Writes a page about the model, one HTML file that opens without a network, as `qmtl report` does: parameters,
        circuit, configuration, of a run folder's model the curves of its training too, and of rows of x with labels y
        what `evaluate` says with the same `options`. An earlier report at `path` is replaced. Returns the path. Raises
        UsageError for another file there, and as evaluate."""
        if (x is None) != (y is None) or (options and x is None):
            raise ValueError("report: expected both x and y, or neither and no options of evaluate")
        with tempfile.TemporaryDirectory(prefix="qmtl-") as folder:
            about = self._folder
            if about is None or not (about / "metrics.jsonl").exists() or Model.load(about).run_hash != self.run_hash:
                about = pathlib.Path(folder) / "model"
                (about / "checkpoints").mkdir(parents=True)
                (about / "metrics.jsonl").touch()
                self.save(about / "checkpoints" / "best.h5")
            paths = [about]
            if x is not None:
                paths.append(pathlib.Path(folder) / "evaluation.json")
                scores = {**self.evaluate(x, y, **options), "checkpoint": "of the model as it is"}  # no file of its own
                paths[-1].write_text(json.dumps(scores), encoding="utf-8")
            return report(paths, path, title=title)

    def save_data(self, path: str | os.PathLike[str], x: Any, y: Any, *, split: Any = None) -> None:
        """Writes rows of x and labels y as a data set for the program (`qmtl eval --data`, `replay --data`), all in the
        test split unless `split` says 0, 1 or 2 for each row. Raises UsageError and DataError for what does not fit."""
        self._core.save_data(os.fspath(path), self._rows(x), labels_of(y, self.tasks), split_of(split))

    def replay(self, x: Any, y: Any, folder: str | os.PathLike[str], *, endpoint: str | os.PathLike[str] = "exact",
               shots: int = 1000, max_cost: float = math.inf, replicates: int = 1000) -> Replay:
        """Measures every row's circuits on a quantum device or simulator. `folder` holds a journal, so that nothing is
        paid twice whatever fails: the same call goes on. endpoint: "exact" (the simulator) or an endpoint's TOML file;
        shots: of a circuit and row, on average; max_cost: most that may be spent, in the endpoint's unit; replicates:
        of the bootstrap of the intervals.

        Raises UsageError for heads without a circuit, for options that differ from those the folder began with and
        where this build has no replay; EndpointError for what a service refuses."""
        done, report, rows, logits = self._core.replay(self._rows(x), labels_of(y, self.tasks), os.fspath(folder),
                                                       os.fspath(endpoint), shots, max_cost, replicates)
        return Replay(done, json.loads(report) if report else {}, np.asarray(rows, dtype=np.intp), logits)

    def export(self, form: str, path: str | os.PathLike[str], x: Any, **options: Any) -> Any:
        """Writes the model in another form, one of export_forms(), and checks the file with the rows of x. `options`
        are those of `qmtl export`: target="heavy-hex-5"; True for a switch. Returns what `qmtl export --json`
        prints. Raises UsageError for an unknown form or option and where this build has no forms, DataError for
        a file that cannot be written."""
        texts = {name.replace("_", "-"): "" if value is True else str(value)
                 for name, value in options.items() if value is not False and value is not None}
        return json.loads(self._core.export(form, os.fspath(path), self._rows(x), texts))

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


def report(paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], out: str | os.PathLike[str] = "", *,
           title: str = "") -> pathlib.Path:
    """Writes one HTML page that opens without a network about run folders and files of results (what `qmtl eval`,
    `replay`, `compare`, `scale` and `noise` write), as `qmtl report` does. out: "" for report.html in the folder of the
    first path; an earlier report is replaced. title: "" for one of what is in it. Returns the page's path. Raises
    UsageError for another file in its place, DataError naming file and field for what cannot be read."""
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    return pathlib.Path(_core.write_report([os.fspath(path) for path in given], os.fspath(out), title))


def train(x: Any, y: Any, tasks: Tasks, config: Config = None, *, split: Any = None,
          fractions: Sequence[float] = (0.8, 0.2, 0.0), split_seed: int = 1, columns: Sequence[str] | None = None,
          classes: Mapping[str, Sequence[Any]] | None = None,
          on_epoch: Callable[[Epoch], object] | None = None, progress: bool = False,
          run: str | os.PathLike[str] | None = None, mode: str = "fresh") -> Model:
    """Trains a model in this process and returns the epoch that was best on validation (the last one without
    validation rows). The bits are those of `qmtl train` with the same configuration and data, on any number of
    ranks and threads; without `run` nothing is read or written.

    x: inputs [rows, columns], or images [rows, H, W] or [rows, C, H, W] for convolutions; finite; float32 in C
        order is used as it is, other numbers become it. Data frames are arrays of their columns.
    y: labels [rows, columns], NaN where one is missing, or a dict or data frame of them by task. A multilabel task
        has a column for each output, others one.
    tasks: as for Head, in the order of their columns of y.
    config: a training configuration as a dict, TOML text or a path; None: the defaults. data.file and run.folder
        do not matter.
    split: for each row 0 (training), 1 (validation) or 2 (test); None: rows are divided by `fractions` and
        `split_seed` alone.
    columns: what x's columns are called, which the model keeps (None: as a data frame calls them): `predict` and the
        program match new tables by these names. classes: {task: names of its classes by their labels}, kept likewise.
    on_epoch: called with a qmtl.Epoch after each; True ends the training with the best epoch so far. What it
        raises ends the training and is raised here, as Ctrl-C is (KeyboardInterrupt, after the running step).
    progress: a line on standard error (in a notebook below the cell) says how far the training is.
    run, mode: a run folder as `qmtl train` keeps one: checkpoints, metrics, records, and data.h5 and train.toml, with
        which the program goes on. mode "fresh": the folder holds no run yet; "resume": it goes on, after Ctrl-C or
        whatever ended it; "overwrite": the run in it is removed.

    Raises UsageError for configuration and tasks, with key and choices, DataError for the samples, with row and
    column."""
    known = task_list(tasks)
    inputs = rows_of(x, "x")
    shape = list(np.shape(x)[1:]) if np.ndim(x) > 2 else []
    if len(fractions) != 3:
        raise ValueError(f"fractions: expected those of training, validation and test, found {len(fractions)} numbers")
    samples = (inputs, labels_of(y, known), known, shape, split_of(split), [float(f) for f in fractions], split_seed,
               list(columns) if columns is not None else columns_of(x), class_lists(classes, known))
    bar = Bar() if progress else None
    try:
        if run is None:
            return Model._of(_core.train(*samples, to_toml(config), *_followers(bar, on_epoch)))
        folder = pathlib.Path(run)
        if mode == "fresh" and ((folder / "config.toml").exists() or (folder / "checkpoints").exists()):
            raise UsageError(f"run: {folder}: there is a run in this folder already; go on with mode='resume', replace it with "
                             "mode='overwrite', or choose another folder")
        folder.mkdir(parents=True, exist_ok=True)
        data, configuration = folder / "data.h5", folder / "train.toml"
        settings = [f"data.file={json.dumps(os.fspath(data.absolute()))}", f"run.folder={json.dumps(os.fspath(folder))}"]
        if not says_tasks(config):  # a file has them in the order of their names; here it is the caller's
            settings.append(f"data.tasks={json.dumps([task.name for task in known])}")
        if mode != "resume" or not data.exists():
            _core.save_data(os.fspath(data), *samples)
            configuration.write_text(to_toml(config), encoding="utf-8")
        else:
            _require_equal_data(data, samples)
        _core.run(os.fspath(configuration), settings, mode, *_followers(bar, on_epoch))
        return Model.load(folder)
    finally:
        if bar is not None:
            bar.close()


def _require_equal_data(data: pathlib.Path, samples: tuple[Any, ...]) -> None:
    """Equal samples give equal files."""
    given = data.with_name(f"data-{os.getpid()}.h5")
    try:
        _core.save_data(os.fspath(given), *samples)
        if given.read_bytes() != data.read_bytes():
            raise DataError(f"{data}: expected the samples with which this run began, found others; resume with those, or "
                            "begin in another folder")
    finally:
        given.unlink(missing_ok=True)


def run(config: Config, *, settings: Sequence[str] = (), mode: str = "fresh",
        on_epoch: Callable[[Epoch], object] | None = None, progress: bool = False) -> Model:
    """Trains as `qmtl train CONFIG` does, from the data set that data.file names, in the run folder, and returns the
    best checkpoint. config: a path, a dict or TOML text; settings: "train.epochs=10", as --set takes them; mode,
    on_epoch, progress: as for train. Raises UsageError for configuration and folder, DataError for files."""
    bar = Bar() if progress else None
    try:
        if isinstance(config, os.PathLike):
            found = _core.run(os.fspath(config), list(settings), mode, *_followers(bar, on_epoch))
        else:
            with tempfile.TemporaryDirectory(prefix="qmtl-") as folder:
                path = pathlib.Path(folder) / "train.toml"
                path.write_text(to_toml(config), encoding="utf-8")
                found = _core.run(os.fspath(path), list(settings), mode, *_followers(bar, on_epoch))
        return Model.load(found.folder)
    finally:
        if bar is not None:
            bar.close()


def _followers(bar: Bar | None, on_epoch: Callable[[Epoch], object] | None) \
        -> tuple[Callable[[Epoch], object] | None, Callable[[Progress], object] | None]:
    if bar is None:
        return on_epoch, None

    def epoch(ended: Epoch) -> object:
        bar.epoch(ended)
        return on_epoch(ended) if on_epoch is not None else None

    return epoch, bar.step
