#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What cells of people's tables do to an import: texts, labels and numbers. Nothing becomes another thing in silence:
each case has its right value, and each kind has a generator that makes a hundred more."""

import csv
import io
import json
import os
import random
import shutil

from import_case import ALL_TRAIN, h5py, Image, Import, INPUT, np, task, main


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

if __name__ == "__main__":
    main()
