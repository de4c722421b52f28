#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What people's tables, arrays and pictures do to an import: nothing becomes another thing in silence. Each case has
its right value; each kind has a generator that makes a hundred more, checked against csv, numpy, h5py and Pillow."""

import csv
import gzip
import io
import json
import os
import random
import shutil
import struct
import sys
import unittest
import zlib

# Debian's packages belong to the system's Python, whichever Python comes first in PATH.
try:
    import h5py
    import numpy as np
    from PIL import Image
except ImportError as missing:
    print(f"skipped: python3-h5py, python3-numpy and python3-pil are needed ({missing})")
    sys.exit(0)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Program, main

ALL_TRAIN = "[split]\nfractions = [1.0, 0.0, 0.0]\nkeep_unlabelled = true\n"
INPUT = '[input.x]\ncolumns = ["a"]\n'


def task(kind, more="", column="y"):
    return f'[task.t]\ncolumn = "{column}"\nkind = "{kind}"\n{more}'


class Import(Program):
    def imported(self, description, *options):
        """{object: array} of the data set that a description makes, what --json says of the import, and the warnings."""
        self.write("d.toml", description)
        run = self.succeed("import", "d.toml", "--out", "d.h5", "--overwrite", "--json", *options)
        with h5py.File(self.path("d.h5")) as file:
            found = {}
            file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
        return found, json.loads(run.stdout)["import"], run.stderr

    def refuse_import(self, code, fragments, description, *options):
        self.write("bad.toml", description)
        self.refuse(code, fragments, "import", "bad.toml", "--out", "never.h5", *options)
        self.assertFalse(os.path.exists(self.path("never.h5")))

    def table(self, text, *, kind="multiclass", more="", keys="", split=ALL_TRAIN, name="t.csv"):
        """The description of a table with an input a and labels y."""
        self.write(name, text)
        return f'file = "{name}"\n{keys}' + INPUT + task(kind, more) + split

    def classes(self, said, name="t"):
        return {entry["name"]: entry["count"] for entry in said["tasks"][name]["classes"]}

    def doubted(self, description, *fragments):
        """Imported with a warning that has the fragments, and refused with --strict."""
        found, said, stderr = self.imported(description)
        for fragment in fragments:
            self.assertIn(fragment, stderr)
            self.assertIn(fragment, json.dumps(said["guesses"], ensure_ascii=False).replace('\\"', '"'))
        self.refuse_import(3, ["--strict", *fragments], description, "--strict")
        return found, said

    def certain(self, description):
        found, said, stderr = self.imported(description, "--strict")
        self.assertEqual(said["guesses"], [])
        return found, said


class Texts(Import):
    def test_foreign_bytes_are_refused_with_file_line_and_byte_and_converted_where_told(self):
        text = "a,y\n1,Mäi\n2,b\n3,b\n4,Mäi\n"
        self.refuse_import(3, ["t.csv:2", "byte 0xE4", "latin-1"], self.table(text.encode("latin-1")))
        for name, codec in (("latin-1", "latin-1"), ("windows-1252", "cp1252"), ("utf-16", "utf-16"), ("utf-16le", "utf-16-le"),
                            ("utf-8", "utf-8"), ("utf-8", "utf-8-sig")):
            with self.subTest(encoding=name, codec=codec):
                _, said = self.certain(self.table(text.encode(codec), keys=f'encoding = "{name}"\n'))
                self.assertEqual(self.classes(said), {"Mäi": 2, "b": 2})
        _, said = self.doubted(self.table(text.encode("utf-16")), 'UTF-16')
        self.assertEqual(self.classes(said), {"Mäi": 2, "b": 2})
        self.refuse_import(3, ["t.csv:2", "byte 0xFC", "is not UTF-8"], self.table(b"a,y\n1,\xfc\n", keys='encoding = "utf-8"\n'))
        self.refuse_import(2, ["utf-7-and-a-half", "iconv -l"], self.table(text, keys='encoding = "utf-7-and-a-half"\n'))

    def test_names_of_files_and_folders_in_foreign_bytes_are_refused(self):
        for place in (b"p/caf\xe9/1.png", b"p/cafe/caf\xe9.png"):
            shutil.rmtree(self.path("p"), ignore_errors=True)
            base = os.fsencode(self.base) + b"/"
            for path in (b"p/other/1.png", b"p/cafe/1.png", place):
                os.makedirs(os.path.dirname(base + path), exist_ok=True)
                Image.fromarray(np.zeros((2, 2), "u1")).save(os.fsdecode(base + path))
            self.refuse_import(3, ["UTF-8", "caf?", "byte 0xE9"], '[input.x]\nimages = "p"\n' + task("multiclass", column="class") + ALL_TRAIN)

    def test_foreign_strings_of_hdf5_are_refused(self):
        with h5py.File(self.path("s.h5"), "w") as file:
            file["y"] = np.array([b"caf\xe9", b"tea"], dtype="S4")
        np.save(self.path("x.npy"), np.zeros((2, 3), "f4"))
        self.refuse_import(3, ["s.h5", "sample 0", "byte 0xE9"], '[input.x]\nfile = "x.npy"\n[column.y]\nfile = "s.h5"\ndataset = "y"\n'
                           + task("multiclass") + ALL_TRAIN)

    def test_a_hundred_texts_are_those_that_python_decodes(self):
        source = random.Random(1)
        letters = "abcXYZ éüßñçØæ"
        for number in range(100):
            codec = source.choice(["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-be"])
            encoding = {"utf-8-sig": "utf-8", "cp1252": "windows-1252", "utf-16-be": "utf-16be"}.get(codec, codec)
            labels = ["".join(source.choices(letters, k=5)).strip() + str(i % 4) for i in range(4)] * 3
            body = "a,y\n" + "".join(f"{i},{label}\n" for i, label in enumerate(labels))
            _, said, _ = self.imported(self.table(body.encode(codec), keys=f'encoding = "{encoding}"\n'))
            expected = {}
            for row in csv.DictReader(io.StringIO(body)):
                expected[row["y"].strip()] = expected.get(row["y"].strip(), 0) + 1
            self.assertEqual(self.classes(said), expected, f"{number} {codec}")
        for number in range(100):
            data = bytearray("a,y\n1,bcd\n2,efg\n".encode())
            at = source.randrange(6, len(data) - 1)
            while data[at] in b",\n":
                at -= 1
            data[at] = source.randrange(128, 256)
            self.refuse_import(3, [f"t.csv:{1 + bytes(data[:at]).count(10)}", f"byte 0x{data[at]:02X}"], self.table(bytes(data)))


class Labels(Import):
    def test_codes_are_compared_as_texts(self):
        _, said = self.doubted(self.table("a,y\n1,1.1\n2,1.10\n3,1.2\n4,1.1\n"), "how they write one number")
        self.assertEqual(self.classes(said), {"1.1": 2, "1.10": 1, "1.2": 1})
        found, said = self.certain(self.table("a,y\n1,1.1\n2,1.10\n3,1.2\n", more='classes = ["1.1", "1.10", "1.2"]\n'))
        self.assertEqual(list(found["tasks/t/labels"]), [0, 1, 2])

    def test_integers_of_64_bits_keep_all_digits(self):
        numbers = [9007199254740992, 9007199254740993, 2**63 - 1, 2**63 - 2]
        _, said = self.certain(self.table("a,y\n" + "".join(f"{i},{n}\n" for i, n in enumerate(numbers))))
        self.assertEqual(self.classes(said), {str(n): 1 for n in numbers})
        np.save(self.path("x.npy"), np.zeros((4, 1), "f4"))
        for kind in ("i8", "u8"):
            np.save(self.path("y.npy"), np.array(numbers, dtype=kind))
            _, said = self.certain('[input.x]\nfile = "x.npy"\n[column.y]\nfile = "y.npy"\n' + task("multiclass") + ALL_TRAIN)
            self.assertEqual(self.classes(said), {str(n): 1 for n in numbers})

    def test_empty_and_nan_are_missing_whatever_is_listed(self):
        for empty in ("", "nan", "NaN", "-nan"):
            found, said = self.certain(self.table(f"a,y\n1,yes\n2,{empty}\n3,no\n4,NA\n", kind="binary", more='positive = ["yes"]\nmissing = ["NA"]\n'))
            np.testing.assert_array_equal(found["tasks/t/labels"], [1, np.nan, 0, np.nan])
            self.assertEqual(said["tasks"]["t"]["missing"], 2)
            self.assertEqual(said["missing"]["y"], 1)

    def test_values_that_never_occur_are_errors_with_what_was_found(self):
        text = "a,y\n1,yes\n2,no\n3,no\n"
        self.refuse_import(3, ["task.t.positive", '"Yes"', "never occurs", "no (2), yes (1)", 'mean "yes"'],
                           self.table(text, kind="binary", more='positive = ["Yes"]\n'))
        self.refuse_import(3, ["task.t.classes", '"maybe"', "never occurs"], self.table(text, more='classes = ["no", "yes", "maybe"]\n'))
        found, said = self.certain(self.table(text, more='classes = ["no", "yes", "maybe"]\nallow_absent = true\n'))
        self.assertEqual(list(found["tasks/t/labels"]), [1, 0, 0])
        self.assertEqual(self.classes(said), {"no": 2, "yes": 1, "maybe": 0})

    def test_unknown_values_are_refused_with_what_was_found(self):
        text = "a,y\n1,yes\n2,no\n3,perhaps\n4,no\n"
        self.refuse_import(3, ["t.csv:4", '"perhaps"', "no (2)"], self.table(text, kind="binary", more='positive = ["yes"]\nnegative = ["no"]\n'))
        self.refuse_import(3, ["t.csv:4", '"perhaps"', "no (2)"], self.table(text, more='classes = ["yes", "no"]\n'))
        self.refuse_import(3, ["t.csv:2", '"yes"', "classes = [negative, positive]"], self.table("a,y\n1,yes\n2,no\n", kind="binary"))

    def test_words_that_mean_missing_are_doubted_until_said(self):
        for word in ("NA", "N/A", "null", "?", "-", "None"):
            text = f"a,y\n1,{word}\n2,x\n3,z\n"
            _, said = self.doubted(self.table(text), f'"{word}"', "missing = [", "classes")
            self.assertEqual(self.classes(said), {word: 1, "x": 1, "z": 1})
            _, said = self.certain(self.table(text, more=f'missing = ["{word}"]\n'))
            self.assertEqual(self.classes(said), {"x": 1, "z": 1})
            self.certain(self.table(text, more=f'classes = ["x", "z", "{word}"]\n'))

    def test_true_and_false_are_a_pair(self):
        for no, yes in (("False", "True"), ("false", "true"), ("FALSE", "TRUE")):
            found, _ = self.certain(self.table(f"a,y\n1,{yes}\n2,{no}\n3,\n4,{yes}\n", kind="binary"))
            np.testing.assert_array_equal(found["tasks/t/labels"], [1, 0, np.nan, 1])
        self.refuse_import(3, ["expected one of 0, 1"], self.table("a,y\n1,True\n2,0\n", kind="binary"))

    def test_ways_to_write_a_class_are_doubted(self):
        self.doubted(self.table("a,y\n1,Cat\n2,cat\n3,dog\n"), "case or blanks")
        self.doubted(self.table("a,y\n1,1.0\n2,0.0\n3,1.0\n", kind="binary", more='classes = ["0", "1"]\n'), '"1" is taken as')
        found, _ = self.certain(self.table("a,y\n1,1.0\n2,0.0\n3,1.0\n", kind="binary"))
        self.assertEqual(list(found["tasks/t/labels"]), [1, 0, 1])

    def test_a_hundred_columns_of_labels_are_what_python_counts(self):
        source = random.Random(2)
        for number in range(100):
            pool = source.sample(["1.1", "1.10", "01", "1", "yes", "Yes", "no", "x y", "9007199254740993", "9007199254740992", "ü", "NA", "?",
                                  "a,b", 'q"q', "True", "-0", "0", "1e3", "1000"], source.randint(2, 7))
            missing = [text for text in pool if source.random() < 0.2][: len(pool) - 2]
            labels = (pool + [source.choice(pool + ["", "nan"]) for _ in range(20)])
            source.shuffle(labels)
            buffer = io.StringIO()
            writer = csv.writer(buffer, quoting=source.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
            writer.writerow(["a", "y"])
            writer.writerows([i, label] for i, label in enumerate(labels))
            found, said, _ = self.imported(self.table(buffer.getvalue(), more=f"missing = {json.dumps(missing, ensure_ascii=False)}\n"))
            kept = [label for label in labels if label not in missing + ["", "nan"]]
            self.assertEqual(self.classes(said), {text: kept.count(text) for text in set(kept)}, str(number))
            self.assertEqual(said["tasks"]["t"]["missing"], len(labels) - len(kept))
            names = [name.decode() for name in found["tasks/t/classes"]]
            self.assertEqual([None if np.isnan(v) else names[int(v)] for v in found["tasks/t/labels"]],
                             [label if label in kept else None for label in labels])


class Numbers(Import):
    def test_numbers_too_small_for_a_double_are_zero(self):
        found, _ = self.certain(self.table("a,y\n1e-400,1\n-1e-99999999999999999999,0\n2,1\n", kind="binary"))
        self.assertEqual(list(found["inputs/x"].ravel()), [0, 0, 2])
        for large in ("1e400", "1e39", "inf", "+-5", "0x10", "1_000"):
            self.refuse_import(3, ["t.csv:2", large], self.table(f"a,y\n{large},1\n2,0\n", kind="binary"))

    def test_unix_times_stay_apart_from_the_table_to_the_prediction(self):
        times = [1700000000 + 3 * i for i in range(40)]
        text = "a,y\n" + "".join(f"{t},{int(t % 2)}\n" for t in times)
        self.write("t.csv", text)
        found, said, _ = self.imported('file = "t.csv"\n' + INPUT + task("binary") + "[split]\nfractions = [0.5, 0.25, 0.25]\n")
        self.assertEqual(list(found["inputs/x"].ravel()), times)
        self.assertTrue(any("merge" in note for note in said["notes"]), said)
        self.write("m.toml", '[data]\nfile = "d.h5"\n[run]\nfolder = "m"\n[train]\nepochs = 2\n[circuit]\nqubits = 4\n')
        self.succeed("train", "m.toml", "--quiet")
        self.write("new.CSV", "a\n" + "".join(f"{t}\n" for t in times))
        self.succeed("predict", "m", "new.CSV", "--out", "csv.csv")
        self.succeed("predict", "m", "d.h5", "--out", "h5.csv")
        self.assertEqual(self.read("csv.csv"), self.read("h5.csv"))
        rows = list(csv.DictReader(io.StringIO(self.read("csv.csv").decode())))
        self.assertEqual(len({row["t.probability"] for row in rows}), len(times))
        shutil.rmtree(self.path("m"))

    def test_labels_that_merge_are_doubted(self):
        self.doubted(self.table("a,y\n1,16777216\n2,16777217\n3,5\n", kind="regression"), "become one in single precision")

    def test_a_hundred_columns_of_large_numbers_stay_exact(self):
        source = random.Random(3)
        for number in range(100):
            offset = source.choice([0, 2**24, 10**9, 1700000000, -(10**12), 10**15])
            # Steps that single precision would merge at the offset.
            step = source.choice([0.5, 1] if offset == 2**24 else [0.5, 1, 3, 7])
            values = [offset + step * i for i in range(30)]
            source.shuffle(values)
            found, said, _ = self.imported(self.table("a,y\n" + "".join(f"{v!r},{i % 2}\n" for i, v in enumerate(values)), kind="binary"))
            self.assertEqual([float(v) for v in found["inputs/x"].ravel()], [float(v) for v in values], f"{number} {offset} {step}")

    def test_decimal_and_thousands_signs_are_said(self):
        text = "a;y\n1.234,5;a\n-12.345.678,25;b\n0,5;a\n7;b\n"
        found, _ = self.certain(self.table(text, keys='delimiter = ";"\ndecimal = ","\nthousands = "."\n'))
        self.assertEqual(list(found["inputs/x"].ravel()), [1234.5, np.float32(-12345678.25), 0.5, 7])
        self.refuse_import(3, ["t.csv:2", "decimal ="], self.table("a;y\n1,5;a\n2;b\n", keys='delimiter = ";"\n'))
        for wrong in ("12.34,5", "1.2345,0", ".123", "1..234", "1234.567"):
            self.refuse_import(3, ["t.csv:2", wrong], self.table(f"a;y\n{wrong};a\n2;b\n", keys='delimiter = ";"\ndecimal = ","\nthousands = "."\n'))
        found, _ = self.certain(self.table('a,y\n"1,234.5",a\n1 234,b\n2,a\n'.replace("1 234", "7"), keys='thousands = ","\n'))
        self.assertEqual(list(found["inputs/x"].ravel()), [1234.5, 7, 2])
        self.refuse_import(2, ["thousands", "another character than decimal"], self.table(text, keys='thousands = "."\n'))


class Tables(Import):
    def test_blanks_around_quotes_are_no_part_of_a_value(self):
        _, said = self.certain(self.table('a,y\n1, "x"\n2,x\n3,"z" \n4,\t"x"\n5,z\n'))
        self.assertEqual(self.classes(said), {"x": 3, "z": 2})

    def test_names_that_would_come_twice_are_refused(self):
        self.write("t.csv", "a,y\n1,0.1\n2,0.2\n3,0.3\n")
        head = 'file = "t.csv"\n' + INPUT
        regression = 'column = "y"\nkind = "regression"\n'
        binary = 'column = "a"\nkind = "binary"\npositive = ["1"]\n'.replace('"a"', '"y"').replace('"1"', '"0.1"')
        self.refuse_import(3, ["task id", '"id"', "another name"], head + "[task.id]\n" + regression + ALL_TRAIN)
        self.refuse_import(3, ['"x.class"', "another name"], head + "[task.x]\n" + binary + '[task."x.class"]\n' + regression + ALL_TRAIN)
        self.refuse_import(3, ['"x.probability"'], head + "[task.x]\n" + binary + '[task."x.probability"]\n' + regression + ALL_TRAIN)
        self.refuse_import(3, ['"x_output"'], head + "[task.x]\n" + regression + "[task.x_output]\n" + regression + ALL_TRAIN)

    def test_a_hundred_sets_of_names_come_once_or_are_refused(self):
        source = random.Random(12)
        endings = {"binary": [".class", ".probability"], "multiclass": [".class", ".probability.p", ".probability.q", ".probability.r"], "regression": [""]}
        column = {"binary": 'column = "y"\nkind = "binary"\n', "multiclass": 'column = "z"\nkind = "multiclass"\n',
                  "regression": 'column = "v"\nkind = "regression"\n'}
        self.write("t.csv", "a,y,z,v\n1,0,p,0.5\n2,1,q,1.5\n3,1,r,2.5\n")
        pool = ["id", "x", "x.class", "x.probability", "x.probability.q", "y", "x_output", "y.class.class", "y.class"]
        refused = 0
        for number in range(100):
            tasks = {name: source.choice(list(column)) for name in source.sample(pool, source.randint(1, 4))}
            made = ["id"] + [name + end for name, kind in tasks.items() for end in endings[kind]]
            ends = ["x"] + [name + ("_output" if name == "x" else "") for name in tasks]
            description = 'file = "t.csv"\n' + INPUT + "".join(f'[task."{name}"]\n{column[kind]}' for name, kind in tasks.items()) + ALL_TRAIN
            if len(set(made)) == len(made) and len(set(ends)) == len(ends):
                self.imported(description)
            else:
                refused += 1
                self.refuse_import(3, ["another name"], description)
        self.assertGreater(refused, 10)

    def test_a_hundred_arff_files_hold_what_was_written(self):
        source = random.Random(13)
        words = ["cat", "big dog", "o'x", 'q"t', "a,b", "100%", "back\\slash", "ü", "?"]
        for number in range(100):
            names, rows = source.sample(words, source.randint(2, 6)), source.randint(8, 20)
            quote = source.choice("'\"")
            def written(text):
                if source.random() < 0.5 and text.isalpha():
                    return text
                return quote + text.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote
            labels = names + [source.choice(names + [None]) for _ in range(rows - len(names))]
            values = [source.choice([str(source.randint(-9, 9)), repr(source.random())]) for _ in range(rows)]
            text = f"% made\n@relation 'r {number}'\n@ATTRIBUTE {written('a')} real\n@attribute {written('y')} {{{','.join(written(n) for n in names)}}}\n@data\n"
            for value, label in zip(values, labels):
                text += source.choice(["", "% note, 'open\n", "\n"]) + f"{value}{source.choice([',', ', ', ' ,'])}{'?' if label is None else written(label)}\n"
            self.write("t.arff", text)
            found, said, _ = self.imported('file = "t.arff"\n' + INPUT + task("multiclass") + ALL_TRAIN)
            np.testing.assert_array_equal(found["inputs/x"].ravel(), np.array([float(v) for v in values], "f4"), err_msg=text)
            self.assertEqual(self.classes(said), {n: labels.count(n) for n in names}, text)

    def test_white_space_comments_and_trailing_delimiters(self):
        found, said = self.certain(self.table("# made by hand\n  a    y # names\n\n 1 \t x\n2   z   \n# end\n3 'q'\n",
                                              keys='delimiter = "whitespace"\ncomment = "#"\n'))
        self.assertEqual(list(found["inputs/x"].ravel()), [1, 2, 3])
        self.assertEqual(self.classes(said), {"'q'": 1, "x": 1, "z": 1})
        for text in ("a,y,\n1,x,\n2,z,\n", "a,y\n1,x,\n2,z,\n", "a,y,\n1,x\n2,z\n", "a,y\n1,x,\n2,z\n", "a,y,\n1,x,\n2,z,"):
            found, said, _ = self.imported(self.table(text))
            self.assertEqual(self.classes(said), {"x": 1, "z": 1}, text)
        found, said, _ = self.imported(self.table("1,x,\n2,z,\n", keys='header = false\ncolumns = ["a", "y"]\n'))
        self.assertEqual(self.classes(said), {"x": 1, "z": 1})
        self.refuse_import(3, ["t.csv:2", "expected 2 cells", "found 1", 'comment = "#"'], self.table("a,y\n# a comment\n1,x\n"))
        self.refuse_import(3, ["t.csv:3", "expected 2 cells", "found 3"], self.table("a,y\n1,x\n2,z,3\n"))

    def test_names_that_nobody_uses_may_come_twice(self):
        found, _ = self.certain(self.table("a,y,u,u,u,,\n1,x,1,2,3,,\n2,z,1,2,3,,\n"))
        self.assertEqual(list(found["inputs/x"].ravel()), [1, 2])
        self.refuse_import(3, ["two columns", '"u"', "number"], self.table("u,y,u\n1,x,2\n2,z,3\n").replace('"a"', '"u"'))
        found, _ = self.certain(self.table("u,y,u\n1,x,2\n3,z,4\n").replace('"a"', '3'))
        self.assertEqual(list(found["inputs/x"].ravel()), [2, 4])

    def test_a_first_row_of_numbers_is_a_doubtful_header(self):
        self.doubted(self.table("1,2\n3,4\n5,6\n", kind="regression").replace('"a"', '"1"').replace('"y"', '"2"'), "taken as names", "header =")
        self.certain(self.table("1,2\n3,4\n5,6\n", kind="regression", keys="header = true\n").replace('"a"', '"1"').replace('"y"', '"2"'))

    def test_a_wrong_delimiter_is_named(self):
        self.refuse_import(2, ['delimiter = ";"'], self.table("a;y\n1;x\n2;z\n"))
        self.refuse_import(2, ['delimiter = "\\t"'], self.table("a\ty\n1\tx\n2\tz\n"))

    def test_forty_thousand_columns_take_linear_time(self):
        n = 40000
        rows = [",".join(f"c{i}" for i in range(n)) + ",y"] + [",".join(str((r * i) % 7) for i in range(n)) + f",{r % 2}" for r in range(4)]
        self.write("t.csv", "\n".join(rows) + "\n")
        names = ", ".join(f'"c{i}"' for i in range(n))
        found, _, _ = self.imported(f'file = "t.csv"\n[input.x]\ncolumns = [{names}]\n' + task("binary") + ALL_TRAIN)
        np.testing.assert_array_equal(found["inputs/x"], [[(r * i) % 7 for i in range(n)] for r in range(4)])

    def test_arff_is_read(self):
        text = ("% a comment\n@RELATION pets\n\n@attribute 'body size' NUMERIC\n@attribute kind {cat, 'big dog', \"o'x\"}\n"
                "@attribute note string\n@DATA\n1.5, cat, 'it\\'s, fine'\n% another\n2,'big dog',?\n?,\"o'x\",plain text\n".replace("?,\"o'x", "3,\"o'x"))
        for name in ("pets.arff", "pets.csv"):
            self.write(name, text)
            found, said = self.certain(f'file = "{name}"\nid = "note"\n[input.x]\ncolumns = ["body size"]\n' + task("multiclass", column="kind") + ALL_TRAIN)
            self.assertEqual(list(found["inputs/x"].ravel()), [1.5, 2, 3])
            self.assertEqual(self.classes(said), {"cat": 1, "big dog": 1, "o'x": 1})
            self.assertEqual([t.decode() for t in found["ids"]], ["it's, fine", "", "plain text"])
        self.write("s.arff", "@relation s\n@attribute a numeric\n@attribute b numeric\n@attribute y {no, yes}\n@data\n{0 2, 2 yes}\n{1 -1}\n{}\n")
        found, said = self.certain('file = "s.arff"\n[input.x]\ncolumns = ["a", "b"]\n' + task("binary", 'classes = ["no", "yes"]\n') + ALL_TRAIN)
        self.assertEqual(found["inputs/x"].tolist(), [[2, 0], [0, -1], [0, 0]])
        self.assertEqual(list(found["tasks/t/labels"]), [1, 0, 0])
        self.write("b.arff", "@relation b\n@attribute a numeric\n@attribute y {u, v}\n@data\n1,u\n2\n")
        self.refuse_import(3, ["b.arff:6", "expected 2 values"], 'file = "b.arff"\n' + INPUT + task("multiclass") + ALL_TRAIN)

    def test_other_kinds_of_files_are_named_with_a_way_out(self):
        workbook = io.BytesIO()
        import zipfile
        with zipfile.ZipFile(workbook, "w") as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
        arrays = io.BytesIO()
        np.savez(arrays, x=np.zeros(3))
        for content, fragments in (
                (b"PAR1\x15\x04", ["Parquet", "python3 -m qmtl.convert"]), (workbook.getvalue(), ["Excel", "qmtl.convert"]),
                (b'{"a": 1, "y": "x"}\n{"a": 2, "y": "z"}\n', ["JSON lines", "qmtl.convert"]), (b'[\n {"a": 1}]', ["JSON list"]),
                (arrays.getvalue(), ["NPZ", "dataset ="]), (b"\x89HDF\r\n\x1a\n", ["HDF5", "dataset ="]), (b"ARROW1\0\0", ["Arrow"]),
                (b"\xff\xff\xff\xff\x80\0\0\0", ["Arrow stream", "qmtl.convert"]),
                (b"<!DOCTYPE html>\n<html>", ["web page"]), (b"SQLite format 3\0", ["SQLite"]), (b"\xfd7zXZ\0", ["xz", "unxz"]),
                (b"\x28\xb5\x2f\xfd", ["Zstandard"]), (b"BZh91AY&SY\x8c", ["bzip2"]), (b"%PDF-1.4\n%\xe2\xe3", ["PDF"])):
            for packed in (False, True):
                with self.subTest(fragments=fragments, packed=packed):
                    self.refuse_import(3, ["t.csv", *fragments], self.table(gzip.compress(content) if packed else content))

    def test_columns_may_be_named_as_other_kinds_of_files_begin(self):
        for name in ("ORC", "PAR1", "X", "RDX", "BZh"):
            found, _ = self.certain(self.table(f"{name},y\n1,x\n2,z\n").replace('"a"', f'"{name}"'))
            self.assertEqual(list(found["inputs/x"].ravel()), [1, 2])

    def test_a_hundred_dialects_are_read_as_python_reads_them(self):
        source = random.Random(4)
        for number in range(100):
            delimiter = source.choice([",", ";", "\t", "|", "whitespace"])
            decimal = source.choice([".", ","]) if delimiter != "," else "."
            comment = source.choice(["", "#", "//", "%"])
            ending = source.choice(["\n", "\r\n"])
            codec, encoding = source.choice([("utf-8", None), ("latin-1", "latin-1"), ("utf-16", "utf-16")])
            count = source.randint(1, 4)
            rows = [[source.choice([source.randint(-999, 999), round(source.uniform(-9, 9), 3)]) for _ in range(count)]
                    + [source.choice(["red", "gr ün", 'q"x', "a,b", "x;y"])] for _ in range(12)]
            buffer = io.StringIO()
            blank = delimiter == "whitespace"
            writer = csv.writer(buffer, delimiter=" " if blank else delimiter, lineterminator="\n",
                                quoting=source.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
            writer.writerow([f"c{i}" for i in range(count)] + ["y"])
            for row in rows:
                writer.writerow([str(v).replace(".", decimal) for v in row[:-1]] + [row[-1]])
            plain = buffer.getvalue()
            lines = plain.splitlines()
            trailing = not blank and source.random() < 0.3
            text = ""
            for line in lines:
                if comment and source.random() < 0.3:
                    text += comment + " note, with; marks\" 'and'" + ending
                if blank and source.random() < 0.5:
                    line = "  " + line + " "
                text += line + (delimiter if trailing else "") + ending
            keys = f"delimiter = {json.dumps(delimiter)}\ndecimal = \"{decimal}\"\n" + (f'encoding = "{encoding}"\n' if encoding else "") \
                + (f'comment = "{comment}"\n' if comment else "")
            self.write("t.csv", text.encode(codec))
            found, said, _ = self.imported(f'file = "t.csv"\n{keys}[input.x]\ncolumns = ["c0..c{count - 1}"]\n' + task("multiclass") + ALL_TRAIN)
            read = list(csv.reader(io.StringIO(plain), delimiter=" " if blank else delimiter))[1:]
            expected = np.array([[float(v.replace(",", ".")) for v in row[:-1]] for row in read], dtype="f4")
            np.testing.assert_array_equal(found["inputs/x"], expected, err_msg=f"{number}: {text!r}")
            names = [name.decode() for name in found["tasks/t/classes"]]
            self.assertEqual([names[int(v)] for v in found["tasks/t/labels"]], [row[-1] for row in read], f"{number}: {text!r}")


class Large(Import):
    """Tables of several megabytes, which are read in pieces, against csv and numpy."""

    def test_texts_that_lie_across_pieces_are_those_of_csv(self):
        source = random.Random(3)
        rows = [[f"{source.uniform(-1e4, 1e4):.{source.randrange(12)}f}", source.choice(["", "nan", "5", '"x, ""y"""', '"two\nlines"', "é"]),
                 source.choice(["no", '"yes"', " no "])] for _ in range(120000)]
        text = "a,note,y\n" + "".join(",".join(row) + source.choice(["\n", "\r\n"]) for row in rows)
        expected = list(csv.DictReader(io.StringIO(text, newline="")))
        for codec, encoding in (("utf-8", "utf-8"), ("utf-16", "utf-16")):
            for name in ("t.csv", "t.csv.gz"):
                data = text.encode(codec)
                description = self.table(gzip.compress(data, 1) if name.endswith("gz") else data, kind="binary", more='positive = ["yes"]\n',
                                         keys=f'encoding = "{encoding}"\nid = "note"\n', name=name)
                found, said = self.certain(description)
                np.testing.assert_array_equal(found["inputs/x"][:, 0], np.array([row["a"] for row in expected], "f8").astype("f4"))
                np.testing.assert_array_equal(found["tasks/t/labels"], [row["y"].strip() == "yes" for row in expected])
                self.assertEqual([i.decode() for i in found["ids"]], [row["note"] for row in expected])
                self.assertEqual(said["missing"]["note"], sum(row["note"] in ("", "nan") for row in expected))

    def test_numbers_are_shared_by_inputs_labels_filters_and_strata(self):
        source = np.random.default_rng(4)
        n = 30000
        table = {"time": 1.7e9 + source.integers(0, 10**6, n), "a": source.normal(size=n), "b": source.normal(size=n) * 1e-9,
                 "kind": source.integers(0, 3, n), "size": source.normal(size=n)}
        self.write("t.csv", ",".join(table) + "\n" + "".join(",".join(f"{v!r}" for v in row) + "\n"
                                                           for row in zip(*(c.tolist() for c in table.values()))))
        found, said, _ = self.imported('file = "t.csv"\n[rows]\nkeep = { kind = [0, 2] }\n[input.first]\ncolumns = ["b", "time"]\n'
                                       '[input.second]\ncolumns = ["a", "time", "size"]\n[task.t]\nkind = "multiclass"\ncolumn = "kind"\n'
                                       + '[split]\nfractions = [0.5, 0.25, 0.25]\nstratify = "size"\nbins = 10\n')
        kept = table["kind"] != 1
        np.testing.assert_array_equal(found["inputs/first"][:, 0], table["b"][kept].astype("f4"))
        np.testing.assert_array_equal(found["inputs/first"][:, 1], table["time"][kept].astype("f8"))
        np.testing.assert_array_equal(found["inputs/second"], np.stack([table["a"][kept].astype("f4"), table["time"][kept],
                                                                        table["size"][kept].astype("f4")], 1))
        np.testing.assert_array_equal(found["tasks/t/labels"], table["kind"][kept] / 2)
        self.assertEqual(said["rows"], kept.sum())


