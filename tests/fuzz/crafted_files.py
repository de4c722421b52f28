#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files that somebody made on purpose: right in form, their checksums put right afterwards, wrong in what they say.

Checkpoints, data sets, head files and the JSON of run folders are changed in their structure (values, shapes, types, names,
numbers of things) and read by every command that reads them. Each ends soon with a documented code, and what is accepted
predicts finite numbers. The same cases in every run: QMTL_FUZZ_CASES=FIRST:LAST runs others, QMTL_LONG=1 ten thousand of each.
"""

import hashlib
import json
import os
import random
import re
import shutil
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from harness import PROGRAM, Program, environment, main
from served import Served

try:
    import h5py
    import numpy
except ImportError:
    print("skipped: needs python3-h5py")
    sys.exit(0)

CODES = {0, 2, 3, 4, 75, 76}
SECONDS = 5  # of processor time
# What the standard library says of itself is no answer to anybody.
INTERNAL = re.compile(r"std::|_M_|bad_alloc|basic_string|filesystem error|fault of this program")
WHOLE = [0, 1, -1, 2, 15, 16, 255, 1000, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53, 2**63 - 1, -(2**63)]
REAL = [0.0, -0.0, 1.0, -1.0, 1e-320, 1e-30, 1e30, 3e38, 1e300, 1.7e308, float("nan"), float("inf"), -float("inf"), 0.5]
TEXTS = ["", " ", "x", "sum", "binary", "multiclass", "\x1b[2J", "a" * 300, "é", "../x", "a/b", ".", "0", "qmtl", "linear", "f1", "pauli"]


def cases(short):
    """Numbers of cases; of many it says how far it is, as a run that is stopped has seen those."""
    first, last = 0, 10000 if "QMTL_LONG" in os.environ else short
    if "QMTL_FUZZ_CASES" in os.environ:
        first, last = (int(number) for number in os.environ["QMTL_FUZZ_CASES"].split(":"))
    for number in range(first, last):
        if number > first and number % 500 == 0:
            print(f"up to case {number}", flush=True)
        yield number


class Hdf5Mutant:
    """Changes one to three things of an HDF5 file in place and keeps words for what it did."""

    def __init__(self, path, number):
        self.random = random.Random(number)
        self.said = []
        with h5py.File(path, "r+") as file:
            self.file = file
            for _ in range(self.random.choice((1, 1, 1, 2, 3))):
                objects = ["/"]
                file.visit(objects.append)
                try:
                    getattr(self, self.random.choice(("attribute", "attribute", "numbers", "numbers", "numbers", "shape", "kind", "name", "text")))(
                        self.random.choice(objects))
                except (AttributeError, TypeError, ValueError, OSError, KeyError, RuntimeError, OverflowError) as error:
                    self.said.append(f"(not possible: {error})")

    def attribute(self, at):
        """Most attributes are the root's."""
        at = self.random.choice(("/", at))
        attributes = self.file[at].attrs
        if not len(attributes):
            return
        name = self.random.choice(sorted(attributes))
        if name == "content_hash":
            return
        kind = self.random.randrange(10)
        if kind == 0:
            del attributes[name]
            value = "none"
        else:
            old = attributes[name]
            number = isinstance(old, (int, float, numpy.number))
            if kind == 1:
                value = numpy.zeros(self.random.choice((0, 2, 3)), "i8")
            elif kind == 2:
                value = self.random.choice(TEXTS)
            elif number and isinstance(old, (float, numpy.floating)):
                value = numpy.float64(self.random.choice(REAL))
            elif number:
                value = numpy.int64(self.random.choice(WHOLE + [int(old) + 1, int(old) - 1]))
            else:
                value = numpy.bytes_(self.random.choice(TEXTS).encode())
            attributes[name] = value
        self.said.append(f"{at} attribute {name} = {value!r}")

    def dataset(self, at):
        names = []
        self.file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        return at if at in names else self.random.choice(names)

    def write(self, at, values):
        attributes = dict(self.file[at].attrs)
        del self.file[at]
        made = self.file.create_dataset(at, data=values)
        for name, value in attributes.items():
            made.attrs[name] = value

    def numbers(self, at):
        at = self.dataset(at)
        values = self.file[at][...]
        if values.dtype.kind not in "fiu" or values.size == 0:
            return self.text(at)
        flat = values.reshape(-1)
        chosen = self.random.choice(REAL if values.dtype.kind == "f" else [v for v in WHOLE if numpy.iinfo(values.dtype).min <= v <= numpy.iinfo(values.dtype).max])
        place = slice(None) if self.random.random() < 0.3 else self.random.randrange(flat.size)
        flat[place] = chosen
        self.file[at][...] = values
        self.said.append(f"{at}[{place}] = {chosen}")

    def shape(self, at):
        at = self.dataset(at)
        values = self.file[at][...]
        ways = [lambda v: v[:-1], lambda v: v[:0], lambda v: numpy.concatenate([v, v]), lambda v: v.reshape(-1), lambda v: v[None], lambda v: v.T,
                lambda v: v[..., None], lambda v: v.reshape(-1)[0], lambda v: v[:1], lambda v: numpy.zeros((1,) * 9, v.dtype)]
        values = self.random.choice(ways)(values)
        self.write(at, values)
        self.said.append(f"{at} has the shape {values.shape}")

    def kind(self, at):
        at = self.dataset(at)
        values = self.file[at][...]
        kind = self.random.choice(("f2", "f4", "f8", ">f8", "i1", "u1", "i8", "u8", "S3", "c8", "bool", "record", "vlen", "empty"))
        if kind == "record":
            values = numpy.zeros(values.shape, [("a", "f4"), ("b", "i4")])
        elif kind == "empty":
            values = h5py.Empty("f8")
        elif kind == "vlen":
            values = numpy.array(["text"] * max(1, values.size), object)
        else:
            with numpy.errstate(all="ignore"):
                values = values.astype(kind) if values.dtype.kind in "fiu" else numpy.zeros(values.shape, kind)
        self.write(at, values)
        self.said.append(f"{at} is of the type {kind}")

    def name(self, at):
        if at == "/":
            return
        kind = self.random.randrange(6)
        other = self.random.choice(TEXTS[2:]).replace("/", "") or "x"
        parent = at.rpartition("/")[0]
        if kind == 0:
            del self.file[at]
        elif kind == 1:
            self.file.move(at, (parent + "/" + other) if parent else other)
        elif kind == 2:
            self.file[parent + "/" + other if parent else other] = self.file[at]
        elif kind == 3:
            self.file[at + "-soft"] = h5py.SoftLink(self.random.choice(("/", "/nothing", at + "-soft", "/" + at)))
        elif kind == 4:
            del self.file[at]
            self.file.create_group(at)
        else:
            self.file.copy(at, at + "2")
        self.said.append(f"{at}: {('removed', 'renamed ' + other, 'also called ' + other, 'a soft link', 'a group', 'twice')[kind]}")

    def text(self, at):
        """A value of the configuration in a checkpoint, or one of a list of texts."""
        texts = [name for name in ("config", "ids", "classes", "columns") if name in self.file]
        self.file.visititems(lambda name, item: texts.append(name) if isinstance(item, h5py.Dataset) and item.dtype.kind in "OS" else None)
        if not texts:
            return
        at = self.random.choice(texts)
        values = [v.decode() if isinstance(v, bytes) else str(v) for v in numpy.atleast_1d(self.file[at][...]).reshape(-1)]
        if not values:
            return
        place = self.random.randrange(len(values))
        lines = values[place].split("\n")
        keys = [i for i, line in enumerate(lines) if "=" in line]
        if keys:
            i = self.random.choice(keys)
            old = lines[i].partition("=")[2].strip()
            if old.startswith('"'):
                new = json.dumps(self.random.choice(TEXTS))
            elif old.startswith("["):
                new = self.random.choice(("[]", "[1, 2, 3]", "[[0, 1]]", '["ry"]', "[0.5]", "[1000000]"))
            else:
                new = str(self.random.choice(WHOLE + [v for v in REAL if v == v and abs(v) < 1e308] + ["true", "false", "nan", "inf"]))
            lines[i] = lines[i].partition("=")[0] + "= " + new if self.random.random() < 0.9 else ""
            self.said.append(f"{at}: {lines[i]}")
            values[place] = "\n".join(lines)
        else:
            values[place] = self.random.choice(TEXTS)
            self.said.append(f"{at}[{place}] = {values[place]!r}")
        self.write(at, numpy.array([v.encode() for v in values]))


