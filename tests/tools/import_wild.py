#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Forty files as people have them, each imported by a description of at most six lines: the data set has the bits of the one
from a clean CSV, so that predictions are the same. The tables are real ones where they are beside the repository
(../shared/data/raw), else of the same shape; csv, numpy, h5py and Pillow write the wild forms."""

import csv
import gzip
import io
import json
import os
import pathlib
import random
import struct
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
from harness import Program, main

RAW = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data" / "raw"
ROWS = 300


def real(path, encoding="utf-8"):
    file = RAW / path
    if not file.exists():
        return None
    with open(file, newline="", encoding=encoding) as opened:
        rows = list(csv.reader(opened))
    return rows[0], rows[1:ROWS + 1]


def heart():
    """Numbers alone: 21 measures of a heart and its state."""
    if table := real("ctg/ctg.csv"):
        return table
    source = random.Random(1)
    return ([f"m{i}" for i in range(21)] + ["FHR_CLASS", "NSP"],
            [[f"{source.uniform(0, 200):.{source.randrange(1, 17)}f}" for _ in range(21)] + [f"{source.randrange(1, 4)}.0" for _ in range(2)] for _ in range(ROWS)])


def people():
    """Numbers, categories, an id, a patient of several rows."""
    if table := real("nih_cxr14_1000/labels.csv"):
        names, rows = table
    else:
        source = random.Random(2)
        names = ["row", "image", "repo_split", "patient_split", "patient_id", "age", "sex", "view", "any_finding", "Mass", "Nodule"]
        rows = [[str(i), f"{i // 3:08}_{i % 3}.png", "train", source.choice(["train", "val", "test"]), str(i // 3), str(source.randrange(90)),
                 source.choice("MF"), source.choice(["PA", "AP"])] + [source.choice("01") for _ in range(3)] for i in range(ROWS)]
    words = {"M": "männlich", "F": "weiblich"}
    at = {name: i for i, name in enumerate(names)}
    for number, row in enumerate(rows):
        row[at["sex"]] = words[row[at["sex"]]]
        row[at["age"]] = "" if number % 11 == 5 else row[at["age"]]
    return names, rows


def talk():
    """Texts with commas, quotes and line ends beside numbers and labels."""
    if table := real("mustard_ext/mustard_ext_utterances.csv"):
        names, rows = table
    else:
        source = random.Random(3)
        names = ["id", "fold", "show", "speaker", "sarcasm", "sentiment_implicit", "sentiment_explicit", "utterance", "context"]
        rows = [[f"1_{i}", str(i % 5), source.choice(["BBT", "FRIENDS"]), "X", source.choice("01"), source.choice(["-1", "0", "1"]),
                 source.choice(["-1", "0", "1"]), "It's \"fine\", really – yes.", "a | b"] for i in range(ROWS)]
    at = {name: i for i, name in enumerate(names)}
    for number, row in enumerate(rows):
        row[at["context"]] += "\nand, so; on" if number % 5 == 0 else ""
    return names, rows


def money():
    """Large and small amounts."""
    source = random.Random(4)
    return (["price", "rent", "rooms", "sold"],
            [[f"{source.uniform(100, 9e6):.2f}", f"{-source.uniform(0, 5000):.1f}", str(source.randrange(1, 9)), str(source.randrange(2))] for _ in range(ROWS)])


TABLES = {"heart": heart(), "people": people(), "talk": talk(), "money": money()}
HEART = [name for name in TABLES["heart"][0][:21]]
# Three lines besides the file's and those of its dialect.
TAIL = {
    "heart": [f"input.x = {{ columns = {json.dumps(HEART)} }}", 'task.state = { column = "NSP", kind = "multiclass" }', "split.fractions = [0.7, 0.15, 0.15]"],
    "people": ['input.x = { columns = ["age", "sex", "view"], one_hot = ["sex", "view"], missing = "median" }',
               'task.ill = { column = "any_finding", kind = "binary" }', "split.fractions = [0.7, 0.15, 0.15]"],
    "talk": ['input.x = { columns = ["fold", "sentiment_implicit", "sentiment_explicit"] }', 'task.sarcasm = { column = "sarcasm", kind = "binary" }',
             'split = { fractions = [0.7, 0.15, 0.15], stratify = "sarcasm" }'],
    "money": ['input.x = { columns = ["price", "rent", "rooms"] }', 'task.sold = { column = "sold", kind = "binary" }', "split.fractions = [0.7, 0.15, 0.15]"],
}


def text(table, *, delimiter=",", end="\n", quote=csv.QUOTE_MINIMAL, header=True):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quote)
    if header:
        writer.writerow(table[0])
    writer.writerows(table[1])
    return out.getvalue()


def mapped(table, change, columns=None):
    """The table with `change` of its cells."""
    names, rows = table
    return names, [[change(cell) if columns is None or names[c] in columns else cell for c, cell in enumerate(row)] for row in rows]


def with_columns(table, names, make):
    return table[0] + names, [row + make(number) for number, row in enumerate(table[1])]


def comma(cell):
    return cell.replace(".", ",")


def grouped(cell, sign, decimal):
    whole, dot, rest = cell.partition(".")
    return f"{int(whole):,}".replace(",", sign) + (decimal + rest if dot else "")


def aligned(table):
    return "\n".join("  " + "   ".join(f"{cell:>12}" for cell in row) for row in [table[0], *table[1]]) + "\n"


def with_lines(whole, *, every, line):
    lines = whole.split("\n")
    return "\n".join(piece for i, l in enumerate(lines) for piece in ([line, l] if i % every == 1 else [l]))


def arff(table, sparse=False):
    names, rows = table
    head = "% measured\n@RELATION heart\n" + "".join(f"@ATTRIBUTE '{name}' NUMERIC\n" for name in names) + "@DATA\n"
    if not sparse:
        return head + "".join(",".join(row) + "\n" for row in rows)
    return head + "".join("{" + ", ".join(f"{i} {cell}" for i, cell in enumerate(row) if float(cell) != 0) + "}\n" for row in rows)


def csv_forms():
    """(name, table, bytes or text, lines of the dialect, replaced tail or None)"""
    heart, people, talk, money = (TABLES[name] for name in ("heart", "people", "talk", "money"))
    plain = text(heart)
    bool_word = lambda cell: {"0": "False", "1": "True"}[cell]
    yes_word = lambda cell: {"0": "no", "1": "yes"}[cell]
    yield "semicolons", "heart", text(heart, delimiter=";"), ['delimiter = ";"'], None
    yield "tabs", "talk", text(talk, delimiter="\t"), ['delimiter = "\\t"'], None
    yield "pipes", "heart", text(heart, delimiter="|"), ['delimiter = "|"'], None
    yield "columns of blanks", "heart", aligned(heart), ['delimiter = "whitespace"'], None
    yield "decimal commas", "heart", text(mapped(heart, comma), delimiter=";"), ['delimiter = ";"', 'decimal = ","'], None
    yield "decimal commas in quotes", "heart", text(mapped(heart, comma, HEART), quote=csv.QUOTE_ALL), ['decimal = ","'], None
    yield "points between thousands", "money", text(mapped(money, lambda c: grouped(c, ".", ","), ["price", "rent"])), \
        ['decimal = ","', 'thousands = "."'], None
    yield "commas between thousands", "money", text(mapped(money, lambda c: grouped(c, ",", "."), ["price", "rent"])), ['thousands = ","'], None
    yield "blanks between thousands", "money", text(mapped(money, lambda c: grouped(c, " ", "."), ["price", "rent"])), ['thousands = " "'], None
    yield "UTF-16 with its mark", "people", text(people).encode("utf-16"), ['encoding = "utf-16"'], None
    yield "UTF-16 big-endian", "people", text(people).encode("utf-16-be"), ['encoding = "utf-16be"'], None
    yield "UTF-8 with a mark", "people", text(people).encode("utf-8-sig"), [], None
    yield "Latin-1", "people", text(people).encode("latin-1"), ['encoding = "latin-1"'], None
    yield "Windows-1252 and CRLF", "people", text(people, end="\r\n", delimiter=";").encode("cp1252"), ['encoding = "windows-1252"', 'delimiter = ";"'], None
    yield "gzip", "talk", gzip.compress(text(talk).encode()), [], None
    yield "gzip of UTF-16", "people", gzip.compress(text(people).encode("utf-16")), ['encoding = "utf-16"'], None
    yield "comments", "heart", "# by hand\n#\n" + with_lines(plain, every=7, line="# a remark, with a comma"), ['comment = "#"'], None
    yield "comments behind rows", "heart", "".join(line + " // seen\n" for line in plain.splitlines()), ['comment = "//"'], None
    yield "blank lines", "heart", with_lines(plain, every=3, line="") + "\n\n", [], None
    yield "delimiters behind rows", "heart", plain.split("\n")[0] + "\n" + "".join(line + ",\n" for line in plain.splitlines()[1:]), [], None
    yield "delimiters behind all lines", "heart", "".join(line + ";\n" for line in text(heart, delimiter=";").splitlines()), ['delimiter = ";"'], None
    yield "everything in quotes", "talk", text(talk, quote=csv.QUOTE_ALL), [], None
    yield "blanks around cells and quotes", "people", "\n".join(" , ".join(f'"{c}" ' for c in row) for row in [people[0], *people[1]]), [], None
    yield "line ends of Windows", "talk", text(talk, end="\r\n"), [], None
    yield "line ends of old Macs", "heart", plain.replace("\n", "\r"), [], None
    yield "no end of the last line", "heart", plain.rstrip("\n"), [], None
    yield "no header", "heart", text(heart, header=False), ["header = false", f"columns = {json.dumps(heart[0])}"], None
    yield "numbers for names", "heart", plain, [], [f'input.x = {{ columns = ["1..21"] }}', TAIL["heart"][1].replace('"NSP"', "23"), TAIL["heart"][2]]
    yield "exponents", "heart", text(mapped(heart, lambda c: f"{float(c):.17e}", HEART)), [], None
    yield "plus signs", "heart", text(mapped(heart, lambda c: c if c.startswith("-") else "+" + c, HEART)), [], None
    yield "names that come twice", "heart", text(with_columns(heart, ["note", "note", ""], lambda i: [str(i), "", "x"])), [], None
    shuffled = random.Random(5).sample(range(len(heart[0])), len(heart[0]))
    yield "columns in another order", "heart", text(([heart[0][i] for i in shuffled], [[row[i] for i in shuffled] for row in heart[1]])), [], None
    yield "words for missing cells", "people", text(mapped(people, lambda c: c or "N/A", ["age"])), [], \
        [TAIL["people"][0].replace(" }", ', missing_texts = ["N/A"] }'), *TAIL["people"][1:]]
    yield "question marks for missing cells", "people", text(mapped(people, lambda c: c or "?", ["age"])), [], \
        [TAIL["people"][0].replace(" }", ', missing_texts = ["?"] }'), *TAIL["people"][1:]]
    yield "NaN for missing cells", "people", text(mapped(people, lambda c: c or "NaN", ["age"])), [], None
    yield "True and False", "people", text(mapped(people, bool_word, ["any_finding"])), [], None
    yield "yes and no", "people", text(mapped(people, yes_word, ["any_finding"])), [], \
        [TAIL["people"][0], TAIL["people"][1].replace(" }", ', classes = ["no", "yes"] }'), TAIL["people"][2]]
    doubled = people[0] + ["quality"], [row + [quality] for row in people[1] for quality in ("good", "bad")]
    yield "rows to leave out", "people", text(doubled), ['rows.drop = { quality = ["bad"] }'], None
    sparse_labels = people[0], [row for number, one in enumerate(people[1])
                                for row in ([one] if number % 3 else [["" if name == "any_finding" else c for name, c in zip(people[0], one)], one])]
    yield "rows without labels", "people", text(sparse_labels), [], None
    yield "ARFF", "heart", arff(heart), [], None
    yield "sparse ARFF", "heart", arff(heart, sparse=True), [], None


class Wild(Program):
    def hash_of(self, description, name="wild"):
        self.write(f"{name}.toml", description)
        run = self.succeed("import", f"{name}.toml", "--out", f"{name}.h5", "--overwrite", "--json")
        return json.loads(run.stdout)["hash"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clean = {}

    def clean_hash(self, table):
        if table not in self.clean:
            self.write(f"{table}.csv", text(TABLES[table]))
            self.clean[table] = self.hash_of("\n".join([f'file = "{table}.csv"', *TAIL[table]]), table)
        return self.clean[table]

    def check(self, name, table, lines):
        count = sum(bool(line.strip()) for part in lines for line in part.split("\n"))
        self.assertLessEqual(count, 6, name)
        with self.subTest(name):
            self.assertEqual(self.hash_of("\n".join(lines)), self.clean_hash(table), name)

    def test_tables_in_forty_forms_are_the_clean_table(self):
        forms = list(csv_forms())
        self.assertGreaterEqual(len(forms), 40)
        for name, table, content, dialect, tail in forms:
            self.write("wild.txt", content.encode() if isinstance(content, str) else content)
            self.check(name, table, ['file = "wild.txt"', *dialect, *(tail or TAIL[table])])

    def test_arrays_are_the_clean_table(self):
        names, rows = TABLES["heart"]
        x = np.array([row[:21] for row in rows], "f8")
        state = np.array([row[names.index("NSP")] for row in rows], "f8")
        tail = TAIL["heart"][1:]
        np.savez(self.path("a.npz"), x=x, NSP=state.astype("i2"))
        np.savez_compressed(self.path("z.npz"), x=x, NSP=state)
        np.save(self.path("x.npy"), x)
        np.save(self.path("y.npy"), state.astype("U3"))
        with open(self.path("x.idx"), "wb") as file:
            file.write(gzip.compress(struct.pack(">BBBBII", 0, 0, 14, 2, *x.shape) + x.astype(">f8").tobytes()))
        with h5py.File(self.path("packed.h5"), "w") as file:
            file.create_dataset("g/x", data=x.astype(">f8"), compression="gzip", shuffle=True, chunks=(7, 5))
            file["g/NSP"] = state.astype("u1")[:, None]
        with h5py.File(self.path("block.h5"), "w", userblock_size=1024) as file:
            file["x"], file["NSP"] = x, np.array([str(int(s)) for s in state], dtype=object)
        with h5py.File(self.path("part.h5"), "w") as file:
            file["x"] = x
        with h5py.File(self.path("linked.h5"), "w") as file:
            layout = h5py.VirtualLayout(shape=x.shape, dtype="f8")
            layout[:] = h5py.VirtualSource("part.h5", "x", shape=x.shape)
            file.create_virtual_dataset("x", layout)
            file["NSP"] = state
        for name, source, labels in (("NPZ", 'file = "a.npz", dataset = "x"', 'file = "a.npz", dataset = "NSP"'),
                                     ("packed NPZ", 'file = "z.npz", dataset = "x"', 'file = "z.npz", dataset = "NSP"'),
                                     ("NPY and texts", 'file = "x.npy"', 'file = "y.npy"'),
                                     ("packed IDX", 'file = "x.idx"', 'file = "y.npy"'),
                                     ("packed HDF5", 'file = "packed.h5", dataset = "g/x"', 'file = "packed.h5", dataset = "g/NSP"'),
                                     ("HDF5 behind a user block", 'file = "block.h5", dataset = "x"', 'file = "block.h5", dataset = "NSP"'),
                                     ("a virtual data set", 'file = "linked.h5", dataset = "x"', 'file = "linked.h5", dataset = "NSP"')):
            self.check(name, "heart", [f"input.x = {{ {source} }}", f"column.NSP = {{ {labels} }}", *tail])

    def test_labels_in_another_table_are_the_clean_table(self):
        names, rows = TABLES["people"]
        at = {name: i for i, name in enumerate(names)}
        self.write("inputs.csv", text((names[:at["any_finding"]], [row[:at["any_finding"]] for row in rows])))
        labels = [[row[at["image"]], row[at["any_finding"]]] for row in rows]
        random.Random(6).shuffle(labels)
        self.write("labels.csv", text((["file", "any_finding"], labels), delimiter=";"))
        self.check("a second table", "people", ['file = "inputs.csv"',
                                                'join.labels = { file = "labels.csv", delimiter = ";", key = ["image", "file"] }', *TAIL["people"]])

    def test_pictures_are_the_same_in_every_container(self):
        source = np.random.default_rng(7)
        pictures = source.integers(0, 256, (24, 5, 6), dtype="u1")

        def write(folder, ending, how):
            for i, picture in enumerate(pictures):
                path = pathlib.Path(self.path(f"{folder}/{'cat' if i % 2 else 'dog'}/{i:02}.{ending}"))
                path.parent.mkdir(parents=True, exist_ok=True)
                how(picture, path)

        def netpbm(picture, path):
            path.write_text("P2\n# by hand\n6 5\n255\n" + "\n".join(" ".join(map(str, row)) for row in picture) + "\n")

        def deep(picture, path):
            path.write_bytes(b"P5 6 5 65535\n" + (picture.astype(">u2") * 257).tobytes())

        write("png", "png", lambda picture, path: Image.fromarray(picture).save(path))
        write("pgm", "pgm", lambda picture, path: Image.fromarray(picture).save(path))
        write("text", "pgm", netpbm)
        write("deep", "pgm", deep)
        write("palette", "png", lambda picture, path: Image.fromarray(np.stack([picture] * 3, -1)).save(path))
        write("ppm", "ppm", lambda picture, path: Image.fromarray(np.stack([picture] * 3, -1)).save(path))
        tail = ['task.pet = { column = "class", kind = "binary", classes = ["cat", "dog"] }', "split.fractions = [0.5, 0.25, 0.25]"]
        expected = self.hash_of("\n".join(['input.x = { images = "png" }', *tail]), "pictures")
        for folder in ("pgm", "text", "deep", "palette", "ppm"):
            with self.subTest(folder):
                self.assertEqual(self.hash_of("\n".join([f'input.x = {{ images = "{folder}", grey = true }}', *tail])), expected)

    def test_predictions_are_those_of_the_clean_table(self):
        self.clean_hash("heart")
        names, rows = TABLES["heart"]
        self.write("wild.txt", text(mapped((names, rows), comma), delimiter=";").encode("utf-16"))
        self.assertEqual(self.hash_of("\n".join(['file = "wild.txt"', 'delimiter = ";"', 'decimal = ","', *TAIL["heart"]])), self.clean["heart"])
        self.write("train.toml", '[data]\nfile = "heart.h5"\n[circuit]\nqubits = 4\n[train]\nepochs = 1\n[run]\nfolder = "run"\n')
        self.succeed("train", "train.toml", "--overwrite", "--quiet")
        for name in ("heart", "wild"):
            self.succeed("predict", "run", f"{name}.h5", "--out", f"{name}-predictions.csv", "--overwrite", "--quiet")
        self.assertEqual(self.read("heart-predictions.csv"), self.read("wild-predictions.csv"))


if __name__ == "__main__":
    main()
