#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ranks take the cores that mpirun may use where nobody asked for a binding, and keep a binding that was asked for."""

import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from harness import PROGRAM, Program, environment, main

GIVEN = len(os.sched_getaffinity(0))


class Binding(Program):
    def ranks(self, *options):
        """(threads, cores allowed, ranks that share them) of each rank."""
        done = subprocess.run(["mpirun", "-q", *options, PROGRAM, "doctor", "--json"], cwd=self.base, env=environment(),
                              text=True, capture_output=True, timeout=60)
        found = json.loads(done.stdout)
        pattern = r"(\d+) per rank \((\d+) of \d+ cores allowed, shared by (\d+)"
        return [tuple(map(int, re.match(pattern, text).groups())) for text in found["ranks"]]

    def test_one_rank_uses_all_cores_that_mpirun_was_given(self):
        self.assertEqual(self.ranks("-n", "1"), [(GIVEN, GIVEN, 1)])

    def test_two_ranks_leave_no_core_idle(self):
        for threads, allowed, sharing in self.ranks("--oversubscribe", "-n", "2"):
            self.assertEqual(threads, max(1, allowed // sharing))
            self.assertGreaterEqual(threads * 2, GIVEN)

    def test_a_binding_that_was_asked_for_is_kept(self):
        self.assertLessEqual(self.ranks("-n", "1", "--bind-to", "core")[0][1], max(1, GIVEN // 2))
        self.assertEqual(self.ranks("-n", "1", "--bind-to", "none"), [(GIVEN, GIVEN, 1)])


if __name__ == "__main__":
    main()
