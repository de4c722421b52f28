# SPDX-License-Identifier: Apache-2.0
"""Runs in the optional environment: onnxruntime on a model, after onnx's full check.
onnx_peer.py MODEL INPUTS.npz OUTPUTS.npz; outputs also in batches of 1 and 7 as "<batch>/<name>"."""

import sys

import numpy as np
import onnx
import onnxruntime

model, inputs, outputs = sys.argv[1:]
onnx.checker.check_model(onnx.load(model), full_check=True)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
names = [value.name for value in session.get_outputs()]
x = dict(np.load(inputs))
rows = len(next(iter(x.values())))
results = {}
empty = session.run(names, {name: value[:0] for name, value in x.items()})
for batch in (1, 7, rows):
    parts = [session.run(names, {name: value[i:i + batch] for name, value in x.items()})
             for i in range(0, min(rows, 10 * batch), batch)]
    for n, name in enumerate(names):
        results[f"{batch}/{name}" if batch != rows else name] = np.concatenate([part[n] for part in parts])
for name, none in zip(names, empty):
    assert none.shape == (0, *results[name].shape[1:]), f"{name} of no samples: {none.shape}"
np.savez(outputs, **results)
