#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every key of a configuration at its extremes, circuits of a million qubits, plans that cannot fit, data sets of a hundred
thousand classes: done or refused with the numbers within seconds of processor time, never a hang and never a crash."""

import json
import os
import re
import resource
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PROGRAM, Program, environment, main

LONG = "QMTL_LONG" in os.environ
SECONDS = 5  # of processor time: a busy machine makes nothing slow
MILLION = "circuit.qubits=1000000"
# What the standard library says of itself is no answer to anybody.
INTERNAL = re.compile(r"std::|_M_|bad_alloc|basic_string|fault of this program|Traceback")

CIRCUITS = [
    (MILLION,), (MILLION, "block.placement='global'"), (MILLION, "circuit.layers=10000"), (MILLION, "circuit.uploads=10000"),
    (MILLION, "block.size=1000000"), (MILLION, "circuit.entangler='cx-ring'"), (MILLION, "circuit.entangler='none'", "block.entangler='cx-ring'"),
    *[(MILLION, f"head.kind='{head}'") for head in ("hybrid", "separate", "linear", "low-rank", "mlp", "local", "local-tanh")],
    *[(f"circuit.qubits={qubits}", f"engine.plan='{plan}'", f"block.placement='{placement}'")
      for qubits in (27, 40, 1000, 1000000) for plan in ("state", "operators", "cones", "pauli", "mixed") for placement in ("local", "global")],
    ("circuit.qubits=1000", "circuit.layers=1000", "block.placement='global'"), ("circuit.qubits=26", "circuit.layers=10000", "circuit.entangler='cx-ring'"),
    ("circuit.qubits=100000", "block.size=100000", "block.stride=1"), ("circuit.qubits=64", "circuit.layers=64", "engine.plan='pauli'", "block.placement='global'"),
    ("head.kind='mlp'", "head.hidden=1000000", "head.width=1000000"), ("head.kind='linear'", "head.width=1000000"),
    ("backbone.layers=[{ type = 'dense', width = 1000000 }, { type = 'dense', width = 1000000 }]",),
    ("backbone.layers=[" + ", ".join(["{ type = 'dense', width = 4 }"] * 3000) + "]",),
    *[(f"backbone.layers=[{{ type = 'circuit', {keys} }}]",)
      for keys in ("qubits = 1000000", "qubits = 6, reads = 'all', copies = 4096", "qubits = 6, reads = 'all', share = true, copies = 65536",
                   "qubits = 6, uploads = 10000", "qubits = 6, layers = 10000, plan = 'pauli'", "qubits = 1, copies = 65536")],
]


def extremes(described):
    """Values at and beyond the ends of what `qmtl keys` says a key takes, as they are written in TOML."""
    whole = re.fullmatch(r"an? (?:integer|multiple of 16)(?: of at least (-?\d+))?(?: and at most (\d+))?", described)
    if whole:
        low, high = whole[1] or "-9223372036854775808", whole[2] or "9223372036854775807"
        return [low, high, str(int(low) - 1), str(int(high) + 1), "16", "1000"]
    if described.startswith("a number"):
        return ["0", "1e-308", "1e308", "-1e308", "inf", "-inf", "nan", "1e-320"]
    if described.startswith("an array"):
        words = re.findall(r'"([^"]+)"', described)
        inner = f"'{words[-1]}'" if words else "'x'" if described.endswith("string") else "1"
        nested = "[" + inner + "]" if described.count("an array") > 1 else inner
        return ["[]", f"[{nested}]", "[" + ", ".join([nested] * 3000) + "]", "[" * 60 + "]" * 60]
    if described == "true or false":
        return ["true", "false"]
    return [f"'{word}'" for word in re.findall(r'"([^"]+)"', described)] + ["''", "'" + "x" * 5000 + "'"]


class Extremes(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = json.loads(cls.run_program("keys", "--json").stdout)
        cls.costs = []

    @classmethod
    def tearDownClass(cls):
        seconds, what = max(cls.costs, default=(0, "none"))
        print(f"{len(cls.costs)} runs, the slowest of {seconds:.1f} s: {what[:200]}")
        super().tearDownClass()

    def answer(self, *arguments):
        def limits():
            resource.setrlimit(resource.RLIMIT_CPU, (2 * SECONDS, 2 * SECONDS + 1))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        process = subprocess.Popen([PROGRAM, *arguments], cwd=self.base, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   preexec_fn=limits)
        said = process.stderr.read().decode(errors="replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
        seconds = usage.ru_utime + usage.ru_stime
        what = " ".join(word[:200] for word in arguments)
        self.costs.append((seconds, what))
        case = f"qmtl {what}\n{said[-2000:]}"
        self.assertIn(process.returncode, (0, 2, 3), case)
        self.assertLessEqual(seconds, SECONDS, case)
        self.assertIsNone(INTERNAL.search(said), case)
        if process.returncode:
            self.assertIn("qmtl: error:", said, case)
        return process.returncode, said

    def commands(self, *settings):
        overrides = [word for setting in settings for word in ("--set", setting)]
        yield "plan", "train.toml", *overrides
        yield "train", "train.toml", "--dry-run", *overrides
        # As many epochs as are asked for are no fault.
        yield "train", "train.toml", "--overwrite", "--quiet", *overrides, "--set", "train.epochs=1"

    def test_every_key_at_its_extremes(self):
        number = 0
        for entry in self.keys:
            if entry["key"] in ("data.file", "run.folder"):
                continue
            key = entry["key"].replace("task.<name>", "task.value").replace("<name>", "x").replace("<input>", "x")
            for value in extremes(entry["value"]):
                number += 1
                setting = f"{key}={value}"
                if layer := re.fullmatch(r"backbone\.layers\[(.+)\]\.(\w+)", key):
                    setting = f"backbone.layers=[{{ type = '{layer[1]}', {layer[2]} = {value} }}]"
                for at, command in enumerate(self.commands(setting)):
                    if LONG or number % 3 == at:
                        with self.subTest(key=key, value=value[:50], command=command[0]):
                            self.answer(*command)

    def test_circuits_that_no_machine_holds(self):
        for number, settings in enumerate(CIRCUITS):
            for at, command in enumerate(self.commands(*settings)):
                # A step of a training of a million qubits is work that was asked for.
                if (LONG or number % 2 == at) and not (at == 2 and MILLION in settings):
                    with self.subTest(settings=[setting[:60] for setting in settings], command=command[0]):
                        code, said = self.answer(*command)
                        if code:
                            self.assertRegex(said, r"\d", "a refusal with its numbers")

    def test_a_limit_on_memory_is_one_message_wherever_it_strikes(self):
        """From what the loader just fails in to what is enough: the allocation that fails is another one each time, in
        this program or in a library that it calls."""
        ended = set()
        for kilobytes in range(56_000, 140_000, 4_000 if not LONG else 500):
            limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (kilobytes * 1024,) * 2)
            result = subprocess.run([PROGRAM, "train", "train.toml", "--quiet", "--json", "--overwrite", "--set", "run.folder=limited"],
                                    cwd=self.base, env=environment(), text=True, capture_output=True, timeout=60, preexec_fn=limit)
            with self.subTest(kilobytes=kilobytes):
                if result.returncode == 127:  # the loader's
                    continue
                self.assertIn(result.returncode, (0, 3), result.stderr)
                ended.add(result.returncode)
                if result.returncode:
                    self.assertRegex(result.stderr, r"error: .*(out of memory|the system refuses|has failed: )")
                    self.assertNotRegex(result.stderr, INTERNAL)
        self.assertEqual(ended, {0, 3}, "the limits reach from too little to enough")

    def test_a_hundred_thousand_classes(self):
        try:
            import h5py
            import numpy
        except ImportError:
            self.skipTest("needs python3-h5py")
        generator = numpy.random.default_rng(0)
        with h5py.File(self.path("wide.h5"), "w") as file:
            for name, value in (("format", b"qmtl-dataset"), ("title", b""), ("source", b""), ("licence", b"")):
                file.attrs[name] = numpy.bytes_(value)
            file.attrs["version"] = numpy.int64(1)
            file["inputs/x"] = generator.normal(size=(200, 4)).astype("f4")
            file["split"] = numpy.repeat(numpy.array([0, 1, 2], "u1"), (140, 30, 30))
            labels = file.create_dataset("tasks/value/labels", data=generator.integers(0, 100000, 200).astype("f4"))
            labels.attrs["kind"] = numpy.bytes_(b"multiclass")
            labels.attrs["classes"] = numpy.int64(100000)
        self.answer("inspect", "wide.h5")
        plain = ("circuit.qubits=0", "block.size=0", "block.stride=0", "data.file='wide.h5'")
        for settings in ((), ("block.placement='global'",), ("head.kind='linear'",), ("head.kind='separate'",), ("head.kind='hybrid'",),
                         ("head.block_per_task=true",), ("circuit.entangler='cx-ring'",), ("block.entangler='cz-ring'",), ("engine.plan='state'",),
                         ("engine.plan='pauli'",), ("circuit.qubits=20",)):
            for at, command in enumerate(self.commands(*plain, *settings)):
                if at < 2:
                    with self.subTest(settings=settings, command=command[0]):
                        self.answer(*command)


if __name__ == "__main__":
    main()