class Told(Import):
    def test_a_column_cannot_be_input_and_label(self):
        self.refuse_import(2, ["column y", "input and the label of task t"], self.table("a,y\n1,2\n2,3\n", kind="regression").replace('["a"]', '["a", "y"]'))

    def test_numbers_taken_as_many_classes_are_said(self):
        rows = "".join(f"{i},{i % 44}\n" for i in range(200))
        self.doubted(self.table("a,y\n" + rows), "44 different numbers are taken as classes", 'kind = "regression"')
        rows = "".join(f"{i},{i / 7}\n" for i in range(200))
        self.refuse_import(3, ["200 different numbers", 'kind = "regression"'], self.table("a,y\n" + rows))

    def test_a_task_without_a_positive_label_is_refused(self):
        self.refuse_import(3, ["none of the 3 labels of task t is positive", "0 (3)"], self.table("a,y\n1,0\n2,0\n3,0\n", kind="binary"))
        self.refuse_import(3, ["none of the 4 labels"], self.table("a,y,z\n1,0,0\n2,0,0\n", kind="binary").replace(
            'column = "y"\nkind = "binary"', 'columns = ["y", "z"]\nkind = "multilabel"'))
        self.doubted(self.table("a,y\n1,1\n2,1\n", kind="binary"), "all 2 labels")

    def test_an_unknown_metric_is_refused_at_import(self):
        self.refuse_import(2, ["bad.toml:7", "task.t.metric", "accurracy"], self.table("a,y\n1,x\n2,z\n", more='metric = "accurracy"\n'))
        self.refuse_import(2, ["task.t.metric", "rmse"], self.table("a,y\n1,x\n2,z\n", more='metric = "rmse"\n'))

    def test_set_is_refused_where_it_would_change_nothing(self):
        self.write("t.toml", self.table("a,y\n1,x\n2,z\n"))
        for command in (["import", "t.toml", "--out", "never.h5"], ["eval", "run"], ["predict", "run", "t.csv", "--out", "p.csv"],
                        ["inspect", "t.h5"], ["export", "run", "--to", "edge", "--out", "x"], ["report", "run"], ["watch", "run"], ["doctor"],
                        ["noise", "--checkpoint", "run"], ["sweep", "run"], ["keys"], ["replay", "plan", "run"], ["bench", "--workload", "w"]):
            self.refuse(2, ["--set: expected none for " + command[0], "train.epochs=3"], *command, "--set", "train.epochs=3")

    def test_rows_without_labels_take_no_place_where_fractions_decide(self):
        rows = "".join(f"{i},{i % 2 if i % 4 == 0 or i % 7 == 0 else ''}\n" for i in range(400))
        labelled = [i for i in range(400) if i % 4 == 0 or i % 7 == 0]
        split = "[split]\nfractions = [0.6, 0.2, 0.2]\n"
        found, said = self.certain(self.table("a,y\n" + rows, kind="binary", split=split))
        self.assertEqual(found["inputs/x"].ravel().tolist(), labelled)
        self.assertEqual(found["tasks/t/labels"].tolist(), [i % 2 for i in labelled])
        n = len(labelled)
        self.assertEqual([list(found["split"]).count(part) for part in range(3)], [round(.6 * n), round(.8 * n) - round(.6 * n), n - round(.8 * n)])
        self.assertEqual((said["rows"], said["tasks"]["t"]["labels"], said["tasks"]["t"]["missing"]), (n, n, 0))
        self.assertIn(f"{400 - n} of 400 rows have no label for any task and are left out", said["notes"][0])
        found, said = self.certain(self.table("a,y\n" + rows, kind="binary", split=split + "keep_unlabelled = true\n"))
        self.assertEqual((len(found["split"]), said["tasks"]["t"]["missing"]), (400, 400 - n))
        np.save(self.path("x.npy"), np.arange(800.0).reshape(400, 2))
        found, _ = self.certain(self.table("a,y\n" + rows, kind="binary", split=split).replace('columns = ["a"]', 'file = "x.npy"'))
        self.assertEqual(found["inputs/x"].tolist(), [[2 * i, 2 * i + 1] for i in labelled])
        by_column = 'file = "t.csv"\n' + INPUT + task("binary") + '[split]\ncolumn = "part"\n'
        self.write("t.csv", "a,y,part\n1,0,train\n2,1,train\n" + "3,,test\n" * 5)
        self.doubted(by_column, "5 of 7 rows have no label")
        self.refuse_import(3, ["expected rows with a label", "3 of 3 rows"], self.table("a,y\n1,\n2,\n3,\n", kind="regression", split=split))

    def test_strata_too_small_to_share_out_are_refused_and_ranges_are_not(self):
        rows = "a,y\n" + "".join(f"{i},{i / 10}\n" for i in range(200))
        split = '[split]\nfractions = [0.6, 0.2, 0.2]\nstratify = "y"\n'
        self.refuse_import(3, ["split.stratify", "column y", "200 different values", "bins"], self.table(rows, kind="regression", split=split))
        found, _ = self.certain(self.table(rows, kind="regression", split=split + "bins = 10\n"))
        values, parts = found["tasks/t/labels"], found["split"]
        for low in range(10):
            of_bin = parts[(values >= 2 * low - 1e-4) & (values < 2 * low + 1.99)]
            self.assertEqual([list(of_bin).count(part) for part in range(3)], [12, 4, 4])

    def test_the_report_names_rows_missing_cells_and_classes(self):
        self.write("t.toml", self.table("a,y\n1,x\n2,z\n3,\n4,x\n"))
        text = self.succeed("import", "t.toml", "--out", "r.h5", "--overwrite").stdout
        for fragment in ("rows         4", "missing      y: 1 cells", "t: 3 labels, 1 missing; x 2, z 1"):
            self.assertIn(fragment, text)
        with h5py.File(self.path("r.h5")) as file:
            self.assertEqual([n.decode() for n in file["tasks/t/classes"]], ["x", "z"])
            self.assertEqual([n.decode() for n in file["columns/x"]], ["a"])


