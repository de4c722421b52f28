#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `cmake --install` puts into a prefix is enough for others: the library's examples build against it through
find_package and through pkg-config, and as a project that has this one as a part (configured here, built with
QMTL_LONG=1). Their numbers are the program's, and those of numpy where it can compute them from scratch."""

import csv
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "tools"))
import h5py
import numpy as np
from harness import PROGRAM, Program, main

BUILD = pathlib.Path(os.environ.get("QMTL_BUILD", pathlib.Path(PROGRAM).parent))
EXAMPLES = ROOT / "tools" / "library" / "examples"
NAMES = ("train_and_predict", "head_gradient")
LONG = os.environ.get("QMTL_LONG") == "1"

TRAIN = '[backbone]\nlayers = [{ type = "dense", width = 6, activation = "tanh" }]\n[train]\nepochs = 4\n'
QUANTUM = TRAIN + "[circuit]\nqubits = 4\n[block]\nsize = 2\n"
LINEAR = TRAIN + '[head]\nkind = "linear"\nwidth = 3\n'
HEAD = '[circuit]\nqubits = 6\nlayers = 2\n[block]\nsize = 3\nstride = 2\n[train]\nprecision = "double"\n'


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def head_logits(z, parts, outputs, qubits=6, layers=2, size=3, stride=2, gain=0.3):
    """The head of HEAD on a statevector: RY uploads of pi/2 + pi/2 tanh(gain z), layers of RY and a ring of CZ, a block of
    RY on `size` qubits for each output, the mean of their Z."""
    def ry(state, qubit, angle):
        c, s = np.cos(angle / 2), np.sin(angle / 2)
        return np.moveaxis(np.tensordot(np.array([[c, -s], [s, c]]), state, ([1], [qubit])), 0, qubit)

    def cz(state, a, b):
        index = [slice(None)] * qubits
        index[a] = index[b] = 1
        state = state.copy()
        state[tuple(index)] *= -1
        return state

    shared, blocks = parts["head.shared"].reshape(layers, qubits), parts["head.block"].reshape(outputs, size)
    scale = parts["head.scale"]
    logits = []
    for row in z:
        state = np.zeros((2,) * qubits)
        state[(0,) * qubits] = 1
        for q in range(qubits):
            state = ry(state, q, np.pi / 2 + np.pi / 2 * np.tanh(gain * row[q]))
        for layer in range(layers):
            for q in range(qubits):
                state = ry(state, q, shared[layer, q])
            for q in range(qubits):
                state = cz(state, q, (q + 1) % qubits)
        for o in range(outputs):
            register = [(o * stride + i) % qubits for i in range(size)]
            own = state
            for i, q in enumerate(register):
                own = ry(own, q, blocks[o, i])
            weights = np.moveaxis(own**2, register, range(size))
            z_mean = np.mean([np.sum(weights.take(0, axis=i)) - np.sum(weights.take(1, axis=i)) for i in range(size)])
            logits.append(scale[min(o, len(scale) - 1)] / gain * z_mean + parts["head.bias"][o])
    return np.array(logits).reshape(len(z), outputs)


