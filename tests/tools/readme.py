#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What README.md tells people to type works as it stands there: its descriptions, configurations and commands, in its order, on
tables, pictures and texts of the kinds that it speaks of. What it shows of the package runs in python.examples."""

import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "hardware"))
from harness import PROGRAM, Program, environment, main
from replay_calibrated import device

try:
    from PIL import Image
except ImportError:
    print("skipped: needs python3-pil")
    sys.exit(0)

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text()
# What the page names of somebody's own, and other tests run.
ELSEWHERE = {"tools/quickstart": "structure.first_build", "tools/check": "this is one of its tests", "tools/build": "structure.first_build",
             "export PATH": "the test's own", "sbatch": "distributed.slurm", "runtime/edge/examples": "edge.cortex_m4f"}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.M | re.S)


def commands():
    lines = [line for block in blocks("") for line in block.splitlines()]
    for line in lines:
        command = re.split(r" {2,}#", line)[0].rstrip()
        if re.match(r"qmtl |mpirun |tools/|runtime/|sbatch |export ", command) and not any(command.startswith(start) for start in ELSEWHERE):
            yield command


class Readme(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        draw = random.Random(3)
        pets = [("cat", 30, 4, 28), ("dog", 60, 25, 35), ("rabbit", 20, 2, 5)]

        def pet(labelled):
            name, *means = draw.choice(pets)
            numbers = [f"{draw.gauss(mean, mean / 10):.2f}" for mean in means]
            return ",".join(numbers + ([name, f"{float(numbers[1]) / 3 + draw.random():.2f}"] if labelled else []))

        def lines(count):
            words = {"glad": "sun laugh dance win".split(), "sad": "rain loss alone grey".split()}
            rows = [(mood, " ".join(draw.choice(words[mood]) for _ in range(6))) for mood in draw.choices(list(words), k=count)]
            return "text,mood\n" + "".join(f"{text},{mood}\n" for mood, text in rows)

        cls.write("torino.json", json.dumps(device(4, 5)))
        cls.write("pets.csv", "height,weight,tail,species,age\n" + "".join(pet(True) + "\n" for _ in range(200)))
        cls.write("new-pets.csv", "height,weight,tail\n" + "".join(pet(False) + "\n" for _ in range(20)))
        cls.write("lines.csv", lines(200))
        cls.write("more.csv", lines(20))
        for kind, shade in (("cats", 60), ("dogs", 180)):
            os.makedirs(cls.path(f"pets/{kind}"))
            for number in range(20):
                Image.new("L", (12, 12), shade + draw.randrange(40)).save(cls.path(f"pets/{kind}/{number}.png"))
        os.mkdir(cls.path("bin"))
        os.symlink(PROGRAM, cls.path("bin/qmtl"))
        # Scripts look for python3 on the path: the one that this test runs by has numpy, another's first on the path may not.
        os.symlink(sys.executable, cls.path("bin/python3"))
        os.symlink(ROOT / "tools", cls.path("tools"))
        shutil.copytree(ROOT / "benchmarks/digits", cls.path("benchmarks/digits"), ignore=shutil.ignore_patterns("*.h5", "results"))
        for name, start in (("pets-import.toml", 'file = "pets.csv"'), ("pets.toml", "[data]")):
            cls.write(name, next(block for block in blocks("toml") if block.startswith(start)))
        cls.variables = environment({"PATH": f"{cls.path('bin')}:{os.environ['PATH']}"})

    def shell(self, command):
        done = subprocess.run(command, shell=True, cwd=self.base, env=self.variables, text=True, capture_output=True, timeout=300,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def test_every_command_works_in_the_order_of_the_page(self):
        told = list(commands())
        self.assertGreater(len(told), 15, told)
        for command in told:
            # Drafts refuse to replace a description, as the one of the page is there already.
            if command == "qmtl import --draft pets/":
                os.remove(self.path("pets-import.toml"))
            # These two follow what nobody would type on the page: a table's texts of one's own, and their training.
            if command.startswith("qmtl predict runs/lines"):
                self.shell("qmtl import lines-import.toml --out lines.h5 && tools/text_embeddings.py more.csv --column text --out more.npy")
                self.write("lines.toml", '[data]\nfile = "lines.h5"\n')
                self.shell("qmtl train lines.toml")
            with self.subTest(command=command):
                self.shell(re.sub(r"mpirun -n \d+", "mpirun --oversubscribe --bind-to none -n 2", command))
        self.assertEqual(len(self.read("predictions.csv").splitlines()), 21)

    def test_the_circuit_of_the_literature_is_planned(self):
        block = next(block for block in blocks("toml") if "glue9" in block)
        self.write("points.csv", "a,b,c,d,sentiment,entailment\n" + "".join(
            f"{i % 7},{i % 5},{i % 3},{i % 2},{'good' if i % 2 else 'bad'},{'abc'[i % 3]}\n" for i in range(60)))
        self.shell("qmtl import --draft points.csv --label sentiment --label entailment && qmtl import points-import.toml --out points.h5")
        self.write("glue.toml", '[data]\nfile = "points.h5"\n' + block)
        self.assertIn("3 qubits", self.shell("qmtl plan glue.toml"))


if __name__ == "__main__":
    main()
