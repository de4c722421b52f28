# SPDX-License-Identifier: Apache-2.0
"""Whole trainings as scikit-learn estimators: a column of y is a task, NaN is a missing label."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d

from ._core import Task
from .configuration import to_toml
from .model import Model, train
from .tensors import Array


def _missing(labels: Array) -> Array:
    """Where there is no label: NaN or None."""
    return labels != labels if labels.dtype.kind == "f" else (
        np.array([v is None or v != v for v in labels], dtype=bool) if labels.dtype == object
        else np.zeros(len(labels), dtype=bool))


class _Estimator(BaseEstimator):
    """What both have in common. The keys that are not None come on top of `config`."""

    def __init__(self, config: Any = None, *, head: str | None = None, layers: tuple[int, ...] = (),
                 epochs: int | None = None, batch: int | None = None, learning_rate: float | None = None,
                 validation_fraction: float = 0.0, random_state: int | None = 1) -> None:
        self.config = config
        self.head = head
        self.layers = layers
        self.epochs = epochs
        self.batch = batch
        self.learning_rate = learning_rate
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    def _configuration(self) -> str:
        keys = {"head.kind": self.head, "train.epochs": self.epochs, "train.batch": self.batch,
                "train.learning_rate": self.learning_rate,
                "seed": None if self.random_state is None else _seed(self.random_state),
                "backbone.layers": [{"type": "dense", "width": int(width), "activation": "tanh"}
                                    for width in self.layers] or None}
        given = {key: value for key, value in keys.items() if value is not None}
        tables = self.config if self.config is not None else {}
        if not hasattr(tables, "items"):
            text = to_toml(tables)
            if set(given) - {"seed"}:
                raise ValueError(f"config: expected a dict beside {', '.join(sorted(given))}, found TOML text or a path; "
                                 "write these into it")
            return text
        merged = {key: dict(value) if hasattr(value, "items") else value for key, value in tables.items()}
        for key, value in given.items():
            table, _, name = key.rpartition(".")
            if not table:
                merged.setdefault(key, value)
            else:
                merged.setdefault(table, {})[name] = value
        return to_toml(merged)

    def _validated(self, X: Any, reset: bool) -> Array:
        options = {"dtype": [np.float64, np.float32], "reset": reset}
        try:
            from sklearn.utils.validation import validate_data
        except ImportError:  # before scikit-learn 1.6
            return self._validate_data(X, **options)
        return validate_data(self, X, **options)

    def _labels(self, X: Array, y: Any) -> tuple[Array, list[str]]:
        """y as columns, and the tasks' names."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        names = [str(name) for name in y.columns] if hasattr(y, "columns") else None
        columns = np.asarray(y)
        if columns.dtype.kind == "c":
            raise ValueError("y: expected real numbers or classes, found complex ones")
        if columns.dtype.kind == "f" and np.isinf(columns).any():
            raise ValueError("y: expected finite numbers or NaN (missing), found infinity")
        self._one = columns.ndim == 1
        if columns.ndim == 1:
            columns = column_or_1d(columns)[:, None]
        if columns.ndim != 2 or columns.shape[1] < 1:
            raise ValueError(f"y: expected the shape [rows] or [rows, tasks], found {list(columns.shape)}")
        if len(columns) != len(X):
            raise ValueError(f"y: expected {len(X)} rows as X has, found inconsistent numbers of samples: {len(columns)}")
        return columns, names or [f"y{i}" for i in range(columns.shape[1])]

    def _train(self, X: Array, y: Array, tasks: list[Task], classes: Any = None) -> None:
        self.history_: dict[str, list[float]] = {"train_loss": [], "validation_loss": [], "validation_mean": []}

        def remember(epoch: Any) -> None:
            for key, values in self.history_.items():
                values.append(getattr(epoch, key))

        share = float(self.validation_fraction)
        self.model_: Model = train(X, y, tasks, self._configuration(), fractions=(1 - share, share, 0.0),
                                   split_seed=0 if self.random_state is None else _seed(self.random_state),
                                   columns=[str(name) for name in getattr(self, "feature_names_in_", ())], classes=classes,
                                   on_epoch=remember)
        self.tasks_ = tasks
        self.n_outputs_ = len(tasks)

    def _predicted(self, X: Any) -> dict[str, Array]:
        check_is_fitted(self, "model_")
        return self.model_.split(self.model_.predict(self._validated(X, reset=False)))

    def _more_tags(self) -> dict[str, Any]:  # before scikit-learn 1.6
        return {"multioutput": True}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        return tags


def _seed(random_state: Any) -> int:
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if random_state < 0:
        raise ValueError(f"random_state: expected an integer of at least 0, found {random_state}")
    return int(random_state)


