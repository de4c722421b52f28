#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layers of chest14.toml with a linear head in PyTorch (benchmarks/training/race.py): mean pooling, moved and noisy images,
two convolutions with max pooling, dropout, a dense layer."""

import time

import h5py
import numpy
import torch
from torch import nn

from peer import arguments, report

options = arguments()
torch.set_num_threads(options.threads)
torch.manual_seed(1)
with h5py.File(options.data) as file:
    train = file["split"][:] == 0
    image = numpy.asarray(file["inputs/image"][:], numpy.float32)[train]
    labels = numpy.stack([numpy.asarray(task["labels"][:], numpy.float32) for task in file["tasks"].values()], axis=1)[train]
x = torch.from_numpy((image - image.mean()) / image.std())
y = torch.from_numpy(labels)
side = x.shape[-1] // 2


class Augment(nn.Module):
    def forward(self, images):
        down, right = (int(torch.randint(-1, 2, ())) for _ in range(2))
        moved = torch.roll(images, (down, right), (2, 3))
        return moved + 0.1 * torch.randn_like(moved)


model = nn.Sequential(nn.AvgPool2d(2), Augment(), nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                      nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5),
                      nn.Linear(16 * (side // 4) ** 2, options.hidden), nn.Tanh(), nn.Linear(options.hidden, y.shape[1]))
optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)


def epoch():
    order = torch.randperm(len(x))
    for first in range(0, len(order), options.batch):
        rows = order[first:first + options.batch]
        optimiser.zero_grad()
        out, known = model(x[rows]), ~torch.isnan(y[rows])
        loss = nn.functional.binary_cross_entropy_with_logits(out[known], y[rows][known])
        loss.backward()
        optimiser.step()
    return loss.detach()


epoch()
began = time.perf_counter()
for _ in range(options.epochs):
    last = epoch()
report("torch", options.epochs * len(x), time.perf_counter() - began, last)