class Consumers(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shell("cmake", "--install", BUILD, "--component", "library", "--prefix", cls.path("first"))
        os.rename(cls.path("first"), cls.path("prefix"))  # a prefix can be moved
        cls.shell("cmake", "-S", EXAMPLES, "-B", "cmake", f"-DCMAKE_PREFIX_PATH={cls.path('prefix')}",
                  "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON")
        cls.shell("cmake", "--build", "cmake")

    @classmethod
    def shell(cls, *command, **options):
        done = subprocess.run([str(c) for c in command], cwd=cls.base, text=True, capture_output=True, **options)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def train_example(self, folder, configuration, *more, programs="cmake"):
        """Its predictions [300, 2], its run hash, and where it wrote."""
        os.makedirs(self.path(folder), exist_ok=True)
        lines = self.shell(f"{programs}/train_and_predict", folder, configuration, *more).splitlines()
        predicted = np.array([[float(v) for v in line.split()] for line in lines[:300]])
        return predicted, re.search(r"^run hash (\w{64})$", "\n".join(lines), re.M).group(1), lines

    def test_the_trained_example_is_the_programs_model(self):
        predicted, run_hash, lines = self.train_example("quantum", QUANTUM, "replay")
        self.write("quantum.toml", QUANTUM + '[data]\ntasks = ["side", "distance"]\nfile = "quantum/points.h5"\n')
        # The library knows no MPI: its bits are those of two ranks.
        self.succeed("train", "quantum.toml", "--quiet", "--set", "run.folder=run", ranks=2)
        with h5py.File(self.path("run/checkpoints/best.h5")) as best:
            self.assertEqual(best.attrs["run_hash"].decode(), run_hash)
        self.succeed("predict", "quantum/model.h5", "quantum/points.h5", "--out", "program.csv", "--quiet")
        with open(self.path("program.csv")) as file:
            rows = list(csv.DictReader(file))
        # The program prints six digits.
        for name, column in (("side.probability", 0), ("distance", 1)):
            np.testing.assert_allclose([float(row[name]) for row in rows], predicted[:, column], rtol=2e-6, atol=2e-6)
        self.assertTrue(lines[-1].startswith("mean score of 200 shots"))
        self.assertGreater(os.path.getsize(self.path("quantum/model.qmh")), 100)
        report = json.loads(self.read("quantum/replay/replay/replay.json"))
        self.assertEqual(report["endpoint"]["kind"], "exact")

    def test_a_linear_model_predicts_what_numpy_computes_from_its_file(self):
        predicted, _, _ = self.train_example("linear", LINEAR)
        with h5py.File(self.path("linear/model.h5")) as file, h5py.File(self.path("linear/points.h5")) as data:
            names = []
            file["params"].visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
            names.sort(key=lambda name: file["params"][name].attrs["index"])
            values = [file["params"][name][()] for name in names]
            scales = {key: (group["mean"][()], group["deviation"][()]) for key, group in file["standardisation"].items()}
            x = data["inputs/x"][()].astype(float)
        self.assertEqual(len(values), 6, names)
        mean, deviation = scales.pop("x")
        h = np.tanh((x - mean) / deviation @ values[0] + values[1])
        logits = (h @ values[2] + values[3]) @ values[4] + values[5]
        ((mean, deviation),) = scales.values()
        expected = np.column_stack([sigmoid(logits[:, 0]), logits[:, 1] * deviation + mean])
        # The model computes in single precision.
        np.testing.assert_allclose(predicted, expected, rtol=1e-4, atol=1e-5)

    def test_a_heads_logits_and_gradients_are_those_of_a_statevector_in_numpy(self):
        lines = [line.split() for line in self.shell("cmake/head_gradient", HEAD).splitlines()]
        numbers = {name: np.array([float(v) for v in values]) for name, *values in lines if name != "tensor"}
        tensors = {words[1]: (int(words[2]), int(words[3])) for words in lines if words[0] == "tensor"}
        z = numbers["z"].reshape(4, 6)

        def logits(z, parameters):
            return head_logits(z, {name: parameters[first:first + size] for name, (first, size) in tensors.items()}, 4)

        def loss(z, parameters):
            return 0.5 * np.sum((logits(z, parameters) - 1) ** 2)

        parameters = numbers["parameters"]
        np.testing.assert_allclose(numbers["logits"].reshape(4, 4), logits(z, parameters), rtol=1e-9, atol=1e-9)
        step = 1e-5  # error of a central difference: about step^2 + 1e-16 / step

        def slope(change):
            return (loss(*change(step)) - loss(*change(-step))) / (2 * step)

        for i in range(z.size):
            unit = np.eye(z.size)[i]
            self.assertAlmostEqual(numbers["dz"][i], slope(lambda d: (z + (d * unit).reshape(z.shape), parameters)), 6)
        for i in range(parameters.size):
            unit = np.eye(parameters.size)[i]
            self.assertAlmostEqual(numbers["dparameters"][i], slope(lambda d: (z, parameters + d * unit)), 6)

    def test_pkg_config_gives_the_same_programs(self):
        found = next(pathlib.Path(self.path("prefix")).rglob("qmtl.pc"))
        flags = self.shell("pkg-config", "--cflags", "--libs", "qmtl",
                           env={**os.environ, "PKG_CONFIG_PATH": str(found.parent)}).split()
        os.makedirs(self.path("plain"), exist_ok=True)
        for name in NAMES:
            self.shell("c++", "-std=c++20", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror",
                       EXAMPLES / f"{name}.cpp", "-o", f"plain/{name}", *flags)
        self.assertEqual(self.shell("plain/head_gradient", HEAD), self.shell("cmake/head_gradient", HEAD))
        self.assertEqual(self.train_example("a", QUANTUM, programs="plain")[1], self.train_example("b", QUANTUM)[1])

    def test_a_consumer_inherits_an_include_folder_and_nothing_else(self):
        for entry in json.loads(self.read("cmake/compile_commands.json")):
            own = [word for word in entry["command"].split() if word.startswith(("-W", "-f", "-D", "-isystem", "-I"))]
            self.assertEqual(sorted({*own} - {"-DNDEBUG"}), ["-isystem"], entry["command"])
        linked = self.shell("ldd", "cmake/head_gradient")
        self.assertNotIn("libmpi", linked)
        headers = sorted(path.name for path in pathlib.Path(self.path("prefix/include/qmtl")).iterdir())
        self.assertEqual(headers, sorted(path.name for path in (ROOT / "tools/library/include/qmtl").iterdir()))

    def test_an_error_is_the_programs_message_and_code(self):
        done = subprocess.run(["cmake/train_and_predict", ".", "[train]\nepoch = 3\n"], cwd=self.base, text=True,
                              capture_output=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("train.epochs", done.stderr)

    def test_a_missing_component_is_said(self):
        self.write("CMakeLists.txt", "cmake_minimum_required(VERSION 3.22)\nproject(strange CXX)\n"
                   "find_package(qmtl 0.1 REQUIRED COMPONENTS edge)\n")
        done = subprocess.run(["cmake", "-S", ".", "-B", "none", f"-DCMAKE_PREFIX_PATH={self.path('prefix')}"], cwd=self.base,
                              text=True, capture_output=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("expected the component edge", " ".join(done.stderr.split()))

    def test_the_project_is_a_part_of_another(self):
        self.shell("cmake", "-S", EXAMPLES, "-B", "part", f"-DQMTL_SOURCE={ROOT}", "-DQMTL_HARDWARE=OFF",
                   "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON")
        cache = self.read("part/CMakeCache.txt").decode()
        for package in ("MPI_C", "CURL", "Protobuf", "Boost", "Catch2", "benchmark"):
            self.assertNotIn(f"{package}_", cache, f"{package} is looked for though nothing needs it")
        targets = self.shell("cmake", "--build", "part", "--target", "help")
        self.assertIn("qmtl_library", targets)
        for target in ("qmtl_distributed", "qmtl_hardware", "test_model", "bench_engine"):
            self.assertNotIn(target, targets)
        for entry in json.loads(self.read("part/compile_commands.json")):
            if pathlib.Path(entry["file"]).parent == EXAMPLES:
                self.assertNotRegex(entry["command"], r" -W| -f(no-)?fast-math| -ffp-contract")
        if LONG:
            self.shell("cmake", "--build", "part", "--parallel", str(os.cpu_count()), "--target", *NAMES)
            self.assertEqual(self.shell("part/head_gradient", HEAD), self.shell("cmake/head_gradient", HEAD))
            self.assertEqual(self.train_example("c", QUANTUM, programs="part")[1], self.train_example("d", QUANTUM)[1])

    def test_a_build_without_mpi_trains_the_same_bits(self):
        self.shell("cmake", "-G", "Ninja", "-S", ROOT, "-B", "alone", "-DCMAKE_BUILD_TYPE=Release",
                   *(f"-DQMTL_{room}=OFF" for room in ("MPI", "HARDWARE", "STUDIES", "TESTS", "BENCHMARKS")))
        self.assertNotIn("MPI_C_", self.read("alone/CMakeCache.txt").decode())
        self.check_without_mpi() if LONG else self.skipTest("built with QMTL_LONG=1")

    def check_without_mpi(self):
        self.shell("cmake", "--build", "alone", "--target", "qmtl")
        program = self.path("alone/qmtl")
        self.assertNotIn("libmpi", self.shell("ldd", program))
        told = json.loads(self.shell(program, "train", "train.toml", "--json", "--quiet", "--set", "run.folder=alone-run"))
        self.assertEqual(told["run_hash"], self.train("mpi-run", ranks=2)["run_hash"])
        for command, said in ((["supervise"], "tools/build"), (["export", "alone-run"], "tools/build")):
            done = subprocess.run([program, *command], cwd=self.base, text=True, capture_output=True)
            self.assertEqual((done.returncode, said in done.stderr), (2, True), done.stderr)
        # Ranks that do not know of each other must not train side by side in one folder.
        done = subprocess.run([program, "train", "train.toml"], cwd=self.base, text=True, capture_output=True,
                              env={**os.environ, "OMPI_COMM_WORLD_SIZE": "2"})
        self.assertEqual((done.returncode, "QMTL_MPI=OFF" in done.stderr), (2, True), done.stderr)


if __name__ == "__main__":
    main()
