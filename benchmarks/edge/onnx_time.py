# SPDX-License-Identifier: Apache-2.0
"""Runs in the optional environment: processor seconds a sample of a model in ONNX Runtime, one thread, batches of 1 and of BATCH.
onnx_time.py MODEL INPUT WIDTH BATCH"""

import sys
import time

import numpy as np
import onnxruntime

model, name, width, batch = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
for size, rounds in ((1, 2000), (batch, 20)):
    x = np.random.default_rng(1).normal(size=(size, width)).astype(np.float32)
    session.run(None, {name: x})
    best = float("inf")
    for _ in range(5):
        begin = time.process_time()
        for _ in range(rounds):
            session.run(None, {name: x})
        best = min(best, (time.process_time() - begin) / (rounds * size))
    print(f"{best:.9g}")