class QMTLClassifier(ClassifierMixin, _Estimator):
    """A column of y is a binary or multiclass task; labels may be numbers or texts, NaN or None where missing.

    config: a training configuration as a dict, TOML text or a path; None: the defaults.
    head: its kind ("qmtl", "linear", "mlp", ...). layers: widths of dense layers before it, with tanh.
    epochs, batch, learning_rate: of training; None: as the configuration. validation_fraction: of the rows, which
    choose the best epoch; 0: the last one. random_state: seed of start and order; the same one gives the same bits.

    Fitted: `model_` (qmtl.Model; `model_.save` writes a checkpoint), `classes_` (a list of them for several tasks),
    `tasks_`, `history_` (losses by epoch), `n_features_in_`, `feature_names_in_`.
    """

    def fit(self, X: Any, y: Any) -> QMTLClassifier:
        """X: [rows, columns], finite. y: [rows] or [rows, tasks], or a data frame whose columns name the tasks."""
        X = self._validated(X, reset=True)
        columns, names = self._labels(X, y)
        labels, classes, tasks = np.empty(columns.shape, dtype=np.float32), [], []
        for i, name in enumerate(names):
            column, missing = columns[:, i], _missing(columns[:, i])
            known = column[~missing]
            if known.dtype == object:
                known = np.array(list(known))
            if type_of_target(known) not in ("binary", "multiclass"):
                raise ValueError(f"y, task '{name}': Unknown label type: expected classes, found {type_of_target(known)}")
            found, codes = np.unique(known, return_inverse=True)
            if len(found) < 2:
                raise ValueError(f"y, task '{name}': expected at least 2 classes, found {len(found)} class")
            labels[missing, i] = np.nan
            labels[~missing, i] = codes
            classes.append(found)
            tasks.append(Task(name, "binary" if len(found) == 2 else "multiclass",
                              1 if len(found) == 2 else len(found)))
        self._train(X, labels, tasks, {task.name: found for task, found in zip(tasks, classes)})
        self.classes_ = classes[0] if self._one else classes
        return self

    def predict_proba(self, X: Any) -> Any:
        """Probabilities [rows, classes], or a list of them, one for each task. float64; rows add up to 1."""
        parts = [part.astype(np.float64) for part in self._predicted(X).values()]
        parts = [np.hstack([1 - part, part]) if part.shape[1] == 1 else part / part.sum(axis=1, keepdims=True)
                 for part in parts]
        return parts[0] if self._one else parts

    def predict(self, X: Any) -> Array:
        """The most probable classes, [rows] or [rows, tasks] as y was."""
        probabilities = self.predict_proba(X)
        if self._one:
            return self.classes_[np.argmax(probabilities, axis=1)]
        parts = [found[np.argmax(part, axis=1)] for found, part in zip(self.classes_, probabilities)]
        return np.stack(parts, axis=1) if len({part.dtype.kind for part in parts}) == 1 else np.stack(
            [part.astype(object) for part in parts], axis=1)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy on the rows that have labels, averaged over tasks."""
        predicted, columns = self.predict(X).reshape(len(X), -1), np.asarray(y).reshape(len(X), -1)
        weights = np.ones(len(columns)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
        scores = []
        for i in range(columns.shape[1]):
            here = ~_missing(columns[:, i])
            scores.append(np.average(predicted[here, i] == columns[here, i], weights=weights[here]))
        return float(np.mean(scores))


class QMTLRegressor(RegressorMixin, _Estimator):
    """A column of y is a regression task, NaN where a number is missing. Parameters and attributes: as
    QMTLClassifier, without classes."""

    def fit(self, X: Any, y: Any) -> QMTLRegressor:
        """X: [rows, columns], finite. y: [rows] or [rows, tasks], or a data frame whose columns name the tasks."""
        X = self._validated(X, reset=True)
        columns, names = self._labels(X, y)
        self._train(X, columns.astype(np.float32), [Task(name, "regression") for name in names])
        return self

    def predict(self, X: Any) -> Array:
        """Values, float64, [rows] or [rows, tasks] as y was, in y's units."""
        parts = np.hstack(list(self._predicted(X).values())).astype(np.float64)
        return parts[:, 0] if self._one else parts

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R2 on the rows that have labels, averaged over tasks."""
        predicted = self.predict(X).reshape(len(X), -1)
        columns = np.asarray(y, dtype=np.float64).reshape(len(X), -1)
        scores = []
        for i in range(columns.shape[1]):
            here = ~np.isnan(columns[:, i])
            weights = None if sample_weight is None else np.asarray(sample_weight)[here]
            scores.append(r2_score(columns[here, i], predicted[here, i], sample_weight=weights))
        return float(np.mean(scores))
