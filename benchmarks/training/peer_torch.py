#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A linear head in PyTorch, written as its users do: a module, Adam, a loop over minibatches (benchmarks/training/race.py)."""

import time

import numpy
import torch

from peer import Data, arguments, report

options = arguments()
torch.set_num_threads(options.threads)
data = Data(options.data)
x = torch.from_numpy(data.x)
labels = [torch.from_numpy(task[3]) for task in data.tasks]
layers = []
for weight, bias in data.start(options.hidden):
    layer = torch.nn.Linear(*weight.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight.T))
        layer.bias.copy_(torch.from_numpy(bias))
    layers += [layer, torch.nn.Tanh()]
model = torch.nn.Sequential(*layers[:-1])
optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
present = [not bool(torch.isnan(task).any()) for task in labels]


def loss_of(rows):
    logits = model(x[rows])
    total, column = 0.0, 0
    for (_, kind, outputs, _), label, whole in zip(data.tasks, labels, present):
        out, y = logits[:, column:column + outputs], label[rows]
        column += outputs
        if not whole:
            known = ~torch.isnan(y[:, 0])
            if not bool(known.any()):
                continue
            out, y = out[known], y[known]
        if kind == "multiclass":
            total = total + torch.nn.functional.cross_entropy(out, y[:, 0].long())
        elif kind == "regression":
            total = total + torch.nn.functional.mse_loss(out, y)
        else:
            total = total + torch.nn.functional.binary_cross_entropy_with_logits(out, y)
    return total


def epoch(seed):
    order = torch.from_numpy(numpy.random.default_rng(seed).permutation(len(x)))
    for first in range(0, len(order), options.batch):
        optimiser.zero_grad()
        loss = loss_of(order[first:first + options.batch])
        loss.backward()
        optimiser.step()
    return float(loss.detach())


epoch(0)
began = time.perf_counter()
for number in range(options.epochs):
    last = epoch(number + 1)
report("torch", options.epochs * len(x), time.perf_counter() - began, last)
