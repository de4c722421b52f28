#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""qmtl.convert against the writers of its formats: every value of every type comes back from the CSV, and an import of it
makes what an import of the same table written by hand makes."""

import csv
import datetime
import decimal
import gzip
import json
import os
import random
import subprocess
import sys

import door

door.environment("pyarrow", "openpyxl", "h5py", "numpy")
convert = door.module("convert")
import h5py
import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet
from harness import Program, main

BIG = [2**63 - 1, -2**63, 2**53 + 1, 0, None]
TYPED = {
    "int64": pa.array(BIG, pa.int64()),
    "uint64": pa.array([2**64 - 1, 0, 1, 2**53 + 1, None], pa.uint64()),
    "int8": pa.array([-128, 127, 0, 1, None], pa.int8()),
    "double": pa.array([0.1, float("nan"), 5e-324, -1.7976931348623157e308, None]),
    "float": pa.array(np.array([0.1, np.nan, 1e-45, 3.4028235e38, -0.0], np.float32)),
    "text": pa.array(["a,\"b\"\nc", " x ", "NA", "é", None]),
    "large": pa.array(["a", "b", "c", "d", None], pa.large_string()),
    "category": pa.array(["no", "yes", "no", None, "007"]).dictionary_encode(),
    "boolean": pa.array([True, False, None, True, False]),
    "decimal": pa.array([decimal.Decimal("1.10"), decimal.Decimal("12345678901234567890.12"), None, None, None]),
    "date": pa.array([datetime.date(2024, 2, 29), None, None, datetime.date(1, 1, 1), datetime.date(9999, 12, 31)]),
    "time": pa.array([1, None, 86_399_999_999_999, 0, 2], pa.timestamp("ns")),
}
HALF = pa.array(np.array([0.1, 65504, 6e-8, -0.0, 1], np.float16))
WRITERS = {
    "table.parquet": lambda table, path: pa.parquet.write_table(table, path, row_group_size=2),
    "table.feather": lambda table, path: pa.feather.write_feather(table, path, chunksize=2),
    "table.arrow": lambda table, path: write_ipc(pa.ipc.new_file, table, path),
    "stream.arrow": lambda table, path: write_ipc(pa.ipc.new_stream, table, path),
}


def write_ipc(kind, table, path):
    with pa.OSFile(path, "wb") as file, kind(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


def cells(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def meant(text, kind):
    """The value that a cell means, by Python's and numpy's own readers."""
    if text == "":
        return None
    if kind in ("double",):
        return float(text)
    if kind in ("float", "half"):
        return float(np.float32(text) if kind == "float" else np.float16(text))
    if "int" in kind:
        return int(text)
    if kind == "boolean":
        return {"true": True, "false": False}[text]
    if kind == "decimal":
        return decimal.Decimal(text)
    if kind == "date":
        return datetime.date.fromisoformat(text)
    if kind == "time":
        whole, nanoseconds = text.split(".")
        return int((datetime.datetime.fromisoformat(whole) - datetime.datetime(1970, 1, 1)).total_seconds()) * 10**9 + int(nanoseconds)
    return text


def known(array, kind):
    """The values of an Arrow array, NaN as missing."""
    if kind == "time":
        array = array.cast(pa.int64())
    values = array.to_pylist()
    if kind == "half":
        values = [None if value is None else float(value) for value in values]
    return [None if value is not None and value != value else value for value in values]


class Tables(Program):
    def convert(self, name, *arguments, code=0):
        """Runs the command as the program says it; its standard output or what it refuses."""
        done = subprocess.run([sys.executable, convert.__file__, self.path(name), *arguments], capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        return done.stdout if code == 0 else done.stderr

    def check(self, path, table):
        rows = cells(path)
        self.assertEqual(len(rows), table.num_rows)
        for kind in table.schema.names:
            found = [meant(row[kind], kind) for row in rows]
            expected = known(table[kind].combine_chunks(), kind)
            self.assertEqual(found, expected, kind)
            for one, other in zip(found, expected):
                if isinstance(one, float):
                    self.assertEqual(str(one), str(other), "the sign of zero")

    def test_every_value_of_every_type_comes_back(self):
        for name, write in WRITERS.items():
            with self.subTest(name):
                columns = {**TYPED, "half": HALF}
                table = pa.table(columns)
                write(table, self.path(name))
                said = self.convert(name, "--out", self.path("out.csv"), "--overwrite")
                self.check(self.path("out.csv"), table)
                self.assertIn("int64: int64, 1 missing", said)
                self.assertIn("double: double, 2 missing", said)
        pa.orc.write_table(pa.table({"int64": TYPED["int64"], "text": TYPED["text"]}), self.path("table.orc"))
        self.convert("table.orc")
        self.check(self.path("table.csv"), pa.table({"int64": TYPED["int64"], "text": TYPED["text"]}))

    def test_a_hundred_random_tables_mean_the_same_in_every_format(self):
        source = random.Random(7)
        kinds = {"int64": (pa.int64(), lambda: source.randrange(-2**63, 2**63)),
                 "double": (pa.float64(), lambda: source.choice([source.gauss(0, 1), 10.0 ** source.randrange(-300, 300)])),
                 "text": (pa.string(), lambda: "".join(source.choice("ab,;\"'\n \t é0") for _ in range(source.randrange(1, 6)))),
                 "boolean": (pa.bool_(), lambda: source.random() < 0.5)}
        for number in range(100):
            rows = source.randrange(1, 12)
            chosen = source.sample(list(kinds), source.randrange(1, 5))
            table = pa.table({kind: pa.array([None if source.random() < 0.2 else kinds[kind][1]() for _ in range(rows)],
                                             kinds[kind][0]) for kind in chosen})
            name = source.choice(list(WRITERS))
            WRITERS[name](table, self.path(name))
            convert.convert(self.path(name), self.path("random.csv"), overwrite=True)
            self.check(self.path("random.csv"), table)
            self.write("t.jsonl", "".join(json.dumps(row) + "\n" for row in table.to_pylist()))
            convert.convert(self.path("t.jsonl"), self.path("random.csv"), overwrite=True)
            self.check(self.path("random.csv"), table)

    def test_an_import_makes_what_the_table_written_by_hand_makes(self):
        near = [2**53, 2**53 + 1] * 20  # one number in double precision
        table = pa.table({"x": pa.array([float(i) for i in range(40)]), "key": pa.array(near, pa.int64()),
                          "kind": pa.array(["b", "a", None, "007"] * 10).dictionary_encode()})
        pa.parquet.write_table(table, self.path("p.parquet"))
        refused = self.run_program("import", "--draft", "p.parquet")
        self.assertEqual(refused.returncode, 3)
        self.assertIn("python3 -m qmtl.convert", refused.stderr)
        self.convert("p.parquet")
        with open(self.path("hand.csv"), "w") as file:
            file.write("x,key,kind\n" + "".join(f"{i},{near[i]},{['b', 'a', '', '007'][i % 4]}\n" for i in range(40)))
        for name in ("p", "hand"):
            self.write("d.toml", f'file = "{name}.csv"\n[input.x]\ncolumns = ["x"]\n[task.key]\ncolumn = "key"\n'
                                 'kind = "multiclass"\n[task.kind]\ncolumn = "kind"\nkind = "multiclass"\n'
                                 '[split]\nfractions = [0.5, 0.25, 0.25]\n')
            self.succeed("import", "d.toml", "--out", f"{name}.h5")
        with h5py.File(self.path("p.h5")) as made, h5py.File(self.path("hand.h5")) as hand:
            self.assertEqual(list(made["tasks/key/classes"].asstr()), [str(2**53), str(2**53 + 1)])
            for item in ("tasks/key/labels", "tasks/kind/labels", "tasks/kind/classes", "inputs/x", "split"):
                np.testing.assert_array_equal(made[item][()], hand[item][()])

    def test_lists_and_structures_become_columns_and_pictures_files(self):
        image = self.png()
        table = pa.table({"embedding": pa.array([[1.5, 2.5], None, [0.1, 3]]),
                          "fixed": pa.array([[1, 2, 3]] * 3, pa.list_(pa.int8(), 3)),
                          "place": pa.array([{"city": "a", "at": [1, 2]}, None, {"city": None, "at": [3, 4]}],
                                            pa.struct([("at", pa.list_(pa.int64())), ("city", pa.string())])),
                          "image": pa.array([{"bytes": image, "path": "x"}, None, {"bytes": image, "path": None}])})
        pa.parquet.write_table(table, self.path("lists.parquet"), row_group_size=1)
        self.convert("lists.parquet")
        rows = cells(self.path("lists.csv"))
        self.assertEqual(list(rows[0]), ["embedding_0", "embedding_1", "fixed_0", "fixed_1", "fixed_2", "place.at_0",
                                         "place.at_1", "place.city", "image"])
        self.assertEqual(list(rows[1].values()), ["", "", "1", "2", "3", "", "", "", ""])
        self.assertEqual([rows[2][name] for name in ("embedding_0", "place.city", "place.at_1")], ["0.1", "", "4"])
        for row in (0, 2):
            with open(self.path(rows[row]["image"]), "rb") as file:
                self.assertEqual(file.read(), image)
        ragged = pa.table({"x": [[1, 2], [3]], "y": [1, 2]})
        pa.parquet.write_table(ragged, self.path("r.parquet"))
        self.assertIn("lists of one length, found some of 2 and of 1", self.convert("r.parquet", code=3))
        self.convert("r.parquet", "--without", "x")
        self.assertEqual([row["y"] for row in cells(self.path("r.csv"))], ["1", "2"])
        pa.parquet.write_table(pa.table({"b": [b"\0\1"]}), self.path("b.parquet"))
        self.assertIn("PNG", self.convert("b.parquet", code=3))

    @staticmethod
    def png():
        from PIL import Image
        import io
        into = io.BytesIO()
        Image.new("L", (3, 2), 7).save(into, "PNG")
        return into.getvalue()

    def test_workbooks(self):
        book = openpyxl.Workbook()
        sheet = book.active
        for row in (["x", "kind", "when", "yes"], [1, "a", datetime.datetime(2024, 1, 2, 3, 4), True],
                    [0.1, "#N/A", None, False], [None] * 4, [2**53 - 1, "007", datetime.datetime(2024, 1, 2), None]):
            sheet.append(row)
        sheet["B3"].data_type = "e"
        book.create_sheet("other").append(["z"])
        book.save(self.path("b.xlsx"))
        said = self.convert("b.xlsx")
        rows = cells(self.path("b.csv"))
        self.assertEqual([list(row.values()) for row in rows], [["1", "a", "2024-01-02 03:04:00", "true"], ["0.1", "", "", "false"],
                                                                [str(2**53 - 1), "007", "2024-01-02 00:00:00", ""]])
        for fragment in ("the first was taken", "1 cells with errors", "1 empty rows"):
            self.assertIn(fragment, said)
        self.assertIn("expected one of Sheet, other", self.convert("b.xlsx", "--sheet", "none", "--overwrite", code=2))
        sheet["A2"] = "=1+1"
        book.save(self.path("f.xlsx"))
        self.assertIn("cell A2 of sheet 'Sheet' has a formula without a value", self.convert("f.xlsx", code=3))

    def test_json_keeps_numbers_as_they_are_written(self):
        lines = '{"a": 9007199254740993, "b": 1.10}\n\n{"a": 1e400, "late": "x", "deep": {"v": [1, 2]}}\n{"a": NaN, "b": null}\n'
        self.write("j.jsonl", lines)
        self.write("j.gz", gzip.compress(lines.encode()))
        for name in ("j.jsonl", "j.gz"):
            self.convert(name, "--overwrite")
            self.assertEqual([list(row.values()) for row in cells(self.path("j.csv"))],
                             [["9007199254740993", "1.10", "", "", ""], ["1e400", "", "x", "1", "2"], ["", "", "", "", ""]])
        self.write("l.json", '[{"a": "x"}, {"a": "y"}]')
        self.convert("l.json")
        self.assertEqual([row["a"] for row in cells(self.path("l.csv"))], ["x", "y"])
        for content, fragment in (('{"a": 1}\n{"a": 1, "a": 2}\n', "line 2: one name twice"), ('{"a": 1}\n[1]\n', "line 2: expected an object"),
                                  ('{"a": 1}\n{"a"', "line 2"), ('{"a": ' + "[" * 100_000, "line 1")):
            self.write("w.jsonl", content)
            self.assertIn(fragment, self.convert("w.jsonl", code=3))
            self.assertFalse(os.path.exists(self.path("w.csv")))

    def test_damaged_files_are_refused_and_leave_nothing(self):
        source = random.Random(3)
        table = pa.table({"x": list(range(200)), "t": [f"text {i}" for i in range(200)]})
        for name, write in WRITERS.items():
            write(table, self.path(name))
            whole = self.read(name)
            for _ in range(12):
                self.write(f"cut-{name}", whole[:source.randrange(8, len(whole) - 1)])
                with self.assertRaises(convert.Error):
                    convert.convert(self.path(f"cut-{name}"), self.path("cut.csv"))
                self.assertFalse([one for one in os.listdir(self.base) if "cut.csv" in one])
        self.assertIn("is there already", self.convert("table.parquet", "--out", self.path("tiny.csv"), code=2))
        self.assertIn("no such file", self.convert("none.parquet", code=3).lower())
        self.assertIn("found another", self.convert("tiny.csv", "--out", self.path("n.csv"), code=3))


if __name__ == "__main__":
    main()