class Shapes(Import):
    """Categories, missing inputs, rows, groups and many tasks at once."""

    def test_categories_and_missing_cells_become_numbers(self):
        self.write("t.csv", "age,job,size,y\n10,cook,S,0\n,smith,M,1\n30,cook,L,0\n50,,S,1\n")
        keys = '[input.x]\ncolumns = ["age", "job", "size"]\none_hot = ["job"]\nordinal = ["size"]\n'
        rest = task("binary") + ALL_TRAIN
        for policy, age in (("mean", 30), ("median", 30)):
            found, _ = self.certain('file = "t.csv"\n' + keys + f'categories = {{ size = ["S", "M", "L"] }}\nmissing = "{policy}"\n' + rest)
            self.assertEqual(found["inputs/x"].tolist(), [[10, 0, 1, 0, 0, 0], [age, 1, 0, 1, 0, 1], [30, 0, 1, 0, 0, 2], [50, 0, 0, 0, 1, 0]])
            self.assertEqual([n.decode() for n in found["columns/x"]], ["age", "age.missing", "job=cook", "job=smith", "job.missing", "size"])
        found, _ = self.certain('file = "t.csv"\n' + keys + 'missing = "mean"\nindicator = false\n' + rest)
        self.assertEqual(found["inputs/x"].tolist(), [[10, 1, 0, 2], [30, 0, 1, 1], [30, 1, 0, 0], [50, 0, 0, 2]])
        self.refuse_import(3, ["t.csv:3, column age", "empty cell", "median"], 'file = "t.csv"\n' + keys + rest)
        self.write("t.csv", "job,y,part\ncook,0,train\nsmith,1,train\npilot,1,test\n")
        keys = '[input.x]\ncolumns = ["job"]\none_hot = ["job"]\n'
        rest = task("binary") + '[split]\ncolumn = "part"\n'
        self.refuse_import(3, ["t.csv:4, column job", '"pilot"', 'unseen = "zero"'], 'file = "t.csv"\n' + keys + rest)
        found, _ = self.certain('file = "t.csv"\n' + keys + 'unseen = "zero"\n' + rest)
        self.assertEqual(found["inputs/x"].tolist(), [[1, 0], [0, 1], [0, 0]])
        self.refuse_import(2, ["input.x.one_hot", "columns lists too"], 'file = "t.csv"\n' + keys.replace('t = ["job"]', 't = ["y"]') + rest)

    def test_a_hundred_tables_of_categories_are_what_numpy_computes(self):
        source = random.Random(10)
        for number in range(100):
            rows = source.randint(6, 30)
            part = ["train", "train"] + [source.choice(["train", "validation", "test"]) for _ in range(rows - 2)]
            age = ["1", "2"] + [source.choice(["", "nan", "NA", str(source.randint(0, 99)), str(source.random())]) for _ in range(rows - 2)]
            job = ["a", "b"] + [source.choice("abcde") for _ in range(rows - 2)]
            policy = source.choice(["mean", "median"])
            self.write("t.csv", "age,job,y,part\n" + "".join(f"{a},{j},{i % 2},{p}\n" for i, (a, j, p) in enumerate(zip(age, job, part))))
            found, _, _ = self.imported('file = "t.csv"\n[input.x]\ncolumns = ["age", "job"]\none_hot = ["job"]\nunseen = "zero"\n'
                                        f'missing = "{policy}"\nmissing_texts = ["NA"]\n' + task("binary") + '[split]\ncolumn = "part"\n')
            numbers = np.array([np.nan if a in ("", "nan", "NA") else float(a) for a in age])
            trained = np.array(part) == "train"
            fill = getattr(np, "nan" + policy)(numbers[trained])
            columns = [np.where(np.isnan(numbers), fill, numbers)]
            if np.isnan(numbers).any():
                columns.append(np.isnan(numbers))
            columns += [np.array(job) == c for c in sorted(set(np.array(job)[trained]))]
            # Sums of a few numbers in double, rounded once to float.
            np.testing.assert_allclose(found["inputs/x"], np.stack(columns, 1).astype("f8"), rtol=1e-6, err_msg=str(number))

    def test_rows_are_kept_and_dropped_in_tables_and_arrays(self):
        self.write("t.csv", "a,y,site,age\n0,0,p,1\n1,1,q,2\n2,0,p,\n3,1,r,4\n4,0,q,5\n5,1,p,6\n")
        np.save(self.path("x.npy"), np.arange(12.0).reshape(6, 2))
        found, said = self.certain('file = "t.csv"\n[rows]\nkeep = { site = ["p", "q"] }\ndrop = { a = [1] }\ndrop_missing = ["age"]\n'
                                   '[input.a]\ncolumns = ["a"]\n[input.x]\nfile = "x.npy"\n' + task("binary") + ALL_TRAIN)
        self.assertEqual(list(found["inputs/a"].ravel()), [0, 4, 5])
        self.assertEqual(found["inputs/x"].tolist(), [[0, 1], [8, 9], [10, 11]])
        self.assertEqual(list(found["tasks/t/labels"]), [0, 0, 1])
        self.assertEqual(said["rows"], 3)
        self.assertIn("3 rows are left out", said["notes"][0])
        self.refuse_import(3, ["rows.keep.site", '"z"', "never occurs"], self.table("a,y,site\n1,0,p\n2,1,p\n", kind="binary", keys="").replace(
            "[input", '[rows]\nkeep = { site = ["z"] }\n[input'))

    def test_groups_stay_together(self):
        source = random.Random(11)
        for number in range(20):
            people = [source.randrange(30) for _ in range(200)]
            self.write("t.csv", "a,y,who\n" + "".join(f"{i},{i % 2},p{p}\n" for i, p in enumerate(people)))
            found, _ = self.certain('file = "t.csv"\ngroups = "who"\n' + INPUT + task("binary") + f"[split]\nfractions = [0.6, 0.2, 0.2]\nseed = {number}\n")
            order = list(dict.fromkeys(people))
            self.assertEqual(list(found["groups"]), [order.index(p) for p in people])
            parts = {p: {part for q, part in zip(people, found["split"]) if q == p} for p in order}
            self.assertTrue(all(len(of) == 1 for of in parts.values()))
            counts = [sum(of == {part} for of in parts.values()) for part in range(3)]
            self.assertEqual(counts, [round(0.6 * len(order)), round(0.8 * len(order)) - round(0.6 * len(order)), len(order) - round(0.8 * len(order))])
        self.write("t.csv", "a,y,who,part\n1,0,p,train\n2,1,p,test\n3,1,q,train\n")
        self.doubted('file = "t.csv"\ngroups = "who"\n' + INPUT + task("binary") + '[split]\ncolumn = "part"\n', "1 groups have rows in several parts")

    def test_one_table_makes_a_task_of_each_column(self):
        self.write("t.csv", "a," + ",".join(f"sick{i}" for i in range(14)) + "\n"
                   + "".join(f"{r}," + ",".join("yes" if (r + i) % 3 == 0 else "" if (r + i) % 5 == 0 else "no" for i in range(14)) + "\n" for r in range(9)))
        found, said = self.certain('file = "t.csv"\n' + INPUT + '[tasks]\neach = { columns = ["sick0..sick13"], kind = "binary", prefix = "is ", classes = ["no", "yes"] }\n' + ALL_TRAIN)
        self.assertEqual(len(said["tasks"]), 14)
        for i in range(14):
            np.testing.assert_array_equal(found[f"tasks/is sick{i}/labels"],
                                          [1 if (r + i) % 3 == 0 else np.nan if (r + i) % 5 == 0 else 0 for r in range(9)])


