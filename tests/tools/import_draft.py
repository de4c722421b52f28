#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`qmtl import --draft`: a description drafted from a table in any customary dialect, an archive of arrays or a folder of
pictures imports as it is, to what csv, numpy, h5py and Pillow wrote. And how far an import is, in a terminal and in a log."""

import io
import json
import os
import pty
import random
import subprocess
import sys
import unittest

try:
    import h5py
    import numpy as np
    from PIL import Image
except ImportError as missing:
    print(f"skipped: python3-h5py, python3-numpy and python3-pil are needed ({missing})")
    sys.exit(0)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PROGRAM, Program, main

LONG = bool(os.environ.get("QMTL_LONG"))


class Draft(Program):
    def drafted(self, table, *labels):
        """The data set of the description that is drafted, as {object: array}, and that description."""
        self.succeed("import", "--draft", table, "--out", "d.toml", "--overwrite", *[o for label in labels for o in ("--label", label)])
        self.succeed("import", "d.toml", "--out", "d.h5", "--overwrite", "--quiet")
        with h5py.File(self.path("d.h5")) as file:
            found = {}
            file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
        with open(self.path("d.toml")) as file:
            return found, file.read()

    def test_a_hundred_dialects_give_the_numbers_and_classes_that_were_written(self):
        source = random.Random(21)
        for number in range(1000 if LONG else 100):
            n = source.randrange(20, 60)
            columns = {"weight": [round(source.uniform(-5000, 5000), source.choice([1, 2, 3])) for _ in range(n)],
                       "age": [source.randrange(100) for _ in range(n)],
                       "größe": [source.uniform(-1, 1) for _ in range(n)],
                       "kind": [source.choice(["rot", "grün", "blau"]) for _ in range(n)]}
            columns["kind"][:3] = ["rot", "grün", "blau"]
            delimiter = source.choice([",", ";", "\t", "|", " "])
            decimal = source.choice([".", ","]) if delimiter not in ", " else "."
            thousands = source.choice(["", ".", " "]) if decimal == "," else ""
            codec = source.choice(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
            header, comment = source.random() < .8, source.choice(["", "# a remark, by hand; yes\n"])
            names, quote = list(columns), source.choice(["", '"'])

            def written(value):
                if isinstance(value, str):
                    return quote + value + quote
                text = f"{value:,}" if thousands and abs(value) >= 1000 else f"{value!r}"
                return text.replace(",", "T").replace(".", decimal).replace("T", thousands)

            gap = "   " if delimiter == " " else delimiter
            rows = [gap.join(written(v) for v in row) for row in zip(*columns.values())]
            text = comment + (gap.join(names) + "\n" if header else "") + "\n".join(rows) + "\n"
            self.write("t.csv", text.encode(codec))
            found, toml = self.drafted("t.csv", "kind" if header else "c4")
            case = f"{number}: {codec} {delimiter!r} {decimal} {thousands!r} {header}\n{text[:200]}\n{toml}"
            expected = np.array([columns[name] for name in names[:3]], "f8").T.astype("f4")
            np.testing.assert_array_equal(found["inputs/features"], expected, case)
            task = "kind" if header else "c4"
            classes = [name.decode() for name in found[f"tasks/{task}/classes"]]
            self.assertEqual([classes[int(i)] for i in found[f"tasks/{task}/labels"]], columns["kind"], case)

    def test_missing_cells_categories_ids_and_constants_are_told_apart(self):
        rows = [f"p{i:03},{i},{i % 7 if i % 5 else ''},{'NA' if i % 9 == 0 else i / 4},{'red' if i % 3 else 'blue'},same,,{'free text ' * 2}{i},{i % 2}"
                for i in range(90)]
        self.write("t.csv", "name,id,a,b,colour,unit,none,note,label\n" + "\n".join(rows) + "\n")
        found, toml = self.drafted("t.csv")
        self.assertIn("Taken as the label for its name", toml)
        for line in ("name: id-like", "a: whole number, 0 to 6, 7 different, 20 % missing", "11 % missing (NA)", "colour: 2 categories: blue (30), red (60)",
                     "unit: the same everywhere: same", "none: empty", "Left out: note", 'id = "name"'):
            self.assertIn(line, toml)
        names = [name.decode() for name in found["columns/features"]]
        self.assertEqual(names, ["a", "a.missing", "b", "b.missing", "colour=blue", "colour=red"])
        self.assertEqual(found["inputs/features"][:, 1].sum(), 18)
        self.assertEqual(found["inputs/features"][:, 3].sum(), 10)
        np.testing.assert_array_equal(found["tasks/label/labels"], [i % 2 for i in range(90)])

    def test_a_table_of_texts_takes_their_numbers_from_a_file_of_their_own(self):
        rows = [f"{'so long a text ' * 2}{i},{i % 2}" for i in range(60)]
        self.write("t.csv", "what is said/written,mood\n" + "\n".join(rows) + "\n")
        np.save(self.path("what is said_written.npy"), np.arange(120, dtype="f4").reshape(60, 2))
        found, toml = self.drafted("t.csv", "mood")
        self.assertIn("# tools/text_embeddings.py t.csv --column 'what is said/written' --out 'what is said_written.npy'", toml)
        np.testing.assert_array_equal(found["inputs/what is said_written"], np.arange(120).reshape(60, 2))

    def test_quantities_become_regressions_and_parts_a_split(self):
        self.write("t.csv", "x0,x1,x2,price,part\n" + "".join(f"{5 * i},{i * i},{i / 3},{i * 2.5},{['train', 'validation', 'test'][i % 3]}\n" for i in range(60)))
        found, toml = self.drafted("t.csv", "price")
        self.assertIn('columns = ["x0..x2"]', toml)
        np.testing.assert_array_equal(found["split"], [i % 3 for i in range(60)])
        np.testing.assert_array_equal(found["tasks/price/labels"], np.arange(60) * 2.5)

    def test_arff_archives_hdf5_and_folders(self):
        source = np.random.default_rng(22)
        self.write("t.arff", "@relation t\n@attribute a numeric\n@attribute 'b c' numeric\n@attribute y {no,yes}\n@data\n"
                   + "".join(f"{i * 3},{i / 2},{'yes' if i % 3 else 'no'}\n" for i in range(30)))
        found, _ = self.drafted("t.arff", "y")
        np.testing.assert_array_equal(found["inputs/features"], [[i * 3, i / 2] for i in range(30)])
        np.testing.assert_array_equal(found["tasks/y/labels"], [i % 3 > 0 for i in range(30)])
        x, y = source.normal(size=(30, 2, 3)), source.integers(0, 4, 30)
        y[:4] = range(4)
        np.savez_compressed(self.path("t.npz"), x=x, y=y, text=np.array(["a", "b"] * 15))
        found, _ = self.drafted("t.npz")
        np.testing.assert_array_equal(found["inputs/x"], x.astype("f4"))
        np.testing.assert_array_equal(found["tasks/y/labels"], y)
        with h5py.File(self.path("t.hdf5"), "w") as file:
            file["deep/er/x"], file["deep/goal"] = x.astype("f2"), source.normal(size=30)
            file["other"] = np.zeros(7)
            goal = file["deep/goal"][:]
        found, _ = self.drafted("t.hdf5", "goal")
        np.testing.assert_array_equal(found["inputs/x"], x.astype("f2").astype("f4"))
        np.testing.assert_array_equal(found["tasks/goal/labels"], goal.astype("f4"))
        for name in ("cat", "dog", "owl"):
            os.makedirs(self.path(f"pets/{name}"))
            for i in range(12):
                Image.fromarray(source.integers(0, 255, (6, 5), dtype="u1")).save(self.path(f"pets/{name}/{i}.png"))
        found, _ = self.drafted("pets/")
        self.assertEqual(found["inputs/picture"].shape, (36, 6, 5))
        self.assertEqual([name.decode() for name in found["tasks/class/classes"]], ["cat", "dog", "owl"])

    def test_what_cannot_be_drafted_is_one_clear_message(self):
        self.write("t.csv", "a,b,note\n" + "".join(f"{i % 3},{i},word number {i}\n" for i in range(2000)))
        self.refuse(2, ["--label", "no column \"aa\"", 'nearest is "a"'], "import", "--draft", "t.csv", "--label", "aa", "--out", "n.toml")
        self.refuse(2, ["--label", "note cannot be a label"], "import", "--draft", "t.csv", "--label", "note", "--out", "n.toml")
        self.refuse(2, ["expected --draft"], "import", "t.toml", "--label", "a")
        self.refuse(2, ["--draft"], "import")
        self.refuse(3, ["none.csv: no such file"], "import", "--draft", "none.csv")
        self.write("p.parquet", b"PAR1\x15\x04\x15\x10" + b"\0" * 30 + b"PAR1")
        self.refuse(3, ["a Parquet file", "qmtl.convert"], "import", "--draft", "p.parquet")
        self.write("empty.csv", "")
        self.refuse(3, ["at least one row"], "import", "--draft", "empty.csv")
        self.succeed("import", "--draft", "t.csv", "--out", "n.toml")
        self.refuse(2, ["n.toml", "--overwrite"], "import", "--draft", "t.csv", "--out", "n.toml")
        self.refuse(3, ["n.toml", "task"], "import", "n.toml")


class Progress(Program):
    def setUp(self):
        super().setUp()
        self.write("t.csv", "a,y\n" + "".join(f"{i},{i % 2}\n" for i in range(400000)))
        self.write("d.toml", 'file = "t.csv"\n[input.x]\ncolumns = ["a"]\n[task.y]\ncolumn = "y"\nkind = "binary"\n'
                             "[split]\nfractions = [0.7, 0.15, 0.15]\n")

    def test_a_log_gets_lines(self):
        run = self.succeed("import", "d.toml", "--overwrite", "--progress", "plain", "--progress-every", "0")
        lines = run.stderr.splitlines()
        self.assertRegex(lines[0], r"^reading t\.csv +\d+%  ETA 0:\d\d$")
        self.assertIn("writing d.h5", lines)
        self.assertNotIn("\r", run.stderr)
        for options in (["--progress", "off"], ["--quiet"], ["--progress", "plain"]):
            run = self.succeed("import", "d.toml", "--overwrite", *options)
            self.assertEqual(run.stderr, "", options)

    def test_a_terminal_gets_a_line_that_is_redrawn_and_cleared(self):
        master, slave = pty.openpty()
        child = subprocess.Popen([PROGRAM, "import", "d.toml", "--overwrite", "--progress", "line"], cwd=self.base, stdout=subprocess.DEVNULL, stderr=slave)
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(master, 4096):
                shown += piece
        except OSError:
            pass  # the terminal's other end is closed
        os.close(master)
        self.assertEqual(child.wait(), 0)
        self.assertIn(b"\rreading t.csv", shown)
        self.assertTrue(shown.endswith(b"\r\x1b[K"), shown[-80:])
        self.assertNotIn(b"\n", shown)


if __name__ == "__main__":
    main()
