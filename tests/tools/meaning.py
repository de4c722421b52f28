#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What numbers mean goes with them: names of classes and columns from the data set through the checkpoint to what is
predicted, scored and exported. Files in other orders are read by name and give the same bits."""

import json
import os
import random
import sys
import unittest

try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"skipped: python3-h5py and python3-numpy are needed ({missing})")
    sys.exit(0)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Program, main

SPECIES = ("bird", "cat", "dog")
PETS = """
file = "{file}"
id = "tag"
[input.body]
columns = ["height", "weight", "tail"]
units = {{ height = "cm", weight = "kg" }}
[task.species]
column = "species"
kind = "multiclass"
{species}
[task.tame]
column = "tame"
kind = "binary"
classes = {tame}
[task.age]
column = "age"
kind = "regression"
unit = "years"
[split]
fractions = {fractions}
"""
TRAIN = """
[data]
file = "pets.h5"
[run]
folder = "pets"
[circuit]
qubits = 4
[train]
epochs = 30
batch = 16
"""


def description(file="pets.csv", species="", tame='["no", "yes"]', fractions="[0.6, 0.2, 0.2]"):
    return PETS.format(file=file, species=species, tame=tame, fractions=fractions)


def pets(rows=90, seed=3):
    """Columns of cells: three sizes that decide the species, a tame flag and an age."""
    generator = random.Random(seed)
    table = {name: [] for name in ("tag", "height", "weight", "tail", "species", "tame", "age")}
    for row in range(rows):
        kind = row % 3
        sizes = [generator.gauss(10 + 20 * (kind == i), 2) for i in range(3)]
        cells = [f"p{row:03}", *(f"{size:.3f}" for size in sizes), SPECIES[kind], "yes" if sizes[0] > 15 else "no",
                 f"{sizes[1] / 4:.2f}"]
        for name, cell in zip(table, cells):
            table[name].append(cell)
    return table


def csv_text(table, header=True, order=None):
    names = list(order or table)
    rows = list(zip(*(table[name] for name in names)))
    lines = ([",".join(names)] if header else []) + [",".join(row) for row in rows]
    return "\n".join(lines) + "\n"


class Meaning(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.table = pets()
        cls.write("pets.csv", csv_text(cls.table))
        cls.write("pets.toml", description())
        cls.write("pets-train.toml", TRAIN)
        for command in (["import", "pets.toml", "--out", "pets.h5"], ["train", "pets-train.toml", "--quiet"]):
            done = cls.run_program(*command)
            if done.returncode != 0:
                raise RuntimeError(done.stderr)

    def scores(self, *options):
        run = self.succeed("eval", "pets", "--json", *options)
        found = json.loads(run.stdout)
        return {name: task["value"] for name, task in found["tasks"].items()}, run.stderr

    def imported(self, text, out="other.h5"):
        self.write("other.toml", text)
        self.succeed("import", "other.toml", "--out", out, "--overwrite")
        return out

    def test_a_checkpoint_says_what_its_numbers_mean(self):
        with h5py.File(self.path("pets/checkpoints/best.h5")) as file:
            self.assertEqual(list(file["columns/body"].asstr()[...]), ["height", "weight", "tail"])
            self.assertEqual(list(file["units/body"].asstr()[...]), ["cm", "kg", ""])
            self.assertEqual(list(file["tasks/species/classes"].asstr()[...]), list(SPECIES))
            self.assertEqual(list(file["tasks/tame/classes"].asstr()[...]), ["no", "yes"])
            self.assertEqual(file["tasks/age"].attrs["unit"], b"years")

    def test_another_data_set_is_scored_by_the_names_of_its_classes_and_columns(self):
        expected, _ = self.scores("--split", "test")
        self.assertGreater(expected["species"], 0.7)
        for species, tame in (('classes = ["dog", "cat", "bird"]', '["yes", "no"]'), ('classes = ["cat", "bird", "dog"]', '["no", "yes"]')):
            order = '["tail", "height", "weight"]'
            text = description(species=species, tame=tame).replace('["height", "weight", "tail"]', order)
            found, said = self.scores("--data", self.imported(text))
            self.assertEqual(found, expected, said)
            self.assertIn("by their names", said)

    def test_a_data_set_may_lack_a_class_and_not_have_another(self):
        keep = [i for i, kind in enumerate(self.table["species"]) if kind != "cat"]
        self.write("two.csv", csv_text({name: [cells[i] for i in keep] for name, cells in self.table.items()}))
        found, said = self.scores("--data", self.imported(description("two.csv", fractions="[0.0, 0.0, 1.0]")))
        self.assertIn("bird, dog are the model's bird, cat, dog", said)
        self.write("newt.csv", csv_text(self.table).replace(",cat,", ",newt,"))
        other = self.imported(description("newt.csv", fractions="[0.0, 0.0, 1.0]"))
        self.refuse(3, ["task species", "bird, cat, dog", "found bird, dog, newt", '"newt"'], "eval", "pets", "--data", other)

    def test_other_columns_and_units_are_refused(self):
        self.write("new.csv", csv_text(pets(seed=4)))
        self.write("girth.csv", csv_text(pets(seed=4)).replace("tail", "girth"))
        other = self.imported(description("girth.csv").replace('"tail"', '"girth"'))
        self.refuse(3, ["input body", "height, weight, tail", "missing: tail", "girth"], "eval", "pets", "--data", other)
        other = self.imported(description("new.csv").replace('"cm"', '"m"'))
        self.refuse(3, ["column height", "in cm", "found m"], "eval", "pets", "--data", other)


if __name__ == "__main__":
    main()