class Joins(Import):
    """A second table whose rows are found by a key."""

    def joined(self, keys="", other="id;age;sex\nb;2,5;f\na;1,5;m\nc;9;m\n", table="who,v,y\na,1,0\nb,2,1\na,3,1\n"):
        self.write("t.csv", table)
        self.write("people.csv", other)
        return ('file = "t.csv"\n[join.people]\nfile = "people.csv"\nkey = ["who", "id"]\ndelimiter = ";"\ndecimal = ","\n' + keys
                + '[input.x]\ncolumns = ["v", "age", "sex"]\none_hot = ["sex"]\nmissing = "mean"\n' + task("binary") + ALL_TRAIN)

    def test_rows_get_the_columns_of_their_partner(self):
        found, said = self.certain(self.joined())
        self.assertEqual(found["inputs/x"].tolist(), [[1, 1.5, 0, 1], [2, 2.5, 1, 0], [3, 1.5, 0, 1]])
        self.assertIn("3 rows have a partner by id, 0 have none; 1 of its rows are not used", said["notes"][0])

    def test_what_has_no_partner_or_two_is_refused_or_missing_as_told(self):
        lonely = "who,v,y\na,1,0\nz,2,1\n,3,1\n"
        self.refuse_import(3, ["t.csv:3, column who", '"z"', "people.csv", 'join.people.unmatched = "missing"'], self.joined(table=lonely))
        found, _ = self.certain(self.joined(keys='unmatched = "missing"\n', table=lonely + "b,4,0\n", other="id;age;sex\na;1,5;m\nb;1,5;f\n"))
        self.assertEqual(found["inputs/x"][:, :3].tolist(), [[1, 1.5, 0], [2, 1.5, 1], [3, 1.5, 1], [4, 1.5, 0]])
        self.refuse_import(3, ["people.csv:3, column id", '"a" again', "line 2"], self.joined(other="id;age;sex\na;1;m\na;2;f\n"))
        self.refuse_import(3, ["none of the 1 of", "another column"], self.joined(keys='unmatched = "missing"\n', other="id;age;sex\nq;1;m\n"))
        self.refuse_import(2, ["join.people.key", "who2"], self.joined().replace('"who", "id"', '"who2", "id"'))
        self.refuse_import(2, ["join.people.unmatched"], self.joined(keys='unmatched = "drop"\n'))
        self.refuse_import(2, ["join.people.colums"], self.joined(keys='colums = ["age"]\n'))
        self.refuse_import(2, ['two columns are named "v"'], self.joined(other="id;age;sex;v\na;1;m;1\nb;1;m;1\n"))

    def test_a_hundred_joins_are_those_of_a_dictionary(self):
        source = random.Random(31)
        for number in range(100):
            keys = [f"{source.choice('abc')}{i}" for i in range(source.randint(3, 20))]
            values = {key: source.randint(-99, 99) for key in keys}
            rows = [source.choice(keys + ["none"]) for _ in range(source.randint(10, 40))] + [keys[0], keys[1]]
            self.write("o.csv", "k,w\n" + "".join(f"{k},{values[k]}\n" for k in source.sample(keys, len(keys))))
            self.write("t.csv", "k,y\n" + "".join(f"{k},{i % 2}\n" for i, k in enumerate(rows)))
            found, _, _ = self.imported('file = "t.csv"\n[join.o]\nfile = "o.csv"\nkey = "k"\nunmatched = "missing"\nprefix = "o."\n[rows]\ndrop_missing = ["o.w"]\n'
                                        '[input.x]\ncolumns = ["o.w"]\n' + task("binary") + ALL_TRAIN)
            self.assertEqual(found["inputs/x"].ravel().tolist(), [values[k] for k in rows if k in values], number)
            self.assertEqual(found["tasks/t/labels"].tolist(), [i % 2 for i, k in enumerate(rows) if k in values], number)


