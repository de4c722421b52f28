#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""New samples in every form that people keep them in, read by the description of the data set that made the model: they give
the bits of the data set itself."""

import json
import os
import random
import subprocess

from harness import PROGRAM, environment
from meaning import csv_text, description, h5py, main, np, Program, SPECIES, TRAIN

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
            cls.must(*command)
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

    def test_a_filled_column_keeps_its_indicator_where_nothing_is_missing(self):
        """`fill` alone, without a policy: whether a gap is told was decided when the data set was made."""
        rows = [(f"{i / 7:.3f}" if i % 4 else "", f"{i % 3}", "ab"[i % 2]) for i in range(40)]
        self.write("filled.csv", "x,z,kind\n" + "".join(",".join(row) + "\n" for row in rows))
        self.write("filled.toml", 'file = "filled.csv"\n[input.i]\ncolumns = ["x", "z"]\nfill = { x = 2.5, z = 0.0 }\n' +
                   '[task.kind]\ncolumn = "kind"\nkind = "binary"\npositive = ["b"]\n[split]\nfractions = [0.6, 0.2, 0.2]\n')
        self.write("filled-train.toml", TRAIN.replace("pets", "filled").replace("epochs = 30", "epochs = 2"))
        for command in (["import", "filled.toml", "--out", "filled.h5"], ["train", "filled-train.toml", "--quiet"],
                        ["predict", "filled", "filled.h5", "--out", "filled-expected.csv"]):
            self.succeed(*command)
        expected = [line.split(",", 1)[1] for line in self.read("filled-expected.csv").decode().splitlines()[1:]]
        whole = [i for i, row in enumerate(rows) if row[0]]
        self.write("whole.csv", "x,z\n" + "".join(",".join(rows[i][:2]) + "\n" for i in whole))
        self.succeed("predict", "filled", "whole.csv", "--out", "p.csv", "--overwrite")
        self.assertEqual([line.split(",", 1)[1] for line in self.read("p.csv").decode().splitlines()[1:]], [expected[i] for i in whole])
        # A gap in another column than those of the training is filled, and no number is there to tell it.
        self.write("other.csv", "x,z\n1.5,\n1.5,0\n")
        self.succeed("predict", "filled", "other.csv", "--out", "p.csv", "--overwrite")
        found = [line.split(",", 1)[1] for line in self.read("p.csv").decode().splitlines()[1:]]
        self.assertEqual(found[0], found[1])

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


BLOCK = 16384  # rows that the program takes at a time where samples are narrow


class LongTables(Program):
    """Tables of more rows than are in memory at a time."""

    COLUMNS = 60

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        generator = random.Random(17)
        names = [f"c{i}" for i in range(cls.COLUMNS)]
        cls.rows = [",".join([f"{generator.gauss(0, 3):.4f}" for _ in names] + [generator.choice("uvw")]) for _ in range(500)]
        cls.header = ",".join(names + ["kind"])
        cls.lengthen("short.csv", 1)
        cls.text = 'file = "short.csv"\n[input.i]\ncolumns = ["c0..c59"]\n[task.kind]\ncolumn = "kind"\nkind = "multiclass"\n[split]\nfractions = [0.6, 0.2, 0.2]\n'
        cls.write("short.toml", cls.text)
        cls.write("short-train.toml", TRAIN.replace("pets", "short").replace("epochs = 30", "epochs = 1"))
        for command in (["import", "short.toml", "--out", "short.h5"], ["train", "short-train.toml", "--quiet"],
                        ["predict", "short", "short.h5", "--out", "expected.csv"]):
            cls.must(*command)
        cls.expected = [line.split(",", 1)[1] for line in cls.read("expected.csv").decode().splitlines()]

    @classmethod
    def lengthen(cls, name, times):
        part = "\n".join(cls.rows) + "\n"
        with open(cls.path(name), "w") as file:
            file.write(cls.header + "\n")
            for _ in range(times):
                file.write(part)

    def predicted(self, source, out="p.csv"):
        """The largest memory of the process, in MB."""
        process = subprocess.Popen([PROGRAM, "predict", "short", source, "--out", out, "--overwrite", "--quiet", "--threads", "1"], cwd=self.base,
                                   env=environment(), stderr=subprocess.PIPE)
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
        self.assertEqual(process.returncode, 0, said)
        return usage.ru_maxrss / 1024

    def check_rows(self, rows, out="p.csv"):
        found = self.read(out).decode().splitlines()
        self.assertEqual(len(found), rows + 1)
        for row, line in enumerate(found[1:]):
            self.assertEqual(line, f"{row},{self.expected[1 + row % len(self.rows)]}")

    def test_every_row_of_a_long_table_has_the_bits_of_its_own(self):
        times = (2 * BLOCK + 1000) // len(self.rows)
        self.lengthen("long.csv", times)
        self.predicted("long.csv")
        self.check_rows(times * len(self.rows))
        self.write("long.toml", self.text.replace("short.csv", "long.csv"))
        self.succeed("import", "long.toml", "--out", "long.h5")
        self.predicted("long.h5", "of-data-set.csv")
        self.assertEqual(self.read("of-data-set.csv"), self.read("p.csv"))
        for source in ("long.csv", "long.h5"):
            self.predicted(source, "p.h5")
            with h5py.File(self.path("p.h5")) as file:
                values = file["predictions/kind"][...]
            np.testing.assert_array_equal(values, np.tile(values[:len(self.rows)], (times, 1)))

    def test_memory_does_not_depend_on_the_number_of_rows(self):
        few, many = 4 * BLOCK // len(self.rows), 12 * BLOCK // len(self.rows)
        found = {}
        for times in (few, many):
            self.lengthen("long.csv", times)
            self.write("long.toml", self.text.replace("short.csv", "long.csv"))
            self.succeed("import", "long.toml", "--out", "long.h5", "--overwrite")
            found[times] = [self.predicted("long.csv"), self.predicted("long.h5")]
        # In memory the other rows' numbers would be as many floats, and on their way twice as many doubles; of the data
        # set their labels and parts of the split are.
        floats = (many - few) * len(self.rows) * self.COLUMNS * 4 / 2**20
        for less, more in zip(found[few], found[many]):
            self.assertLess(more - less, floats / 4, found)

    def test_a_fault_far_behind_leaves_nothing(self):
        times = (BLOCK + 3000) // len(self.rows)
        self.lengthen("long.csv", times)
        with open(self.path("long.csv"), "a") as file:
            file.write("x" + self.rows[0] + "\n")
        before = sorted(os.listdir(self.base))
        self.refuse(3, [f"long.csv:{times * len(self.rows) + 2}, column c0", '"x'], "predict", "short", "long.csv", "--out", "never.csv")
        self.assertEqual(sorted(os.listdir(self.base)), before)


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
