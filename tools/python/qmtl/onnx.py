# SPDX-License-Identifier: Apache-2.0
"""One ONNX file of a backbone of torch (or of anybody's ONNX) and a head, for ONNX Runtime and others."""

from __future__ import annotations

import inspect
import json
import os
import pathlib
import tempfile
from typing import Any

import numpy as np
import onnx
import onnx.compose

from . import _core
from .errors import UsageError
from .head import Head

IR_VERSION, OPSET = 8, 13  # those of the head's own file


def join(backbone: Any, head: Any, path: str | os.PathLike[str], example: Any = None) -> Any:
    """Writes backbone and head as one ONNX model and returns it (onnx.ModelProto): inputs of the backbone, an output of
    logits for each task, named as the task.

    backbone: a torch.nn.Module with one output z [rows, width], whose file is made with `example` (an input, or a tuple
        of them; the first extent may then be any number of rows); or a file of ONNX or a ModelProto with one output.
    head: qmtl.Head, qmtl.torch.Head, a Model whose input is z, or a file that `qmtl export --to onnx` wrote.

    Raises UsageError where this build writes no ONNX (QMTL_HARDWARE and QMTL_ONNX; the program does) and for outputs and
    inputs that do not fit each other."""
    back = _head(head)
    front = _backbone(backbone, example)
    outputs, inputs = list(front.graph.output), list(back.graph.input)
    if len(outputs) != 1 or len(inputs) != 1:
        raise UsageError(f"expected a backbone with one output and a head with one input, found {len(outputs)} and {len(inputs)}")
    found, expected = _width(outputs[0]), _width(inputs[0])
    if found is not None and found != expected:
        raise UsageError(f"backbone: expected an output of width {expected}, that of z, found {found}")
    names = [value.name for value in back.graph.output]
    prefixed = onnx.compose.add_prefix(back, "head/")  # no name of the backbone's is another's then
    front.ir_version = prefixed.ir_version = IR_VERSION
    joined = onnx.compose.merge_models(front, prefixed, [(front.graph.output[0].name, prefixed.graph.input[0].name)])
    taken = {value.name for value in joined.graph.input}
    for output, name in zip(joined.graph.output, names):
        _rename(joined.graph, output, name if name not in taken else f"{name}_output")
    for entry in back.metadata_props:
        if entry.key not in {known.key for known in joined.metadata_props}:
            joined.metadata_props.add(key=entry.key, value=entry.value)
    onnx.checker.check_model(joined, full_check=True)
    onnx.save(joined, os.fspath(path))
    return joined


def tasks_of(model: Any) -> list[dict[str, Any]]:
    """What the outputs of a joined (or exported) model are: name, output, kind, outputs, classes."""
    for entry in model.metadata_props:
        if entry.key == "qmtl.tasks":
            found: list[dict[str, Any]] = json.loads(entry.value)
            return found
    raise UsageError("expected a model that qmtl wrote, found one without qmtl.tasks in its metadata")


def _rename(graph: Any, output: Any, name: str) -> None:
    """An output's name, wherever nodes write it: no node of a head reads its outputs."""
    for node in graph.node:
        for i, written in enumerate(node.output):
            if written == output.name:
                node.output[i] = name
    output.name = name


def _width(value: Any) -> int | None:
    shape = value.type.tensor_type.shape.dim
    return int(shape[-1].dim_value) if shape and shape[-1].HasField("dim_value") else None


def _loaded(model: Any) -> Any:
    return onnx.load(os.fspath(model)) if isinstance(model, (str, os.PathLike)) else model


def _head(head: Any) -> Any:
    if isinstance(head, (str, os.PathLike, onnx.ModelProto)):
        return _loaded(head)
    if "onnx" not in _core.export_forms():
        raise UsageError("expected a build that writes ONNX (QMTL_HARDWARE, QMTL_ONNX), found one without: save the head's "
                         "model(), and give the file that `qmtl export --to onnx` makes of it")
    if not isinstance(head, Head) and callable(getattr(head, "head", None)) and not hasattr(head, "predict"):
        head = head.head()  # a module
    model = head.model() if isinstance(head, Head) else head
    with tempfile.TemporaryDirectory(prefix="qmtl-") as folder:
        path = pathlib.Path(folder) / "head.onnx"
        model.export("onnx", path, np.zeros((1, model.inputs), np.float32))
        return onnx.load(os.fspath(path))


def _backbone(backbone: Any, example: Any) -> Any:
    if isinstance(backbone, (str, os.PathLike, onnx.ModelProto)):
        return _loaded(backbone)
    import torch
    if example is None:
        raise UsageError("example: expected an input of the backbone, by which torch writes its file, found None")
    example = example if isinstance(example, tuple) else (example,)
    names = [f"input{i}" if i else "input" for i in range(len(example))]
    # The exporter that torch 1.13 has too, where there is another.
    other = "dynamo" in inspect.signature(torch.onnx.export).parameters
    options: dict[str, Any] = {"dynamo": False} if other else {}
    training = backbone.training
    with tempfile.TemporaryDirectory(prefix="qmtl-") as folder:
        file = os.path.join(folder, "backbone.onnx")
        try:
            torch.onnx.export(backbone.eval(), example, file, input_names=names, output_names=["z"], opset_version=OPSET,
                              dynamic_axes={name: {0: "batch"} for name in [*names, "z"]}, **options)
        finally:
            backbone.train(training)
        return onnx.load(file)
