#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `cmake --install` puts into a prefix is enough for others: the examples build against it through find_package and
through pkg-config, in C and C++, and print the program's predictions."""

import csv
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
from harness import PROGRAM, Program, main

BUILD = pathlib.Path(os.environ.get("QMTL_BUILD", pathlib.Path(PROGRAM).parent))
EXAMPLES = HERE.parent.parent / "runtime" / "edge" / "examples"


class Install(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shell("cmake", "--install", BUILD, "--component", "edge", "--prefix", cls.path("first"))
        # A prefix can be moved.
        os.rename(cls.path("first"), cls.path("prefix"))
        for step in (["train", "train.toml", "--quiet"], ["export", "run", "--to", "edge", "--out", "head.qmh", "--quiet"],
                     ["predict", "run", "tiny.h5", "--out", "expected.csv", "--quiet"]):
            done = cls.run_program(*step)
            assert done.returncode == 0, done.stderr
        with open(cls.path("tiny.csv")) as file:
            cls.sample = " ".join(file.read().splitlines()[1].split(",")[:6])
        with open(cls.path("expected.csv")) as file:
            cls.expected = next(csv.DictReader(file))

    @classmethod
    def shell(cls, *command, **options):
        done = subprocess.run([str(c) for c in command], cwd=cls.base, text=True, capture_output=True, **options)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def check(self, c_program, cpp_program):
        logits = [float(line) for line in self.shell(c_program, "head.qmh", input=self.sample).split()]
        self.assertEqual(len(logits), 5)
        self.assertAlmostEqual(logits[4], float(self.expected["value"]), delta=1e-5)
        lines = [line.split() for line in self.shell(cpp_program, "head.qmh", input=self.sample).splitlines()]
        found = {name: [float(v) for v in values] for name, *values in lines}
        expected = {"sum": ["sum.probability"], "kind": [f"kind.probability.{name}" for name in "abc"], "value": ["value"]}
        self.assertEqual(set(found), set(expected))
        for name, columns in expected.items():
            for value, column in zip(found[name], columns):
                # The program prints six digits.
                self.assertAlmostEqual(value, float(self.expected[column]), delta=1e-5)

    def test_find_package(self):
        self.shell("cmake", "-S", EXAMPLES, "-B", "build", f"-DCMAKE_PREFIX_PATH={self.path('prefix')}")
        self.shell("cmake", "--build", "build")
        self.check("build/predict_c", "build/predict_cpp")
        self.refuses("build/predict_c", "build/predict_cpp")

    def test_the_folder_alone_as_a_part_of_another_project(self):
        os.mkdir(self.path("firmware"))
        self.write("firmware/CMakeLists.txt", f"""cmake_minimum_required(VERSION 3.18)
project(firmware LANGUAGES C CXX)
add_subdirectory({EXAMPLES.parent} edge)
foreach(language c cpp)
  add_executable(predict_${{language}} {EXAMPLES}/predict.${{language}})
  target_compile_features(predict_${{language}} PRIVATE cxx_std_17)
  target_link_libraries(predict_${{language}} PRIVATE qmtl::edge)
endforeach()
""")
        self.shell("cmake", "-S", "firmware", "-B", "part")
        self.shell("cmake", "--build", "part")
        self.check("part/predict_c", "part/predict_cpp")
        self.shell("cmake", "-Werror=dev", "-S", EXAMPLES.parent, "-B", "alone")
        self.shell("cmake", "--build", "alone")

    def test_pkg_config(self):
        found = next(pathlib.Path(self.path("prefix")).rglob("qmtl-edge.pc"))
        flags = self.shell("pkg-config", "--cflags", "--libs", "qmtl-edge",
                           env={**os.environ, "PKG_CONFIG_PATH": str(found.parent)}).split()
        strict = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"]
        self.shell("cc", "-std=c99", *strict, EXAMPLES / "predict.c", "-o", "by_c", *flags)
        self.shell("c++", "-std=c++17", *strict, EXAMPLES / "predict.cpp", "-o", "by_cpp", *flags)
        self.check("./by_c", "./by_cpp")

    def refuses(self, *programs):
        damaged = bytearray(self.read("head.qmh"))
        damaged[len(damaged) // 2] ^= 1
        self.write("damaged.qmh", bytes(damaged))
        for program in programs:
            for file, expected in (("damaged.qmh", "checksum"), ("train.toml", "")):
                done = subprocess.run([program, file], cwd=self.base, input=self.sample, text=True, capture_output=True)
                self.assertEqual(done.returncode, 1, f"{program} {file}")
                self.assertIn("predict: ", done.stderr)
                self.assertIn(expected, done.stderr)


if __name__ == "__main__":
    main()
