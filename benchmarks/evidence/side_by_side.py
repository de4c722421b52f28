#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sixty tasks of six data sets side by side as one data set: benchmarks/evidence/side_by_side.py SETS OUT.h5, SETS the folder of the
six. A row has the inputs and labels of its own set; the others' inputs are zero, the others' labels missing. Up to 3000 rows of a
set, evenly from its order, as they are spread over its parts. Pictures become numbers: the principal components of the cells (of the
training rows), means over 4 x 4 pixels of the X-rays."""

import sys

import h5py
import numpy

MOST = 3000
LEFT_OUT = {"glue6": ("cola", "wnli"), "chest14": ("hernia", "pneumonia")}


def principal(images, train, count):
    """Coordinates along the first principal directions of the training rows, each with a fixed sign."""
    flat = images.reshape(len(images), -1).astype("f8") / 255
    mean = flat[train].mean(axis=0)
    _, _, directions = numpy.linalg.svd(flat[train] - mean, full_matrices=False)
    directions = directions[:count]
    largest = numpy.abs(directions).argmax(axis=1)
    directions *= numpy.sign(directions[numpy.arange(len(directions)), largest])[:, None]
    return (flat - mean) @ directions.T


def numbers(name, file, rows):
    """The rows' inputs as one matrix of numbers."""
    train = file["split"][...][rows] == 0
    if name == "wbc12":
        return principal(file["inputs/image"][...][rows], train, 128)
    if name == "chest14":
        images = file["inputs/image"][...][rows].astype("f8") / 255
        return images.reshape(len(images), 16, 4, 16, 4).mean(axis=(2, 4)).reshape(len(images), -1)
    return numpy.concatenate([file["inputs/" + key][...][rows].reshape(len(rows), -1).astype("f8") for key in sorted(file["inputs"])], axis=1)


def main(sets, out):
    names = ("chest14", "cxr14", "glue6", "mustard5a", "tweets10", "wbc12")
    parts = []
    for name in names:
        with h5py.File(f"{sets}/{name}.h5") as file:
            total = len(file["split"])
            rows = numpy.unique(numpy.linspace(0, total - 1, min(MOST, total)).astype(int))
            tasks = {task: (file[f"tasks/{task}/labels"][...][rows], dict(file[f"tasks/{task}/labels"].attrs)) for task in sorted(file["tasks"])
                     if task not in LEFT_OUT.get(name, ())}
            groups = file["groups"][...][rows] if "groups" in file else None
            parts.append((name, numbers(name, file, rows), tasks, file["split"][...][rows], groups))
    total = sum(len(part[3]) for part in parts)
    with h5py.File(out, "w") as file:
        file.attrs.update(format="qmtl-dataset", version=1, title="Sixty tasks side by side", source="the sets " + ", ".join(names),
                          licence="those of the sets")
        split, groups, at, number = numpy.zeros(total, "u1"), numpy.zeros(total, "i4"), 0, 0
        for name, x, tasks, part, own in parts:
            here = slice(at, at + len(part))
            inputs = numpy.zeros((total, x.shape[1]), "f4")
            inputs[here] = x
            file.create_dataset("inputs/" + name, data=inputs)
            for task, (labels, attributes) in tasks.items():
                values = numpy.full(total, numpy.nan, "f4")
                values[here] = labels
                made = file.create_dataset(f"tasks/{name}_{task}/labels", data=values)
                made.attrs.update(attributes)
            split[here] = part
            # Patients and shows stay together; other rows are groups of their own.
            own = numpy.arange(len(part)) if own is None else numpy.unique(own, return_inverse=True)[1]
            groups[here] = number + own
            number += own.max() + 1
            at += len(part)
        file["split"], file["groups"] = split, groups
    print(f"{out}: {total} rows, {sum(len(part[2]) for part in parts)} tasks")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: benchmarks/evidence/side_by_side.py SETS OUT.h5")
    main(*sys.argv[1:])
