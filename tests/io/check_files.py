# SPDX-License-Identifier: Apache-2.0
"""Reads files that qmtl wrote, and makes one as another program would, with a reader that is not ours (h5py).

    check_files.py dataset FILE | checkpoint FILE | predictions FILE | make FILE
"""

import sys

import h5py
import numpy as np


def check(condition, what):
    if not condition:
        sys.exit(f"{sys.argv[2]}: expected {what}")


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def attribute(node, name):
    return text(node.attrs[name])


def dataset(file):
    check(attribute(file, "format") == "qmtl-dataset" and file.attrs["version"] == 1, "a data set, version 1")
    check(attribute(file, "title") == "Small \u00e9xample", "the title in UTF-8")
    check(len(attribute(file, "hash")) == 64, "a hash")
    image = file["inputs/image"]
    check(image.shape == (5, 1, 2, 2) and image.dtype == np.float32, "an image [5, 1, 2, 2] of float32")
    check(np.array_equal(image[...].ravel(), 0.25 * np.arange(20) - 1), "the image's values")
    check(image.fletcher32 and file["split"].fletcher32, "checksums")
    choice = file["tasks/choice/labels"]
    check(attribute(choice, "kind") == "multiclass" and choice.attrs["classes"] == 3, "three classes")
    check(attribute(choice, "metric") == "macro_f1", "the metric")
    check(np.array_equal(choice[...], [0, 1, 2, np.nan, 1], equal_nan=True), "labels, NaN for the missing one")
    check(file["tasks/labels/labels"].shape == (5, 2), "multilabel labels [5, 2]")
    check(file["split"].dtype == np.uint8 and list(file["split"]) == [0, 0, 1, 2, 0], "the split")
    check(file["fold"].dtype == np.int8 and list(file["fold"]) == [0, 1, 2, 3, -1], "folds")
    check(file["groups"].dtype == np.int32 and file["groups"][4] == 1000000, "groups")
    check(list(file["ids"].asstr()[...]) == ["a", "b", "c", "d\u00e9", ""], "ids")


def checkpoint(file):
    check(attribute(file, "format") == "qmtl-checkpoint" and file.attrs["version"] == 1, "a checkpoint, version 1")
    config = file["config"].asstr()[0]
    check("[train]" in config and "learning_rate" in config, "the configuration's text")
    expected = 0.125 * np.arange(23) - 12
    weight = file["params/trunk.0.weight"]
    check(weight.shape == (4, 3) and weight.dtype == np.float64, "a weight [4, 3] of float64")
    check(weight[0, 0] == expected[0] and weight[3, 2] == expected[11], "the weight's values, row-major")
    check(file["params/head.gain"].shape == () and file["params/head.gain"][()] == expected[16], "the scalar gain")
    check(weight.attrs["index"] == 0 and weight.attrs["head"] == 0 and weight.attrs["decay"] == 1, "its attributes")
    check(file["params/head.blocks"].attrs["head"] == 1, "a head parameter")
    check(np.all(file["moment1/head.blocks"][...] == 1e-300), "first moments")
    check(np.all(file["moment2/head.blocks"][...] == 5e-324), "second moments")
    for name, value in {"step": 12, "epoch": 3, "step_in_epoch": 1, "best_epoch": 1}.items():
        check(file.attrs[name] == value, f"{name} = {value}")
    check(file.attrs["best_score"] == -np.inf and file.attrs["epoch_loss_sum"] == 0.1 + 0.2, "best score and loss")
    check(list(file["history/epoch"]) == [1, 2] and list(file["history/step"]) == [4, 8], "the history's steps")
    check(list(file["history/validation_loss"]) == [0.8, 0.7], "validation losses")
    check(np.array_equal(file["history/validation"][...], [[0.4, np.nan], [0.5, 0.7]], equal_nan=True), "metrics")
    check(list(file["columns/text"].asstr()[...]) == ["h\u00f6he", "weight", "a,b"], "names of columns")
    check(list(file["units/text"].asstr()[...]) == ["cm", "", "kg"], "units")
    check(list(file['shifts/image "x"']) == [1.5e9, 0, -1, 0.1], "shifts")
    check(list(file["tasks/choice/classes"].asstr()[...]) == ["bird", "cat", "dog"], "names of classes")
    check(file["description"].asstr()[0] == 'file = "pets.csv"\n', "the description")
    check(list(file["standardisation/text/mean"]) == [0.1, 0.2, 0.3], "means")
    check(list(file["standardisation/text/deviation"]) == [1, 2, 3], "deviations")
    for name in ("data_hash", "plan", "run_hash", "content_hash", "program_version"):
        check(attribute(file, name) != "", name)
    for name in ("params/trunk.0.weight", "history/epoch", "config"):
        check(h5py.h5g.get_objinfo(file[name].id).mtime == 0, f"no time in {name}")


def predictions(file):
    check(attribute(file, "format") == "qmtl-predictions", "predictions")
    yes = file["predictions/yes"]
    check(yes.shape == (2, 1) and yes.dtype == np.float32 and yes[0, 0] == 0.5, "probabilities of the binary task")
    check(np.allclose(file["predictions/choice"][...].sum(axis=1), 1), "class probabilities that add up to 1")
    check(list(file["classes/choice"].asstr()[...]) == ["bird", "cat", "dog"], "names of classes")
    check(list(file["classes/yes"].asstr()[...]) == ["no", "yes"], "names of the binary task's classes")
    check(list(file["ids"].asstr()[...]) == ["r,0", "r1"], "ids")


def make(file):
    """Every element type the format allows, variable-length strings, compression, big-endian numbers."""
    file.attrs["format"] = "qmtl-dataset"
    file.attrs["version"] = 1
    file.attrs["title"] = "from h5py"
    file.create_dataset("inputs/half", data=np.array([[1.5, -2], [0.25, 65504], [6e-8, 0]], np.float16))
    file.create_dataset("inputs/image", data=np.arange(12, dtype=np.uint8).reshape(3, 1, 2, 2) + 244)
    file.create_dataset("inputs/packed", data=np.ones((3, 500), np.float32), compression="gzip", shuffle=True)
    file.create_dataset("inputs/vector", data=np.array([1, 2, 3], ">f8"))
    task = file.create_dataset("tasks/t/labels", data=np.array([0, np.nan, 1], np.float32))
    task.attrs["kind"] = "binary"
    file["split"] = np.array([0, 1, 2], np.uint8)
    file["groups"] = np.array([3, -4, 5], np.int32)
    file.create_dataset("ids", data=["x", "y\u00e9", "z"], dtype=h5py.string_dtype())


if __name__ == "__main__":
    kind, path = sys.argv[1:]
    with h5py.File(path, "w" if kind == "make" else "r") as opened:
        {"dataset": dataset, "checkpoint": checkpoint, "predictions": predictions, "make": make}[kind](opened)