class Containers(Import):
    N = 12

    def described(self, file, dataset="", column=""):
        np.save(self.path("y.npy"), np.arange(self.N) % 3)
        dataset = f'dataset = "{dataset}"\n' if dataset else ""
        return f'[input.x]\nfile = "{file}"\n{dataset}' + (column or '[column.y]\nfile = "y.npy"\n') + task("multiclass") + ALL_TRAIN

    def x(self):
        return np.random.default_rng(5).normal(size=(self.N, 4)).astype("f4")

    def test_a_user_block_is_passed_over(self):
        for size in (512, 1024, 4096):
            with h5py.File(self.path("u.h5"), "w", userblock_size=size) as file:
                file["x"] = self.x()
            found, _ = self.certain(self.described("u.h5", "/x"))
            np.testing.assert_array_equal(found["inputs/x"], self.x())

    def test_matlab_files_have_their_axes_in_matlabs_order(self):
        with h5py.File(self.path("m.mat"), "w", userblock_size=512) as file:
            file["x"] = self.x().astype("f8").T
            file["y"] = (np.arange(self.N) % 3).astype("f8")[None, :]
        with open(self.path("m.mat"), "r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116))
        found, _ = self.certain(self.described("m.mat", "/x", '[column.y]\nfile = "m.mat"\ndataset = "/y"\n'))
        np.testing.assert_array_equal(found["inputs/x"], self.x())
        np.testing.assert_array_equal(found["tasks/t/labels"], np.arange(self.N) % 3)

    def test_links_and_virtual_sources_that_are_not_there_are_named(self):
        with h5py.File(self.path("l.h5"), "w") as file:
            file["x"] = h5py.ExternalLink("gone.h5", "/far/x")
        self.refuse_import(3, ["l.h5", "/far/x", "gone.h5", "not there"], self.described("l.h5", "/x"))
        layout = h5py.VirtualLayout((self.N, 4), "f4")
        layout[:6] = h5py.VirtualSource("here.h5", "x", (6, 4))
        layout[6:] = h5py.VirtualSource("gone.h5", "x", (6, 4))
        with h5py.File(self.path("here.h5"), "w") as file:
            file["x"] = self.x()[:6]
        with h5py.File(self.path("v.h5"), "w", libver="latest") as file:
            file.create_virtual_dataset("x", layout)
        self.refuse_import(3, ["v.h5", "virtual", "gone.h5", "fill values"], self.described("v.h5", "/x"))
        with h5py.File(self.path("gone.h5"), "w") as file:
            file["z"] = self.x()[6:]
        self.refuse_import(3, ["v.h5", "virtual", "gone.h5", "does not exist"], self.described("v.h5", "/x"))
        with h5py.File(self.path("gone.h5"), "w") as file:
            file["x"] = self.x()[6:]
        found, _ = self.certain(self.described("v.h5", "/x"))
        np.testing.assert_array_equal(found["inputs/x"], self.x())
        os.remove(self.path("gone.h5"))

    def test_unknown_filters_and_types_are_named_with_a_way_out(self):
        with h5py.File(self.path("f.h5"), "w") as file:
            file.create_dataset("lzf", data=self.x(), compression="lzf")
            file.create_dataset("gzip", data=self.x(), compression="gzip", shuffle=True)
            file["complex"] = self.x().astype("c8")
            file["compound"] = np.zeros(self.N, [("left", "f4"), ("right", "i4")])
            file["rows"] = np.array([np.arange(i + 1.0) for i in range(self.N)], dtype=h5py.vlen_dtype("f4"))
        found, _ = self.certain(self.described("f.h5", "gzip"))
        np.testing.assert_array_equal(found["inputs/x"], self.x())
        for name, fragments in (("lzf", ["filter lzf", "h5repack", "gzip"]), ("complex", ["complex numbers"]),
                                ("compound", ["left, right", "array of its own"]), ("rows", ["different lengths"])):
            self.refuse_import(3, ["f.h5", *fragments], self.described("f.h5", name))

    def test_a_hundred_types_layouts_and_containers_give_the_numbers_of_numpy(self):
        source = random.Random(6)
        kinds = ["bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
        for number in range(100):
            kind, container = source.choice(kinds), source.choice(["h5", "npz", "npz packed", "npy"])
            shape = source.choice([(self.N,), (self.N, 1), (self.N, 3), (self.N, 2, 3)])
            values = np.random.default_rng(number).integers(0, 100 if kind != "bool" else 2, shape)
            values = values.astype(kind)
            file, dataset = f"c{number}", ""
            if container == "h5":
                dataset = "/g/x"
                big = source.random() < 0.3
                with h5py.File(self.path(file), "w", libver=source.choice(["earliest", "latest"]),
                               userblock_size=source.choice([0, 512, 2048])) as made:
                    made.create_dataset("g/x", data=values, dtype=np.dtype(kind).newbyteorder(">") if big and kind != "bool" else None,
                                        **source.choice([{}, {"chunks": True}, {"compression": "gzip"}, {"fletcher32": True}]))
            elif container == "npy":
                with open(self.path(file), "wb") as made:
                    np.save(made, values)
            else:
                dataset = source.choice(["", "x"])
                with open(self.path(file), "wb") as made:
                    (np.savez_compressed if "packed" in container else np.savez)(made, x=values, **({"other": values[:2]} if dataset else {}))
            found, _, _ = self.imported(self.described(file, dataset))
            np.testing.assert_array_equal(found["inputs/x"].reshape(shape), values.astype("f4"), err_msg=f"{number} {kind} {container}")
            if len(shape) < 3 and len(set(values.ravel())) > 1 and (len(shape) == 1 or shape[1] == 1):
                found, said, _ = self.imported(f'[column.y]\nfile = "{file}"\n' + (f'dataset = "{dataset}"\n' if dataset else "") +
                                               '[input.x]\nfile = "y.npy"\n' + task("multiclass") + ALL_TRAIN)
                self.assertEqual(self.classes(said), {str(int(v)): int((values == v).sum()) for v in set(values.ravel())})
            os.remove(self.path(file))

    def test_damaged_archives_of_arrays_are_refused(self):
        made = io.BytesIO()
        np.savez_compressed(made, x=self.x(), z=self.x())
        good = made.getvalue()
        source = random.Random(7)
        self.write("a.npz", good)
        self.refuse_import(3, ["a.npz", "x, z", "dataset ="], self.described("a.npz"))
        self.refuse_import(3, ["a.npz", "x, z", '"w"'], self.described("a.npz", "w"))
        for number in range(60):
            bad = bytearray(good)
            if number % 2:
                bad = bad[: source.randrange(4, len(bad))]
            else:
                bad[source.randrange(4, len(bad))] ^= 1 << source.randrange(8)
            self.write("a.npz", bytes(bad))
            self.write("d.toml", self.described("a.npz", "x"))
            run = self.run_program("import", "d.toml", "--out", "d.h5", "--overwrite")
            self.assertIn(run.returncode, (0, 3), run.stderr)
            if run.returncode == 0:  # a bit that does not matter: a date, an attribute, the other array
                with h5py.File(self.path("d.h5")) as file:
                    np.testing.assert_array_equal(file["inputs/x"], self.x())

    def test_arrays_of_texts_are_columns(self):
        names = np.array(["cat", "große Katze", "鳥"] * 4)
        np.save(self.path("x.npy"), self.x())
        for array in (names, np.array([n.encode() for n in names])):
            np.save(self.path("t.npy"), array)
            _, said = self.certain('[input.x]\nfile = "x.npy"\n[column.y]\nfile = "t.npy"\n' + task("multiclass") + ALL_TRAIN)
            self.assertEqual(self.classes(said), {"cat": 4, "große Katze": 4, "鳥": 4})
        np.save(self.path("o.npy"), names.astype(object))
        self.refuse_import(3, ["o.npy", "Python objects", "astype(str)"], self.described("o.npy"))


def png(pixels, depth, chunks=()):
    """A PNG file of grey or coloured samples with further chunks, written by the specification."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    height, width = pixels.shape[:2]
    colour = 2 if pixels.ndim == 3 else 0
    rows = pixels.astype(">u2" if depth == 16 else "u1").reshape(height, -1)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
            + b"".join(chunk(*c) for c in chunks) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


class Pictures(Import):
    DESCRIPTION = '[input.p]\nimages = "p"\n' + task("multiclass", column="class") + ALL_TRAIN

    def folder(self, pictures):
        shutil.rmtree(self.path("p"), ignore_errors=True)
        for name, content in pictures.items():
            os.makedirs(self.path("p/" + os.path.dirname(name)), exist_ok=True)
            self.write("p/" + name, content)

    def test_a_hundred_pictures_are_the_same_numbers_in_every_container(self):
        source = np.random.default_rng(8)
        gamma = [(b"gAMA", struct.pack(">I", 100000))], [(b"gAMA", struct.pack(">I", 45455))], [(b"sRGB", b"\0")], []
        for number in range(100):
            shape = [(5, 4), (5, 4, 3)][number % 2]
            deep = source.integers(0, 65536, shape)
            flat = source.integers(0, 256, shape)
            name = "p5 p6".split()[number % 2].upper().encode()
            def netpbm(values, most):
                return name + b"\n4 5\n%d\n" % most + values.astype(">u2" if most > 255 else "u1").tobytes()
            end = "pgm" if number % 2 == 0 else "ppm"
            self.folder({"a/1.png": png(deep, 16, gamma[number // 2 % 4]), "a/2.png": png(flat, 8, gamma[number // 2 % 4]),
                         f"b/1.{end}": netpbm(deep, 65535), f"b/2.{end}": netpbm(flat, 255)})
            found, _ = self.certain(self.DESCRIPTION)
            pictures = found["inputs/p"]
            if number % 2:
                pictures = pictures.transpose(0, 2, 3, 1)
            np.testing.assert_array_equal(pictures[0], (deep * 255 + 32767) // 65535, err_msg=str(number))
            np.testing.assert_array_equal(pictures[2], pictures[0])
            np.testing.assert_array_equal(pictures[1], flat)
            np.testing.assert_array_equal(pictures[3], flat)

    def test_warnings_of_readable_pictures_are_told_apart_from_damage(self):
        grey = np.random.default_rng(9).integers(0, 256, (16, 16), dtype="u1")
        made = io.BytesIO()
        Image.fromarray(grey).save(made, "JPEG", quality=90)
        good = made.getvalue()
        profile = png(grey, 8, [(b"iCCP", b"bad\0\0" + zlib.compress(b"no profile"))])
        self.folder({"a/1.png": profile, "b/1.png": png(grey, 8)})
        found, _ = self.certain(self.DESCRIPTION)
        np.testing.assert_array_equal(found["inputs/p"][0], grey)
        self.folder({"a/1.jpg": good, "b/1.jpg": good[:20] + b"\0\0\0" + good[20:]})
        found, said = self.doubted(self.DESCRIPTION, "b/1.jpg", "extraneous bytes")
        np.testing.assert_array_equal(found["inputs/p"][0], found["inputs/p"][1])
        self.folder({"a/1.jpg": good, "b/1.jpg": good[:-40]})
        self.refuse_import(3, ["b/1.jpg", "truncated or damaged"], self.DESCRIPTION)

    def test_files_that_are_passed_over_are_said(self):
        grey = png(np.zeros((2, 2), "u1"), 8)
        self.folder({"a/1.png": grey, "b/1.png": grey, "b/2.gif": b"GIF89a", "notes.txt": b"x", "b/.hidden.gif": b""})
        self.doubted(self.DESCRIPTION, "2 files are passed over")


if __name__ == "__main__":
    main()
