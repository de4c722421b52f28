# SPDX-License-Identifier: Apache-2.0
"""The history of a run folder."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import numpy as np

from .errors import DataError
from .tensors import Array


def flat(line: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in line.items():
        if isinstance(value, dict):
            found.update(flat(value, f"{before}{key}."))
        elif not isinstance(value, list):
            found[before + key] = value
    return found


def read_metrics(run: str | os.PathLike[str], kind: str = "epoch") -> dict[str, Array]:
    """The columns of a run's metrics.jsonl, one number for each epoch (kind "step": for each step that was
    logged): "epoch", "train_loss", "validation_mean", "tasks.NAME", ..., NaN where undefined. pandas.DataFrame
    takes them as they are. Raises DataError naming file and line."""
    path = pathlib.Path(run) / "metrics.jsonl"
    if kind not in ("epoch", "step"):
        raise ValueError(f"kind: expected 'epoch' or 'step', found {kind!r}")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: expected the metrics of a run: {error.strerror}") from error
    rows = []
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("a JSON object")
        except ValueError as error:
            if number == len(lines):  # a training is writing it
                break
            raise DataError(f"{path}:{number}: expected a JSON object: {error}") from error
        if row.pop("kind", "epoch") == kind:
            rows.append(flat(row))
    names = dict.fromkeys(name for row in rows for name in row)
    whole = ("epoch", "step")
    return {name: np.array([row[name] for row in rows], dtype=np.int64) if name in whole else
            np.array([np.nan if row.get(name) is None else row[name] for row in rows], dtype=np.float64)
            for name in names}
