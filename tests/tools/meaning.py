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


SHELTER = """
file = "{file}"
id = "tag"
[input.body]
columns = ["height", "job", "size", "weight"]
one_hot = ["job"]
ordinal = ["size"]
unseen = "zero"
missing = "median"
missing_texts = ["?"]
[input.more]
columns = ["tail", "born"]
[task.species]
column = "species"
kind = "multiclass"
[split]
fractions = [0.6, 0.2, 0.2]
"""


def shelter(rows=80, seed=9):
    """Numbers with gaps, two columns of categories, and birth times that single precision would merge."""
    generator = random.Random(seed)
    table = {name: [] for name in ("tag", "height", "job", "size", "weight", "tail", "born", "species")}
    for row in range(rows):
        height = generator.gauss(20, 5)
        cells = [f"s{row:03}", generator.choice([f"{height:.3f}", f"{height:.3f}", "", "?"]), generator.choice(["guard", "guide", "none"]),
                 generator.choice(["S", "M", "L"]), generator.choice([f"{generator.gauss(9, 2):.3f}", "nan"]), f"{generator.gauss(0, 1):.4f}",
                 str(1_600_000_000 + 37 * generator.randint(0, 200)), generator.choice(SPECIES)]
        for name, cell in zip(table, cells):
            table[name].append(cell)
    return table