class JsonMutant:
    """One value of a JSON text becomes another, is removed, or comes twice."""

    def __init__(self, text, number):
        self.random = random.Random(number)
        self.root = json.loads(text)
        for _ in range(self.random.choice((1, 1, 2))):
            places = []
            self.collect(self.root, places)
            if places:
                self.change(*self.random.choice(places))

    def collect(self, node, places):
        for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            places.append((node, key))
            self.collect(node[key], places)

    def change(self, node, key):
        kind = self.random.randrange(8)
        if kind == 0:
            del node[key]
        elif kind == 1 and isinstance(node, list):
            node.insert(0, node[key])
        else:
            node[key] = self.random.choice((self.random.choice(WHOLE), self.random.choice([v for v in REAL if abs(v) < 1e999]), self.random.choice(TEXTS), None,
                                            True, [], {}, [[]], {"a": 1}, 10**30, -0.5, [self.random.choice(WHOLE)] * 3))


class CraftedFiles(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for arguments in (("train", "train.toml", "--quiet", "--set", "train.epochs=1"),
                          ("export", "run", "--to", "edge", "--out", "head.qmh"),
                          ("replay", "run", "run", "--endpoint", "exact", "--shots", "20", "--replicates", "10", "--samples", "4")):
            cls.must(*arguments)
        cls.write("new.csv", "a0,a1,a2,a3,a4,a5\n1,2,3,4,5,6\n-1,0,0,0,2,1\n")
        cls.served = Served(PROGRAM, cls.base, environment({"ASAN_OPTIONS": "detect_leaks=0"}))
        cls.addClassCleanup(cls.served.close)

    def ends(self, what, *arguments):
        """Exit code and words of a command, which ends as it may."""
        code, said, seconds = self.served.run(*arguments)
        shown = f"{what}\nqmtl {' '.join(arguments)}\n{said[-3000:]}"
        self.assertIn(code, CODES, shown)
        self.assertLessEqual(seconds, SECONDS, shown)
        self.assertIsNone(INTERNAL.search(said), shown)
        self.assertNotIn("AddressSanitizer", said, shown)
        self.assertNotIn("runtime error:", said, shown)
        self.assertNotIn("\x1b", said, shown)
        return code, said

    def settle_hashes(self, what, path, *command):
        """Puts the checksums right that the refusal names; whether the file is accepted."""
        for _ in range(4):
            code, said = self.ends(what, *command)
            hashes = re.search(r"(content|run|data set's|dataset)? ?hash\W.*?expected ([0-9a-f]{64}), found ([0-9a-f]{64})", said, re.S)
            if code == 0 or not hashes:
                return code == 0
            with h5py.File(self.path(path), "r+") as file:
                for name, value in list(file.attrs.items()):
                    if isinstance(value, bytes) and value.decode(errors="replace") == hashes[2]:
                        file.attrs[name] = numpy.bytes_(hashes[3].encode())
        return False

    def check_finite(self, what, file):
        rows = self.read(file).decode().splitlines()[1:]
        for row in rows:
            for cell in row.split(","):
                self.assertNotIn(cell.lower().strip("-+"), ("nan", "inf", "infinity"), f"{what}\n{row}")

    def test_checkpoints(self):
        good = self.path("run/checkpoints/best.h5")
        shutil.copytree(self.path("run"), self.path("resumed"))
        accepted = 0
        for number in cases(25):
            with self.subTest(case=number):
                shutil.copy(good, self.path("crafted.h5"))
                mutant = Hdf5Mutant(self.path("crafted.h5"), number)
                what = f"checkpoint {number}: {'; '.join(mutant.said)}"
                chosen = random.Random(number).randrange(6)
                if self.settle_hashes(what, "crafted.h5", "inspect", "crafted.h5"):
                    accepted += 1
                    chosen = None
                if chosen in (None, 0):
                    self.ends(what, "eval", "crafted.h5")
                if chosen in (None, 1) and self.ends(what, "predict", "crafted.h5", "new.csv", "--out", "p.csv", "--overwrite")[0] == 0:
                    self.check_finite(what, "p.csv")
                form = random.Random(number).choice(("qasm3", "qasm2", "ionq", "edge", "c", "onnx", "circuit"))
                if chosen in (None, 2):
                    self.ends(what, "export", "crafted.h5", "--to", form, "--out", "exported", "--overwrite")
                if chosen in (None, 3):
                    self.ends(what, "report", "crafted.h5", "--out", "r.html")
                if chosen in (None, 4):
                    for name in os.listdir(self.path("resumed/checkpoints")):
                        if name.endswith(".h5"):
                            os.remove(self.path("resumed/checkpoints/" + name))
                    shutil.copy(self.path("crafted.h5"), self.path("resumed/checkpoints/last.h5"))
                    self.ends(what, "train", "train.toml", "--resume", "--quiet", "--set", "run.folder=resumed", "--set", "train.epochs=2")
                if chosen in (None, 5):
                    self.ends(what, "replay", "plan", "crafted.h5", "--endpoint", "exact", "--folder", "no-replay")
        print(f"{accepted} crafted checkpoints were accepted and used")

    def test_data_sets(self):
        accepted = 0
        for number in cases(25):
            with self.subTest(case=number):
                shutil.copy(self.path("tiny.h5"), self.path("crafted.h5"))
                mutant = Hdf5Mutant(self.path("crafted.h5"), number)
                what = f"data set {number}: {'; '.join(mutant.said)}"
                with h5py.File(self.path("crafted.h5"), "r+") as file:
                    file.attrs.pop("hash", None)
                if self.ends(what, "inspect", "crafted.h5")[0] == 0:
                    accepted += 1
                self.ends(what, "eval", "run", "--data", "crafted.h5")
                self.ends(what, "train", "train.toml", "--quiet", "--overwrite", "--set", "data.file=crafted.h5", "--set", "train.epochs=1", "--set",
                          "run.folder=of-crafted")
                if self.ends(what, "predict", "run", "crafted.h5", "--out", "p.csv", "--overwrite")[0] == 0:
                    self.check_finite(what, "p.csv")
        print(f"{accepted} crafted data sets were accepted and used")

    def test_head_files(self):
        good = self.read("head.qmh")
        accepted = 0
        for number in cases(25):
            choice = random.Random(number)
            words = list(struct.unpack(f"<{len(good) // 4}I", good))
            for _ in range(choice.choice((1, 1, 2, 4))):
                place = choice.randrange(4, 64 if choice.random() < 0.6 else len(words))
                words[place] = choice.choice((0, 1, words[place] + 1 & 0xFFFFFFFF, words[place] ^ 1 << choice.randrange(32), 0xFFFFFFFF, 0x7FFFFFFF, 0x7FC00000, 1 << 16))
            data = bytearray(struct.pack(f"<{len(words)}I", *words))
            data[12:16] = struct.pack("<I", zlib.crc32(data[16:], zlib.crc32(data[:12])))
            self.write("crafted.qmh", bytes(data))
            with self.subTest(case=number):
                accepted += self.ends(f"head file {number}", "inspect", "crafted.qmh", "--json")[0] == 0
        print(f"{accepted} crafted head files were accepted")

    def journal(self, lines):
        """Lines with checks that fit, each over the one before."""
        def text(value):
            return struct.pack("<Q", len(value)) + value

        check, out = b"", ""
        for line in lines:
            line.pop("check", None)
            dumped = json.dumps(line, separators=(",", ":"), ensure_ascii=False)
            check = hashlib.sha256(text(check) + text(dumped.encode())).hexdigest()[:16].encode()
            out += json.dumps({**line, "check": check.decode()}, separators=(",", ":"), ensure_ascii=False) + "\n"
        return out

    def test_a_replays_plan_has_as_many_numbers_of_shots_as_programs(self):
        shutil.copytree(self.path("run"), self.path("planned"))
        plan = json.loads(self.read("planned/replay/exact/plan.json"))
        for shots in ([], plan["shots"][:-1], plan["shots"] + [20]):
            self.write("planned/replay/exact/plan.json", json.dumps({**plan, "shots": shots}))
            code, said = self.ends(f"shots {shots}", "replay", "fetch", "planned/replay/exact")
            self.assertEqual(code, 3, said)
            self.assertIn(f"plan.json: shots: expected {len(plan['shots'])} numbers", said)

    def test_json_of_run_folders(self):
        shutil.copytree(self.path("run"), self.path("told"))
        names = ["status.json", "metrics.jsonl", "environment.jsonl", "restarts.jsonl", "owner.json", "checkpoints/manifest.json", "replay/exact/journal.jsonl",
                 "replay/exact/request.json", "replay/exact/plan.json", "replay/exact/replay.json"]
        self.write("told/owner.json", json.dumps({"format": "qmtl-owner", "version": 1, "host": "h", "process": 1, "since": "2020-01-01T00:00:00Z"}))
        names = [name for name in names if os.path.exists(self.path("told/" + name))]
        result = next(iter(os.listdir(self.path("told/replay/exact/results"))))
        names.append("replay/exact/results/" + result)
        whole = {name: self.read("told/" + name).decode() for name in names}
        # What the reader finds must be what is written here.
        self.assertEqual(self.journal([json.loads(line) for line in whole["replay/exact/journal.jsonl"].splitlines()]), whole["replay/exact/journal.jsonl"])
        for number in cases(25):
            choice = random.Random(number)
            name = choice.choice(names)
            if name.endswith(".jsonl"):
                lines = whole[name].splitlines()
                at = choice.randrange(len(lines))
                lines[at] = json.dumps(JsonMutant(lines[at], number).root)
                if choice.random() < 0.3:
                    lines.insert(at, choice.choice(lines))
                text = "\n".join(lines) + "\n"
                if "journal" in name:
                    try:
                        text = self.journal([json.loads(line) for line in lines])
                    except AttributeError:
                        pass
            else:
                text = json.dumps(JsonMutant(whole[name], number).root)
            self.write("told/" + name, text.encode("utf-8", "surrogatepass"))
            what = f"{name} {number}: {text[:1500]}"
            with self.subTest(case=number):
                if "replay" in name:
                    self.ends(what, "replay", "status", "told/replay/exact")
                    self.ends(what, "replay", "fetch", "told/replay/exact")
                    self.ends(what, "report", "told/replay/exact", "--out", "r.html")
                else:
                    self.ends(what, "watch", "told", "--once")
                    self.ends(what, "report", "told", "--out", "r.html")
                    self.ends(what, "train", "train.toml", "--resume", "--quiet", "--set", "run.folder=told", "--set", "train.epochs=1")
            for restored, content in whole.items():
                self.write("told/" + restored, content)


if __name__ == "__main__":
    main()
