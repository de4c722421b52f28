# SPDX-License-Identifier: Apache-2.0
"""Configurations and tasks in the forms that Python has for them, as the library takes them."""

from __future__ import annotations

import json
import numbers
import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any, Union

import numpy as np

from ._core import Task
from .errors import DataError

Config = Union[None, str, "os.PathLike[str]", Mapping[str, Any]]
Tasks = Union[Task, Mapping[str, Any], Iterable[Any]]
NoiseFile = Union[str, "os.PathLike[str]", Mapping[str, Any]]


def toml_value(value: Any, key: str) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        return repr(float(value))
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, os.PathLike):
        return toml_value(os.fspath(value), key)
    if isinstance(value, Mapping):
        inner = (f"{json.dumps(str(k))} = {toml_value(v, f'{key}.{k}')}" for k, v in value.items())
        return "{ " + ", ".join(inner) + " }"
    if isinstance(value, (list, tuple, np.ndarray)):
        return "[" + ", ".join(toml_value(v, key) for v in value) + "]"
    raise TypeError(f"config, {key}: expected a bool, number, text, list or dict, found {type(value).__name__}")


def to_toml(config: Config) -> str:
    """A training configuration as TOML text: of a dict of its tables ({"train": {"epochs": 5}}), of a file (a
    pathlib.Path), or the text itself. None is the empty one: everything has a default (`qmtl keys`)."""
    if config is None:
        return ""
    if isinstance(config, str):
        return config
    if isinstance(config, os.PathLike):
        path = pathlib.Path(config)
        return _with_absolute_files(path.read_text(encoding="utf-8"), path.absolute().parent)
    if isinstance(config, Mapping):
        return "".join(f"{json.dumps(str(k))} = {toml_value(v, str(k))}\n" for k, v in config.items())
    raise TypeError(f"config: expected a dict, TOML text or a path, found {type(config).__name__}")


def _tables(text: str) -> dict[str, Any] | None:
    """What a text of TOML says; None for a wrong one, of which the library says what is wrong, and before Python 3.11."""
    try:
        import tomllib
    except ImportError:
        return None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _with_absolute_files(text: str, folder: pathlib.Path) -> str:
    """The text with the circuits' files, which are relative to the configuration's folder, as absolute paths."""
    tables = _tables(text)
    if tables is None:
        return text
    parts = [tables.get("circuit"), tables.get("block"), *(tables.get("task") or {}).values()]
    layers = [layer for part in parts if isinstance(part, Mapping) for layer in part.get("layer") or ()
              if isinstance(layer, dict) and isinstance(layer.get("file"), str)]
    for layer in layers:
        layer["file"] = str(folder / layer["file"])
    return to_toml(tables) if layers else text


def noise_text(noise: NoiseFile) -> tuple[str, str]:
    """Text and name of a noise file, or of a dict of its tables."""
    if isinstance(noise, Mapping):
        return to_toml(noise), "noise"
    if isinstance(noise, (str, os.PathLike)):
        path = pathlib.Path(noise)
        try:
            return path.read_text(encoding="utf-8"), str(path)
        except OSError as error:
            raise DataError(f"{path}: expected a noise file, found that it cannot be read: {error.strerror}") from error
    raise TypeError(f"noise: expected a path or a dict of a noise file's tables, found {type(noise).__name__}")


def says_tasks(config: Config) -> bool:
    """Whether a configuration has data.tasks."""
    tables: Any = config
    if not isinstance(config, Mapping):
        text = to_toml(config)
        tables = _tables(text)
        if tables is None:
            return any(line.replace(" ", "").startswith("tasks=") for line in text.splitlines())
    data = tables.get("data")
    return isinstance(data, Mapping) and "tasks" in data


def one_task(task: Any, name: str | None = None) -> Task:
    if isinstance(task, Task):
        return task
    if name is not None:
        if isinstance(task, str):
            return Task(name, task)
        if isinstance(task, Mapping):
            return Task(name, **task)
    elif isinstance(task, str):
        return Task(task)
    elif isinstance(task, Mapping):
        return Task(**task)
    elif isinstance(task, (tuple, list)):
        return Task(*task)
    raise TypeError(f"tasks: expected qmtl.Task, a name, a tuple or a dict of its fields, found {task!r}")


def task_list(tasks: Tasks) -> list[Task]:
    """Tasks in order: of qmtl.Task, names, (name, kind, outputs, metric) or {name: kind or dict of fields}."""
    if isinstance(tasks, (Task, str)):
        return [one_task(tasks)]
    if isinstance(tasks, Mapping):
        return [one_task(task, name) for name, task in tasks.items()]
    if isinstance(tasks, Iterable):
        return [one_task(task) for task in tasks]
    raise TypeError(f"tasks: expected a list of tasks or a dict of them by name, found {type(tasks).__name__}")


def label_columns(task: Task) -> int:
    """Columns of labels: a multilabel task has one for each output."""
    return task.outputs if task.kind == "multilabel" else 1


def task_slices(tasks: Iterable[Task]) -> dict[str, slice]:
    """The columns of logits and predictions of each task, by its name."""
    slices, first = {}, 0
    for task in tasks:
        slices[task.name] = slice(first, first + task.outputs)
        first += task.outputs
    return slices