class NewSamples(Program):
    """Tables to predict from, written in a hundred ways, give the bits of the data set itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.table = shelter()
        cls.write("shelter.csv", csv_text(cls.table))
        cls.write("shelter.toml", SHELTER.format(file="shelter.csv"))
        cls.write("shelter-train.toml", TRAIN.replace("pets", "shelter").replace("epochs = 30", "epochs = 3"))
        for command in (["import", "shelter.toml", "--out", "shelter.h5"], ["train", "shelter-train.toml", "--quiet"],
                        ["predict", "shelter", "shelter.h5", "--out", "expected.csv"]):
            done = cls.run_program(*command)
            if done.returncode != 0:
                raise RuntimeError(done.stderr)
        cls.expected = cls.read("expected.csv")

    def predicted(self, source, *options):
        run = self.succeed("predict", "shelter", source, "--out", "p.csv", "--overwrite", *options)
        return self.read("p.csv"), run.stderr

    def test_the_table_of_the_data_set_gives_its_bits(self):
        found, said = self.predicted("shelter.csv")
        self.assertEqual(found, self.expected)
        self.assertIn("input body: height, job, size, weight", said)
        self.assertIn("input more: tail, born", said)
        self.assertIn("ids: tag", said)
        self.assertIn("labels, not used: species", said)
        uses = json.loads(self.succeed("predict", "shelter", "shelter.csv", "--json").stdout)["columns"]
        self.assertEqual({use["use"]: use["columns"] for use in uses}, {
            "input body": ["height", "job", "size", "weight"], "input more": ["tail", "born"], "ids": ["tag"],
            "labels, not used": ["species"]})

    def test_every_order_and_dialect_gives_the_same_bits(self):
        source = random.Random(31)
        for number in range(2000 if os.environ.get("QMTL_LONG") == "1" else 100):
            needed = ["height", "job", "size", "weight", "tail", "born"]
            names = needed + [name for name in ("tag", "species") if source.random() < 0.7]
            table = dict(self.table)
            for extra in range(source.randint(0, 2)):
                table[f"extra {extra}"] = [source.choice(["x", "", "1.5", "a b"]) for _ in self.table["tag"]]
                names.append(f"extra {extra}")
            source.shuffle(names)
            rows = list(zip(*(table[name] for name in names)))
            if source.random() < 0.3:  # rows without labels
                rows = [tuple("" if name == "species" else cell for name, cell in zip(names, row)) for row in rows]
            quoted = source.random() < 0.3
            end = source.choice(["\n", "\r\n"])
            def line(cells):
                return ",".join(f'"{cell}"' if quoted else source.choice([cell, cell, f" {cell} "]) for cell in cells)
            text = source.choice(["", "\ufeff"]) + line(names) + end + end.join(line(row) for row in rows) + source.choice(["", end])
            name = source.choice(["new.csv", "new.CSV", "new.txt", "new", "new.h5", "new.parquet"])
            self.write(name, text.encode())
            options = source.choice([[], ["--header"]])
            found, said = self.predicted(name, *options)
            expected = self.expected.decode()
            if "tag" not in names:
                lines = expected.splitlines()
                expected = "\n".join([lines[0]] + [f"{row}," + line.split(",", 1)[1] for row, line in enumerate(lines[1:])]) + "\n"
            self.assertEqual(found.decode(), expected, f"case {number}: {names}\n{said}")
            os.remove(self.path(name))

    def test_a_table_without_names_is_taken_in_the_models_order_when_that_is_said(self):
        order = ["height", "job", "size", "weight", "tail", "born"]
        self.write("bare.csv", csv_text(self.table, header=False, order=order))
        self.refuse(3, ["bare.csv", "first row", "none of the names height, job", "--header", "--no-header"],
                    "predict", "shelter", "bare.csv", "--out", "never.csv")
        found, _ = self.predicted("bare.csv", "--no-header")
        self.assertEqual([line.split(b",", 1)[1] for line in found.splitlines()[1:]], [line.split(b",", 1)[1] for line in self.expected.splitlines()[1:]])
        self.write("wide.csv", csv_text(self.table, header=False))
        self.refuse(3, ["expected 6 columns (height, job, size, weight, tail, born)", "found 8"], "predict", "shelter", "wide.csv", "--no-header", "--out", "never.csv")
        self.refuse(2, ["exclude each other"], "predict", "shelter", "bare.csv", "--no-header", "--header", "--out", "never.csv")

    def test_other_names_are_refused_with_both_lists(self):
        self.write("other.csv", csv_text(self.table).replace("weight", "mass"))
        self.refuse(3, ["other.csv", "expected the columns height, job, size, weight, tail, born", "found tag, height, job, size, mass", "missing: weight"],
                    "predict", "shelter", "other.csv", "--out", "never.csv")
        self.write("twice.csv", csv_text(self.table).replace("species", "tail"))
        self.refuse(3, ['two columns', '"tail"'], "predict", "shelter", "twice.csv", "--out", "never.csv")

    def test_gaps_and_categories_are_read_as_in_training(self):
        header = "tag,height,job,size,weight,tail,born\n"
        median = float(np.median([float(h) for h, part in zip(self.table["height"], self.splits()) if part == 0 and h not in ("", "?")]))
        self.write("gap.csv", header + "a,?,guard,S,9,0,1600000000\n" + "b,,guard,S,9,0,1600000000\n" + f"c,{median!r},guard,S,9,0,1600000000\n")
        rows = self.predicted("gap.csv")[0].decode().splitlines()
        self.assertEqual(rows[1].split(",", 1)[1], rows[2].split(",", 1)[1])
        self.assertNotEqual(rows[1].split(",", 1)[1], rows[3].split(",", 1)[1])  # there is an indicator
        # A category that training rows did not have is none of theirs: unseen = "zero".
        self.write("unseen.csv", header + "a,20,acrobat,XL,9,0,1600000000\nb,20,clown,XXL,9,0,1600000000\n")
        rows = self.predicted("unseen.csv")[0].decode().splitlines()
        self.assertEqual(rows[1].split(",", 1)[1], rows[2].split(",", 1)[1])
        self.write("bad.csv", header + "a,20,guard,S,9,,1600000000\n")
        self.refuse(3, ["bad.csv:2, column tail", "expected a finite number", "an empty cell"], "predict", "shelter", "bad.csv", "--out", "never.csv")
        self.write("word.csv", header + "a,tall,guard,S,9,0,1600000000\n")
        self.refuse(3, ["word.csv:2, column height", "tall"], "predict", "shelter", "word.csv", "--out", "never.csv")

    def splits(self):
        with h5py.File(self.path("shelter.h5")) as file:
            return list(file["split"][...])

    def test_the_description_is_kept_and_makes_the_same_data_set_again(self):
        with h5py.File(self.path("shelter.h5")) as file, h5py.File(self.path("shelter/checkpoints/best.h5")) as model:
            text = file["description"].asstr()[0]
            self.assertEqual(model["description"].asstr()[0], text)
            first = {name: file[f"inputs/{name}"][...] for name in ("body", "more")}
        # With a split it is a description like any other; all that training rows decided stays, whatever they are now.
        self.write("again.toml", text + "[split]\nfractions = [0.0, 0.0, 1.0]\n")
        self.succeed("import", "again.toml", "--out", "again.h5")
        with h5py.File(self.path("again.h5")) as file:
            for name, values in first.items():
                np.testing.assert_array_equal(file[f"inputs/{name}"][...], values)

    def test_first_rows_of_tables_without_names(self):
        """A model of a table without a header: the first row decides, or is refused."""
        self.write("plain.csv", "".join(f"{0.1 * i:.1f},{i % 7},{i % 2}\n" for i in range(40)))
        self.write("plain.toml", 'file = "plain.csv"\nheader = false\n[input.x]\ncolumns = [1, 2]\n[task.y]\ncolumn = "3"\nkind = "binary"\n[split]\nfractions = [0.6, 0.2, 0.2]\n')
        self.write("plain-train.toml", TRAIN.replace("pets", "plain").replace("epochs = 30", "epochs = 2"))
        self.succeed("import", "plain.toml", "--out", "plain.h5")
        self.succeed("train", "plain-train.toml", "--quiet")
        self.succeed("predict", "plain", "plain.h5", "--out", "plain-expected.csv")
        expected = self.read("plain-expected.csv").decode().splitlines()
        body = "".join(f"{0.1 * i:.1f},{i % 7}\n" for i in range(40))
        labelled = self.read("plain.csv").decode()
        for text, options in ((body, []), (labelled, []), ("a,b\n" + body, []), ("a,b,c\n" + labelled, []), ("0,1\n" + body, ["--header"]),
                              (body, ["--no-header"]), ("id,a,b\n" + "".join(f"r{i},{line}\n" for i, line in enumerate(body.splitlines())), [])):
            self.write("try.csv", text)
            self.succeed("predict", "plain", "try.csv", "--out", "p.csv", "--overwrite", *options)
            found = self.read("p.csv").decode().splitlines()
            self.assertEqual([line.split(",", 1)[1] for line in found], [line.split(",", 1)[1] for line in expected], (text[:20], options))
        for first, why in (("0,1", "count up"), ("1,2", "count up"), ("NA,NA", "neither"), ("x,2", "neither")):
            self.write("try.csv", first + "\n" + body)
            self.refuse(3, ["try.csv", "first row", why, "--no-header"], "predict", "plain", "try.csv", "--out", "never.csv")
        self.write("try.csv", "NA,2\n" + body)
        self.refuse(3, ["try.csv:1, column 1", '"NA"'], "predict", "plain", "try.csv", "--out", "never.csv")
        self.write("try.csv", "1.5\n2.5\n")
        self.refuse(3, ["expected 2 columns", "found 1"], "predict", "plain", "try.csv", "--out", "never.csv")

    def test_what_a_file_holds_decides_and_not_its_name(self):
        self.write("data.csv", self.read("shelter.h5"))
        self.assertEqual(self.predicted("data.csv")[0], self.expected)
        self.refuse(3, ["shelter.toml"], "predict", "shelter", "shelter.toml", "--out", "never.csv")
        self.refuse(2, ["array.npy", "2 to be given (body, more)", "--input"], "predict", "shelter", self.array(), "--out", "never.csv")

    def array(self):
        np.save(self.path("array.npy"), np.zeros((3, 4), np.float32))
        return "array.npy"


class ManyTasks(Program):
    def test_tasks_of_a_pattern_are_scored_from_a_table(self):
        source = random.Random(21)
        rows = [(f"{source.random():.4f}", f"{source.random():.4f}", source.choice("abc"), source.choice("01"), source.choice("01")) for _ in range(60)]
        self.write("many.csv", "x,z,kind,sick0,sick1\n" + "".join(",".join(row) + "\n" for row in rows))
        text = 'file = "many.csv"\n[input.i]\ncolumns = ["x", "z"]\n[tasks]\none_vs_rest = { column = "kind", prefix = "is " }\n' + \
            'each = { columns = ["sick0..sick1"], kind = "binary", prefix = "was " }\n[split]\nfractions = '
        self.write("many.toml", text + "[0.6, 0.2, 0.2]\n")
        self.write("all.toml", text + "[0.0, 0.0, 1.0]\n")
        self.write("many-train.toml", TRAIN.replace("pets", "many").replace("epochs = 30", "epochs = 2"))
        for command in (["import", "many.toml", "--out", "many.h5"], ["train", "many-train.toml", "--quiet"], ["import", "all.toml", "--out", "all.h5"]):
            self.succeed(*command)
        def scores(data):
            return {name: task["value"] for name, task in json.loads(self.succeed("eval", "many", "--json", "--data", data).stdout)["tasks"].items()}
        self.assertEqual(set(scores("many.csv")), {"is a", "is b", "is c", "was sick0", "was sick1"})
        self.assertEqual(scores("many.csv"), scores("all.h5"))


class ArraysAndPictures(Program):
    def trained(self, name, description):
        self.write(f"{name}.toml", description)
        self.write(f"{name}-train.toml", TRAIN.replace("pets", name).replace("epochs = 30", "epochs = 2"))
        self.succeed("import", f"{name}.toml", "--out", f"{name}.h5")
        self.succeed("train", f"{name}-train.toml", "--quiet")
        self.succeed("predict", name, f"{name}.h5", "--out", f"{name}-expected.csv")
        return self.values(f"{name}-expected.csv")

    def values(self, name):
        return [line.split(",", 1)[1] for line in self.read(name).decode().splitlines()]

    def predicted(self, model, source, *options):
        self.succeed("predict", model, source, "--out", "p.csv", "--overwrite", *options)
        return self.values("p.csv")

    def test_arrays_in_every_container(self):
        generator = np.random.default_rng(3)
        x, y = generator.normal(size=(50, 4)).astype(np.float32), generator.integers(0, 2, 50)
        np.save(self.path("x.npy"), x)
        np.save(self.path("y.npy"), y)
        expected = self.trained("signal", '[input.x]\nfile = "x.npy"\n[column.y]\nfile = "y.npy"\n[task.y]\ncolumn = "y"\nkind = "binary"\n[split]\nfractions = [0.6, 0.2, 0.2]\n')
        np.save(self.path("new.bin.npy"), x.astype(np.float64))
        os.rename(self.path("new.bin.npy"), self.path("new.csv"))
        np.savez(self.path("new.npz"), anything=x)
        for source in ("x.npy", "new.csv", "new.npz"):
            self.assertEqual(self.predicted("signal", source), expected, source)
        np.save(self.path("narrow.npy"), x[:, :3])
        self.refuse(3, ["input x", "expected samples of 4 numbers", "found [3]"], "predict", "signal", "narrow.npy", "--out", "never.csv")
        self.write("table.csv", "a,b,c,d\n1,2,3,4\n")
        self.refuse(2, ["input x", "made from an array", "found a table"], "predict", "signal", "table.csv", "--out", "never.csv")

    def test_a_table_beside_an_array(self):
        generator = np.random.default_rng(4)
        x = generator.normal(size=(40, 3)).astype(np.float32)
        np.save(self.path("wave.npy"), x)
        table = "name,a,y\n" + "".join(f"n{i},{i % 5},{i % 2}\n" for i in range(40))
        self.write("both.csv", table)
        expected = self.trained("both", 'file = "both.csv"\nid = "name"\n[input.a]\ncolumns = ["a"]\n[input.wave]\nfile = "wave.npy"\n[task.y]\ncolumn = "y"\nkind = "binary"\n[split]\nfractions = [0.6, 0.2, 0.2]\n')
        self.write("new.csv", "y,a,name\n" + "".join(f",{i % 5},n{i}\n" for i in range(40)))
        self.assertEqual(self.predicted("both", "new.csv", "--input", "wave=wave.npy"), expected)
        self.refuse(2, ["input wave", "--input wave=FILE"], "predict", "both", "new.csv", "--out", "never.csv")
        self.refuse(2, ["--input a", "columns"], "predict", "both", "new.csv", "--input", "a=wave.npy", "--out", "never.csv")
        self.refuse(2, ["--input b"], "predict", "both", "new.csv", "--input", "b=wave.npy", "--out", "never.csv")
        np.save(self.path("short.npy"), x[:7])
        self.refuse(3, ["short.npy", "expected 40 samples", "found 7"], "predict", "both", "new.csv", "--input", "wave=short.npy", "--out", "never.csv")

    def test_pictures_go_through_the_same_resize(self):
        try:
            from PIL import Image
        except ImportError:
            self.skipTest("python3-pil is needed")
        generator = np.random.default_rng(5)
        os.makedirs(self.path("photos/dark"))
        os.makedirs(self.path("photos/light"))
        names = []
        for i in range(20):
            kind = ("dark", "light")[i % 2]
            pixels = generator.integers(0, 120, (9 + i % 4, 11, 3)) + 120 * (i % 2)
            names.append(f"{kind}/{i:02}.png")
            Image.fromarray(pixels.astype(np.uint8)).save(self.path(f"photos/{names[-1]}"))
        expected = self.trained("photo", '[input.p]\nimages = "photos"\nsize = [6, 6]\ngrey = true\n[task.kind]\ncolumn = "class"\nkind = "multiclass"\n[split]\nfractions = [0.6, 0.2, 0.2]\n')
        self.assertEqual(self.predicted("photo", "photos"), expected)
        rows = {name: values for name, values in zip(sorted(names), expected[1:])}
        self.write("list.csv", "note,file\n" + "".join(f"x,{name}\n" for name in reversed(names)))
        found = self.predicted("photo", "list.csv", "--images", "photos")
        self.assertEqual(found[1:], [rows[name] for name in reversed(names)])
        self.write("photos/list.txt", "".join(name + "\n" for name in names))
        self.assertEqual(self.predicted("photo", "photos/list.txt")[1:], [rows[name] for name in names])
        self.assertEqual(self.predicted("photo", "photos/light/03.png")[1:], [rows["light/03.png"]])
        self.refuse(2, ["input p", "pictures", "an array"], "predict", "photo", self.array(), "--out", "never.csv")

    def array(self):
        np.save(self.path("a.npy"), np.zeros((2, 6, 6), np.float32))
        return "a.npy"


if __name__ == "__main__":
    main()
