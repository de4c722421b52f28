#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What numbers mean goes with them: names of classes and columns from the data set through the checkpoint to what is
predicted, scored and exported. Files in other orders are read by name and give the same bits."""

import csv
import json
import os
import random
import subprocess
import sys

try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"skipped: python3-h5py and python3-numpy are needed ({missing})")
    sys.exit(0)

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "io")]
import onnx_numpy
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
            cls.must(*command)

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

    def test_a_table_with_labels_is_scored_as_its_data_set(self):
        table = pets(seed=8)
        self.write("fresh.csv", csv_text(table, order=["tail", "age", "species", "tame", "weight", "height", "tag"]))
        expected, _ = self.scores("--data", self.imported(description("fresh.csv", fractions="[0.0, 0.0, 1.0]")))
        found, said = self.scores("--data", "fresh.csv")
        self.assertEqual(found, expected)
        self.assertIn("labels of task species: species", said)
        # A table may lack a class, a task and labels, but not have another class.
        table["species"] = [kind if kind != "cat" else "" for kind in table["species"]]
        self.write("fewer.csv", csv_text({name: cells for name, cells in table.items() if name != "tame"}))
        found, _ = self.scores("--data", "fewer.csv")
        self.assertIsNone(found["tame"])
        self.assertIsNotNone(found["species"])
        self.write("newt.csv", csv_text(table).replace(",dog,", ",newt,"))
        self.refuse(3, ["newt.csv", "expected one of bird, cat, dog", '"newt"'], "eval", "pets", "--data", "newt.csv")
        self.write("none.csv", csv_text(table, order=["height", "weight", "tail"]))
        self.refuse(3, ["none.csv", "columns with labels (age, species, tame)"], "eval", "pets", "--data", "none.csv")

    def predicted(self, source, *options):
        self.succeed("predict", "pets", source, "--out", "p.csv", "--overwrite", *options)
        with open(self.path("p.csv"), newline="") as file:
            return list(csv.DictReader(file))

    def test_predictions_call_classes_by_their_names_in_every_form(self):
        rows = self.predicted("pets.h5")
        self.assertEqual(list(rows[0]), ["id", "age", "species.class", "species.probability.bird", "species.probability.cat",
                                         "species.probability.dog", "tame.class", "tame.probability"])
        self.assertEqual([row["id"] for row in rows], self.table["tag"])
        right = sum(row["species.class"] == kind for row, kind in zip(rows, self.table["species"]))
        self.assertGreater(right, 0.9 * len(rows))
        self.succeed("predict", "pets", "pets.h5", "--out", "p.h5", "--overwrite")
        with h5py.File(self.path("p.h5")) as file:
            classes = file["classes/species"].asstr()[...]
            tame = file["classes/tame"].asstr()[...]
            self.assertEqual(list(classes[file["predictions/species"][...].argmax(axis=1)]), [row["species.class"] for row in rows])
            self.assertEqual(list(tame[(file["predictions/tame"][:, 0] > 0.5).astype(int)]), [row["tame.class"] for row in rows])
            self.assertEqual(file["predictions/age"].attrs["unit"], b"years")
        said = json.loads(self.succeed("predict", "pets", "pets.h5", "--json").stdout)
        self.assertEqual(said["tasks"]["species"]["classes"], list(SPECIES))
        for row, sample in zip(rows, said["predictions"]):
            self.assertEqual((row["id"], row["species.class"], row["tame.class"]), (sample["id"], sample["species"]["class"], sample["tame"]["class"]))
            for name in SPECIES:
                self.assertEqual(np.float32(row[f"species.probability.{name}"]), np.float32(sample["species"]["probabilities"][name]))
        self.refuse(2, ["--out FILE, or --json"], "predict", "pets", "pets.h5")

    def test_scores_inspection_and_report_say_the_classes(self):
        said = json.loads(self.succeed("eval", "pets", "--json").stdout)["tasks"]
        self.assertEqual((said["species"]["classes"], said["tame"]["classes"], said["age"]["unit"]), (list(SPECIES), ["no", "yes"], "years"))
        said = json.loads(self.succeed("inspect", "pets", "--json").stdout)
        self.assertEqual(said["tasks"]["species"]["classes"], list(SPECIES))
        self.assertEqual(said["inputs"]["body"], {"width": 3, "columns": ["height", "weight", "tail"], "units": ["cm", "kg", ""]})
        self.assertIn("bird, cat, dog", self.succeed("inspect", "pets").stdout)
        self.succeed("report", "pets", "--out", "report.html")
        page = self.read("report.html").decode()
        for words in ("classes or unit", "bird, cat, dog", "no, yes", "years"):
            self.assertIn(words, page)

    def test_an_onnx_graph_says_classes_columns_and_units(self):
        self.succeed("export", "pets", "--to", "onnx", "--out", "pets.onnx")
        found = onnx_numpy.Model(self.path("pets.onnx")).metadata
        tasks = {task["name"]: task for task in json.loads(found["qmtl.tasks"])}
        self.assertEqual((tasks["species"]["classes"], tasks["age"]["unit"]), (list(SPECIES), "years"))
        self.assertEqual(json.loads(found["qmtl.inputs"]), [{"name": "body", "columns": ["height", "weight", "tail"], "units": ["cm", "kg", ""]}])

    PRINT_NAMES = r'''
#include <stdio.h>
#include "qmtl_edge_tasks.h"
int main(int count, char** argument) {
  static uint32_t file[1 << 16], arena[1 << 14];
  FILE* from = fopen(argument[count - 1], "rb");
  qmtl_edge_head head;
  qmtl_edge_item item;
  const char* name;
  uint32_t i, n;
  if (qmtl_edge_open(&head, file, fread(file, 1, sizeof file, from), arena, sizeof arena) != 0) return 1;
  for (i = 0; qmtl_edge_input(&head, i, &item) == 0; ++i)
    for (printf("%s:", item.name), n = 0; (name = qmtl_edge_name(&head, &item, n)) || !puts(""); ++n) printf(" %s", name);
  for (i = 0; qmtl_edge_task(&head, i, &item) == 0; ++i)
    for (printf("%s:", item.name), n = 0; (name = qmtl_edge_name(&head, &item, n)) || !puts(""); ++n) printf(" %s", name);
  return 0;
}
'''

    def compiled(self, source, *sources, flags=()):
        self.write("main.c", source)
        subprocess.run(["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I", self.base, *flags, self.path("main.c"),
                        *sources, "-o", self.path("main")], check=True)
        return [self.path("main")]

    def test_a_head_file_tells_a_device_the_names(self):
        edge = os.path.join(ROOT, "runtime", "edge")
        sources = [os.path.join(edge, name + ".c") for name in ("qmtl_edge", "edge_check", "edge_run", "edge_tasks", "edge_strerror")]
        command = self.compiled(self.PRINT_NAMES, *sources, flags=["-I", edge])
        tasks = "age: years\nspecies: bird cat dog\ntame: no yes\n"
        for names, expected in (("classes", "body:\n" + tasks), ("all", "body: height [cm] weight [kg] tail\n" + tasks),
                                ("none", "body:\nage:\nspecies:\ntame:\n")):
            out = f"{names}.qmh"
            self.succeed("export", "pets", "--to", "edge", "--names", names, "--out", out)
            self.assertEqual(subprocess.run([*command, self.path(out)], capture_output=True, text=True).stdout, expected)
            said = json.loads(self.succeed("inspect", out, "--json").stdout)
            self.assertEqual(said["tasks"][1].get("classes"), None if names == "none" else list(SPECIES))
            self.assertEqual(said["inputs"][0].get("columns"), ["height [cm]", "weight [kg]", "tail"] if names == "all" else None)
        self.refuse(2, ["classes, all or none"], "export", "pets", "--to", "edge", "--names", "some", "--out", "x.qmh")

    def test_generated_c_names_classes_where_it_is_asked(self):
        self.succeed("export", "pets", "--to", "c", "--out", "pets_head")
        header = self.read("pets_head.h").decode()
        self.assertIn("x[0 .. 2]  body:\n        height [cm], weight [kg], tail\n", header)
        self.assertIn("species, multiclass:\n        bird, cat, dog\n", header)
        source = '#include <stdio.h>\n#include "pets_head.h"\nint main(void) {\n  static const char *const names[] = pets_head_classes_1;\n' + \
            '  printf("%s %s %s\\n", names[0], names[1], names[2]);\n  return 0;\n}\n'
        command = self.compiled(source, self.path("pets_head.c"))
        self.assertEqual(subprocess.run(command, capture_output=True, text=True).stdout, "bird cat dog\n")


if __name__ == "__main__":
    main()
