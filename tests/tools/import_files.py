#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Importing arrays and pictures: what numpy and Pillow wrote is what h5py reads back from the data set."""

import gzip
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

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

N = 12
SPLIT = '[split]\nfractions = [0.5, 0.25, 0.25]\n'
TASK = '[task.digit]\nkind = "multiclass"\ncolumn = "digit"\n'
IDX_TYPES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def npy(array, version=(1, 0)):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


def idx(array):
    kind = array.dtype.str[1:]
    header = struct.pack(">BBBB", 0, 0, IDX_TYPES[kind], array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(">" + kind).tobytes()


class Import(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = np.random.default_rng(7)
        cls.labels = np.arange(N, dtype="i8") % 3
        cls.write("labels.npy", npy(cls.labels))

    def imported(self, description, **options):
        """The data set that a description makes: {object: array}, and what `import --json` says."""
        self.write("d.toml", description)
        said = json.loads(self.succeed("import", "d.toml", "--out", "d.h5", "--overwrite", "--json", **options).stdout)
        with h5py.File(self.path("d.h5")) as file:
            found = {}
            file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
        return found, said

    def refuse_import(self, code, fragments, description):
        self.write("bad.toml", description)
        self.refuse(code, fragments, "import", "bad.toml", "--out", "never.h5")
        self.assertFalse(os.path.exists(self.path("never.h5")))

    def description(self, inputs, columns='[column.digit]\nfile = "labels.npy"\n', tasks=TASK):
        return inputs + columns + tasks + SPLIT

    def test_every_type_of_npy_becomes_the_same_numbers(self):
        for kind in ("f2", "f4", "f8", "u1", "i1", "i2", "i4", "i8"):
            for version in ((1, 0), (2, 0)):
                with self.subTest(kind=kind, version=version):
                    values = self.random.normal(0, 40, (N, 3, 2))
                    array = (np.abs(values) if kind == "u1" else values).astype("<" + kind)
                    self.write("x.npy", npy(array, version))
                    found, said = self.imported(self.description('[input.x]\nfile = "x.npy"\n'))
                    np.testing.assert_array_equal(found["inputs/x"], array.astype("f4"))
                    self.assertEqual(said["inputs"]["x"], {"shape": [3, 2], "width": 6})
                    np.testing.assert_array_equal(found["tasks/digit/labels"], self.labels)

    def test_special_halves_and_a_shape_of_ones_own(self):
        halves = np.array([0, -0.0, 6e-8, 6.1e-5, 65504, -1.5] * 2, dtype="<f2").reshape(N, 1)
        self.write("x.npy", npy(np.repeat(halves, 4, axis=1)))
        found, said = self.imported(self.description('[input.x]\nfile = "x.npy"\nshape = [2, 2]\n'))
        np.testing.assert_array_equal(found["inputs/x"][:, 0, 0], halves[:, 0].astype("f4"))
        self.assertEqual(said["inputs"]["x"]["shape"], [2, 2])

    def test_idx_files_plain_and_compressed(self):
        for kind in IDX_TYPES:
            for packed in (False, True):
                with self.subTest(kind=kind, packed=packed):
                    array = np.abs(self.random.normal(0, 40, (N, 4, 5))).astype(kind)
                    pack = gzip.compress if packed else bytes
                    end = ".gz" if packed else ""
                    self.write("images-idx3-ubyte" + end, pack(idx(array)))
                    self.write("labels-idx1-ubyte" + end, pack(idx(self.labels.astype("u1"))))
                    found, _ = self.imported(self.description(
                        f'[input.image]\nfile = "images-idx3-ubyte{end}"\n',
                        f'[column.digit]\nfile = "labels-idx1-ubyte{end}"\n'))
                    np.testing.assert_array_equal(found["inputs/image"], array.astype("f4"))
                    np.testing.assert_array_equal(found["tasks/digit/labels"], self.labels)

    def test_hdf5_datasets_are_inputs_and_columns(self):
        x = self.random.normal(size=(N, 3)).astype("f4")
        with h5py.File(self.path("x.h5"), "w") as file:
            file["group/x"] = x
            file["half"] = x.astype("f2")
            file["bytes"] = (x * 10 + 50).astype("u1")
            file["names"] = [f"class {i % 3}" for i in range(N)]
        found, _ = self.imported(self.description(
            '[input.a]\nfile = "x.h5"\ndataset = "/group/x"\n[input.b]\nfile = "x.h5"\ndataset = "half"\n'
            '[input.c]\nfile = "x.h5"\ndataset = "bytes"\n', '[column.digit]\nfile = "x.h5"\ndataset = "names"\n'))
        np.testing.assert_array_equal(found["inputs/a"], x)
        np.testing.assert_array_equal(found["inputs/b"], x.astype("f2").astype("f4"))
        np.testing.assert_array_equal(found["inputs/c"], (x * 10 + 50).astype("u1").astype("f4"))
        np.testing.assert_array_equal(found["tasks/digit/labels"], self.labels)

    def test_a_file_reads_others_only_from_its_own_folder_or_one_that_is_allowed(self):
        os.makedirs(self.path("far"), exist_ok=True)
        os.makedirs(self.path("near"), exist_ok=True)
        x = self.random.normal(size=(N, 3)).astype("f8")
        x.tofile(self.path("far/raw.bin"))
        with h5py.File(self.path("near/named.h5"), "w") as file:
            file.create_dataset("x", shape=x.shape, dtype="f8", external=[(self.path("far/raw.bin"), 0, x.nbytes)])
            file.create_dataset("secret", shape=(N,), dtype="S8", external=[("/etc/passwd", 0, 8 * N)])
        array = '[input.a]\nfile = "near/named.h5"\ndataset = "/x"\n'
        self.refuse_import(3, ["named.h5", "far/raw.bin", "outside the folder", "external_folders"], self.description(array))
        self.refuse_import(3, ["/etc/passwd", "outside the folder"], self.description(
            '[input.a]\nfile = "near/named.h5"\ndataset = "/x"\nexternal_folders = ["far"]\n',
            '[column.digit]\nfile = "near/named.h5"\ndataset = "secret"\n'))
        self.refuse_import(3, ["labels.npy", "external_folders"], self.description(
            '[input.a]\nfile = "labels.npy"\nexternal_folders = ["far"]\n'))
        found, _ = self.imported(self.description(array + 'external_folders = ["far"]\n'))
        np.testing.assert_array_equal(found["inputs/a"], x.astype("f4"))

    def test_a_data_set_and_a_checkpoint_read_no_file_elsewhere(self):
        labels = np.zeros(150, "f4")
        with tempfile.NamedTemporaryFile() as elsewhere:
            labels.tofile(elsewhere.name)
            shutil.copy(self.path("tiny.h5"), self.path("crafted.h5"))
            with h5py.File(self.path("crafted.h5"), "r+") as file:
                kept = dict(file["tasks/sum/labels"].attrs)
                del file["tasks/sum/labels"], file.attrs["hash"]
                made = file.create_dataset("tasks/sum/labels", shape=labels.shape, dtype="f4",
                                           external=[(elsewhere.name, 0, labels.nbytes)])
                made.attrs.update(kept)
            self.refuse(3, ["crafted.h5", "/tasks/sum/labels", elsewhere.name, "outside the folder"], "inspect", "crafted.h5")
            with h5py.File(self.path("checkpoint.h5"), "w") as file:
                file.attrs.update({"format": "qmtl-checkpoint", "version": 1})
                file.create_dataset("config", shape=(1,), dtype="S64", external=[(elsewhere.name, 0, 64)])
            self.refuse(3, ["checkpoint.h5", "/config", elsewhere.name, "outside the folder"], "inspect", "checkpoint.h5")

    def test_columns_of_arrays_join_a_table_and_serve_every_kind_of_task(self):
        level = self.random.normal(size=N)
        level[4] = np.nan
        many = np.arange(2 * N).reshape(N, 2) % 3 % 2
        part = np.arange(N, dtype="u1") % 3
        self.write("t.csv", "name,a\n" + "".join(f"row {i},{i}.5\n" for i in range(N)))
        for name, array in (("level", level), ("many", many), ("part", part)):
            self.write(f"{name}.npy", npy(array))
        found, said = self.imported(
            'file = "t.csv"\nid = "name"\n[input.a]\ncolumns = ["a"]\n'
            + "".join(f'[column.{c}]\nfile = "{f}.npy"\n' for c, f in
                      (("digit", "labels"), ("level", "level"), ("many", "many"), ("part", "part")))
            + TASK + '[task.level]\nkind = "regression"\ncolumn = "level"\n'
            '[task.many]\nkind = "multilabel"\ncolumns = ["many0..many1"]\n'
            '[tasks]\none_vs_rest = { column = "digit", prefix = "is" }\n[split]\ncolumn = "part"\n')
        np.testing.assert_array_equal(found["tasks/level/labels"], level.astype("f4"))
        np.testing.assert_array_equal(found["tasks/many/labels"], many)
        np.testing.assert_array_equal(found["tasks/is2/labels"], self.labels == 2)
        np.testing.assert_array_equal(found["split"], part)
        self.assertEqual(found["ids"][3], b"row 3")
        self.assertEqual(list(found["inputs/a"].ravel()), [i + 0.5 for i in range(N)])
        self.assertEqual(said["samples"], N)

    def picture(self, name, array, **options):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        Image.fromarray(array).save(self.path(name), **options)

    def folder(self, kinds, shape=(6, 5)):
        """A fresh folder p with pictures of two classes, {relative path: pixels as Pillow reads them}."""
        shutil.rmtree(self.path("p"), ignore_errors=True)
        pixels = {}
        for i in range(N):
            kind = kinds[i % len(kinds)]
            name = f"{'cat' if i < N // 2 else 'dog'}/{i:02}.{kind}"
            self.picture("p/" + name, self.random.integers(0, 256, shape, dtype="u1"))
            pixels[name] = np.asarray(Image.open(self.path("p/" + name)))
        return pixels

    CLASSES = '[task.pet]\nkind = "multiclass"\ncolumn = "class"\n'

    def test_a_folder_per_class_gives_grey_and_coloured_pictures(self):
        for kinds, shape in ((("png", "pgm"), (6, 5)), (("png", "ppm"), (6, 5, 3)), (("jpg",), (6, 5)), (("jpg", "png"), (16, 24, 3))):
            with self.subTest(kinds=kinds, shape=shape):
                pixels = self.folder(kinds, shape)
                self.write("p/cat/notes.txt", "not a picture")
                self.write("p/cat/.hidden.png", "")
                found, said = self.imported(self.description('id = "file"\n[input.photo]\nimages = "p"\n', "", self.CLASSES))
                self.assertEqual([i.decode() for i in found["ids"]], sorted(pixels))
                expected = np.stack([pixels[name] for name in sorted(pixels)]).astype("f4")
                if len(shape) == 3:
                    expected = expected.transpose(0, 3, 1, 2)
                self.assertEqual(found["inputs/photo"].shape, expected.shape)
                # Both decode JPEG with libjpeg-turbo; they may choose another transform: one grey level apart.
                tolerance = 1 if "jpg" in kinds else 0
                np.testing.assert_allclose(found["inputs/photo"], expected, atol=tolerance)
                np.testing.assert_array_equal(found["tasks/pet/labels"], [0] * (N // 2) + [1] * (N // 2))

    def test_a_column_names_the_pictures(self):
        pixels = self.folder(("png",))
        names = list(pixels)[::-1]
        self.write("t.csv", "photo,kind\n" + "".join(f"{name},{i % 2}\n" for i, name in enumerate(names)))
        found, _ = self.imported('file = "t.csv"\n[input.photo]\nimages = "p"\ncolumn = "photo"\n'
                                 '[task.kind]\nkind = "binary"\ncolumn = "kind"\n' + SPLIT)
        np.testing.assert_array_equal(found["inputs/photo"], np.stack([pixels[name] for name in names]))

    def test_colours_become_grey_as_pillow_does_it_and_grey_becomes_colours(self):
        pixels = self.folder(("png",), (6, 5, 3))
        self.picture("p/cat/zz.png", np.arange(30, dtype="u1").reshape(6, 5))
        self.refuse_import(3, ["p/cat/zz.png", "expected a coloured picture", "found a grey one", "grey = true"],
                           self.description('[input.photo]\nimages = "p"\n', "", self.CLASSES))
        found, _ = self.imported(self.description('[input.photo]\nimages = "p"\ngrey = true\n', "", self.CLASSES))
        first = Image.fromarray(pixels["cat/00.png"]).convert("L")
        np.testing.assert_array_equal(found["inputs/photo"][0], np.asarray(first))
        found, _ = self.imported(self.description('[input.photo]\nimages = "p"\ngrey = false\n', "", self.CLASSES))
        self.assertEqual(found["inputs/photo"].shape, (N + 1, 3, 6, 5))
        for channel in found["inputs/photo"][N // 2]:
            np.testing.assert_array_equal(channel, np.arange(30).reshape(6, 5))

    def test_palettes_transparency_and_deep_pictures(self):
        shutil.rmtree(self.path("p"), ignore_errors=True)
        colours = self.random.integers(0, 256, (4, 4, 3), dtype="u1")
        alpha = self.random.integers(0, 256, (4, 4, 1), dtype="u1")
        self.picture("p/a/1.png", colours)
        self.picture("p/a/2.png", np.concatenate([colours, alpha], axis=2))
        palette = Image.fromarray(colours).quantize(16)
        os.makedirs(self.path("p/b"))
        palette.save(self.path("p/b/1.png"))
        self.write("p/b/2.ppm", b"P6 # deep\n4 4\n65535\n" + (colours.astype("u2") * 257).astype(">u2").tobytes())
        self.write("p/b/3.ppm", "P3\n# text\n4 4 255\n" + " ".join(str(v) for v in colours.ravel()))
        found, _ = self.imported(self.description('[input.photo]\nimages = "p"\n', "", self.CLASSES))
        pictures = found["inputs/photo"].transpose(0, 2, 3, 1)
        for i in (0, 1, 3, 4):
            np.testing.assert_array_equal(pictures[i], colours, err_msg=str(i))
        np.testing.assert_array_equal(pictures[2], np.asarray(palette.convert("RGB")))

    def test_sizes_must_agree_unless_pictures_are_scaled_by_areas(self):
        pixels = self.folder(("png",), (7, 10))
        other = self.random.integers(0, 256, (9, 4), dtype="u1")
        self.picture("p/dog/zz.png", other)
        plain = self.description('[input.photo]\nimages = "p"\n', "", self.CLASSES)
        self.refuse_import(3, ["p/dog/zz.png", "7 rows of 10 pixels", "found 9 of 4", "size ="], plain)
        found, _ = self.imported(plain.replace('"p"\n', '"p"\nsize = [3, 4]\n'))

        def shares(before, after):
            """The matrix of means over areas: how much of old pixel j lies in new pixel i, per new pixel."""
            edges = np.arange(after + 1) * before / after
            j = np.arange(before)
            overlap = np.minimum(edges[1:, None], j + 1) - np.maximum(edges[:-1, None], j)
            return np.maximum(overlap, 0) * after / before

        for index, picture in ((0, pixels["cat/00.png"]), (N, other)):
            expected = shares(picture.shape[0], 3) @ picture.astype("f8") @ shares(picture.shape[1], 4).T
            # Sums of at most 70 products in double, rounded once to float: half a unit in the last place of 255.
            np.testing.assert_allclose(found["inputs/photo"][index], expected, rtol=1e-6)

    def test_damaged_arrays_are_one_clear_message(self):
        good = npy(self.random.normal(size=(N, 4)).astype("f4"))
        cases = [
            (good[:-5], ["x.npy", "truncated or damaged", "[12, 4]"]),
            (good + b"1234", ["x.npy", "truncated or damaged"]),
            (good[:30], ["x.npy", "ends within its header"]),
            (good[:9], ["x.npy", "ends within its header"]),
            (good.replace(b"'descr'", b"'descx'"), ["x.npy", "header", "the key descx"]),
            (good.replace(b"(12, 4)", b"(99999999999999, 4)"), ["x.npy", "truncated or damaged"]),
            (good.replace(b"NUMPY\x01", b"NUMPY\x09"), ["x.npy", "version 1 to 3", "found 9"]),
            (npy(np.zeros((N, 4), dtype=">f4")), ["x.npy", "big-endian", "astype('<f4')"]),
            (npy(np.asfortranarray(np.zeros((N, 4), dtype="f4"))), ["x.npy", "Fortran order", "ascontiguousarray"]),
            (npy(np.zeros((N, 4), dtype="c8")), ["x.npy", "type <c8", "astype"]),
            (npy(np.array(["a"] * N)), ["x.npy", "type <U1"]),
            (npy(np.zeros(N, dtype=[("a", "f4")])), ["x.npy", "type"]),
            (npy(np.zeros((N - 1, 4), dtype="f4")), ["x.npy", "expected 12 samples as in", "labels.npy", "found 11"]),
            (npy(np.float32(1)), ["x.npy", "single value"]),
            (npy(np.full((N, 4), np.nan, dtype="f4")), ["x.npy, sample 0, value 0", "finite", "NaN"]),
            (npy(np.full((N, 4), 1e300)), ["x.npy, sample 0", "beyond float"]),
            (b"PK\x03\x04 and so on", ["x.npy", "archive", "numpy.save"]),
            (b"", ["x.npy", "an empty file"]),
            (b"no array at all", ["x.npy", "NPY, IDX or HDF5"]),
            (idx(np.zeros((N, 2), dtype="u1"))[:-1], ["x.npy", "truncated or damaged"]),
            (struct.pack(">BBBB", 0, 0, 7, 1), ["x.npy", "IDX", "type 7"]),
            (struct.pack(">BBBB", 0, 0, 8, 3), ["x.npy", "ends within its header"]),
            (gzip.compress(good)[:-9], ["x.npy", "truncated or damaged"]),
            (b"\x89HDF\r\n\x1a\n", ["x.npy", "dataset"]),
        ]
        for content, fragments in cases:
            with self.subTest(fragments=fragments):
                self.write("x.npy", content)
                self.refuse_import(3, fragments, self.description('[input.x]\nfile = "x.npy"\n'))
        self.write("cube.npy", npy(np.zeros((N, 2, 2))))
        self.write("x.npy", good)
        ready = '[input.x]\nfile = "x.npy"\n'
        self.refuse_import(3, ["cube.npy", "3 dimensions"], self.description(ready, '[column.digit]\nfile = "cube.npy"\n'))
        self.refuse_import(3, ["none.npy", "no such file"], self.description('[input.x]\nfile = "none.npy"\n'))
        self.refuse_import(3, ["expected one of 0, 1", "labels.npy, sample 2", "\"2\""], self.description(
            ready, tasks='[task.digit]\nkind = "binary"\ncolumn = "digit"\n'))
        self.refuse_import(2, ["unknown key input.x.sise"], self.description('[input.x]\nfile = "x.npy"\nsise = 3\n'))
        self.refuse_import(2, ["table (file = ...)", "[column.<name>]"], ready + SPLIT)
        self.refuse_import(2, ["expected a key input.x.columns"], self.description("[input.x]\n"))
        self.refuse_import(3, ["dataset is given", "another kind"], self.description('[input.x]\nfile = "x.npy"\ndataset = "a"\n'))

    def test_damaged_pictures_are_one_clear_message(self):
        self.folder(("png",), (30, 30, 3))
        good_png = self.read("p/cat/00.png")
        Image.fromarray(self.random.integers(0, 256, (30, 30, 3), dtype="u1")).save(self.path("good.jpg"))
        good_jpg = self.read("good.jpg")
        description = self.description('[input.photo]\nimages = "p"\n', "", self.CLASSES)
        flipped = bytearray(good_png)
        flipped[len(flipped) // 2] ^= 255
        for content in (good_png[:60], good_png[:-200], bytes(flipped), good_jpg[:100], good_jpg[:-300], b"P5 30 30 255\n123",
                        b"P5 30", b"P5 30 30 70000\n", b"P2 30 30 255 1 2 three"):
            with self.subTest(content=content[:20]):
                self.write("p/cat/01.png", content)
                self.refuse_import(3, ["p/cat/01.png", "truncated or damaged"], description)
        for content, fragments in ((b"GIF89a", ["another kind of file"]), (b"", ["an empty file"]),
                                   (b"P5 100000 100000 255\n", ["1 to 268435456 pixels"])):
            self.write("p/cat/01.png", content)
            self.refuse_import(3, ["p/cat/01.png", *fragments], description)
        self.refuse_import(3, ["nowhere", "folder of pictures", "found nothing"], description.replace('"p"', '"nowhere"'))
        os.makedirs(self.path("flat"), exist_ok=True)
        self.refuse_import(3, ["flat", "sub-folder", "column"], description.replace('"p"', '"flat"'))
        self.write("t.csv", "photo,class\ncat/02.png,a\ncat/lost.png,b\n")
        self.refuse_import(3, ["t.csv:3, column photo", "cat/lost.png", "no such file"],
                           'file = "t.csv"\n' + description.replace('"p"', '"p"\ncolumn = "photo"'))
        self.refuse_import(2, ["input.photo.size", "[height, width]"], description.replace('"p"', '"p"\nsize = [3]'))

    def test_a_model_trains_on_arrays(self):
        self.write("x.npy", npy(self.random.normal(size=(N, 6)).astype("f4")))
        self.imported(self.description('[input.x]\nfile = "x.npy"\n'))
        self.write("m.toml", '[data]\nfile = "d.h5"\n[run]\nfolder = "m"\n[train]\nepochs = 1\n')
        self.succeed("train", "m.toml", "--quiet")

    SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "text_embeddings.py")

    def embed(self, *arguments):
        return subprocess.run([sys.executable, self.SCRIPT, *arguments], cwd=self.base, capture_output=True, text=True)

    def test_texts_become_arrays(self):
        texts = ["A good, good film", "a Good good FILM!", "the other film", "", "déjà vu"]
        self.write("t.csv", "n,text\n" + "".join(f"{i},\"{text}\"\n" for i, text in enumerate(texts)))
        made = self.embed("t.csv", "--column", "text", "--out", "t.npy", "--hashed", "--dimensions", "64")
        self.assertEqual(made.returncode, 0, made.stderr)
        rows = np.load(self.path("t.npy"))
        self.assertEqual((rows.shape, rows.dtype.str), ((5, 64), "<f4"))
        np.testing.assert_array_equal(rows[0], rows[1])
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 1, 1, 0, 1], atol=1e-6)
        self.assertGreater(rows[0] @ rows[1], rows[0] @ rows[2])
        for arguments, fragment in ((("none.csv", "--column", "text"), "none.csv"), (("t.csv", "--column", "txt"), "\"txt\"")):
            failed = self.embed(*arguments, "--out", "no.npy", "--hashed")
            self.assertEqual(failed.returncode, 3)
            self.assertIn(fragment, failed.stderr)
            self.assertFalse(os.path.exists(self.path("no.npy")))


if __name__ == "__main__":
    main()
