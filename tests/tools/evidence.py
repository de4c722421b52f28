#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""benchmarks/PREREGISTERED.md holds the designs of benchmarks/evidence as they are: of every set whose data are at hand, the hash;
and what it says of a set is what its comparison does."""

import json
import pathlib
import re
import unittest

from harness import Program, main

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVIDENCE = ROOT / "benchmarks" / "evidence"
REGISTER = (ROOT / "benchmarks" / "PREREGISTERED.md").read_text()


class Evidence(Program):
    def registered(self):
        return dict(re.findall(r"^\| evidence/(\w+)-compare\.toml \| ([0-9a-f]{64}) \|$", REGISTER, re.MULTILINE))

    def test_every_comparison_has_a_registered_design(self):
        files = {path.name.removesuffix("-compare.toml") for path in EVIDENCE.glob("*-compare.toml")}
        self.assertEqual(files, set(self.registered()))
        self.assertEqual(files, set(re.findall(r"^\| (\w+) \| [\d,]+ \| \d+ \(", REGISTER, re.MULTILINE)))
        run = (EVIDENCE / "run").read_text()
        self.assertEqual(files, set(re.search(r"names=\((\w[\w ]+)\)", run)[1].split()))

    def test_registered_designs_are_those_that_run(self):
        found = 0
        for name, design in self.registered().items():
            data = EVIDENCE / re.search(r'^file = "([^"]+)"', (EVIDENCE / f"{name}.toml").read_text(), re.MULTILINE)[1]
            if not data.exists():
                continue
            found += 1
            told = json.loads(self.succeed("compare", str(EVIDENCE / f"{name}-compare.toml"), "--design", "--json", "--quiet").stdout)
            self.assertEqual((told["hash"], told["status"]), (design, "confirmatory"), name)
            self.assertEqual([question["name"] for question in told["design"]["questions"]], [f"Q{number}" for number in range(1, 6)])
        if not found:
            raise unittest.SkipTest("needs the data sets")


if __name__ == "__main__":
    main()
