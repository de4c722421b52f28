#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Arrays and pictures: every container keeps their numbers, or says what it cannot read, checked against numpy, h5py and
Pillow."""

import io
import os
import random
import shutil
import struct
import zlib

from import_case import ALL_TRAIN, h5py, Image, Import, np, task, main


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
