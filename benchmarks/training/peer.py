# SPDX-License-Identifier: Apache-2.0
"""What the peers share: a data set as arrays and the model that each of them trains.

The model: standardised inputs, one hidden layer of tanh units, and a linear layer a task (all of them one matrix): the layers of
the configuration with a linear head in the place of the quantum one. Losses are means over the labels that are there, summed
over tasks; Adam; every epoch in a new order.
"""

import argparse
import json

import h5py
import numpy


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", help="data set file")
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=10, help="timed epochs, after one that is not")
    return parser.parse_args()


class Data:
    """x [N, width] float32, and of every task its kind, outputs and labels [N, columns] float32, NaN where there is none."""

    def __init__(self, path):
        with h5py.File(path) as file:
            train = file["split"][:] == 0
            parts = [numpy.asarray(file["inputs"][name][:], numpy.float32).reshape(len(train), -1)[train]
                     for name in file["inputs"]]
            x = numpy.concatenate(parts, axis=1)
            deviation = x.std(axis=0)
            self.x = (x - x.mean(axis=0)) / numpy.where(deviation > 0, deviation, 1)
            self.tasks = []
            for name, task in file["tasks"].items():
                kind = task["labels"].attrs["kind"]
                kind = kind.decode() if isinstance(kind, bytes) else kind
                labels = numpy.asarray(task["labels"][:], numpy.float32).reshape(len(train), -1)[train]
                if kind == "regression":
                    labels = (labels - numpy.nanmean(labels)) / numpy.nanstd(labels)
                self.tasks.append((name, kind, int(task["labels"].attrs["classes"]) if kind == "multiclass" else labels.shape[1], labels))
        self.outputs = sum(task[2] for task in self.tasks)

    def start(self, hidden):
        """The weights that every peer begins with (Glorot)."""
        random = numpy.random.default_rng(1)
        widths = [self.x.shape[1], hidden, self.outputs]
        layers = []
        for rows, columns in zip(widths, widths[1:]):
            limit = (6 / (rows + columns)) ** 0.5
            layers.append((random.uniform(-limit, limit, (rows, columns)).astype(numpy.float32),
                           numpy.zeros(columns, numpy.float32)))
        return layers


def report(name, samples, seconds, loss):
    print(json.dumps({"peer": name, "samples_per_second": samples / seconds, "loss": float(loss)}))
