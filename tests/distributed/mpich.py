#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program over MPICH gives the bits that it gives over Open MPI, and fails as it does there. QMTL_MPICH_PROGRAM is the program
linked with MPICH, which the build makes where Debian's libmpich-dev is installed."""

import json
import os
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tools"))
from harness import MPIRUN, PROGRAM, Program, environment, main

OTHER = os.environ.get("QMTL_MPICH_PROGRAM", "")
LAUNCHER = ["mpiexec.mpich"]
MISSING = [] if OTHER else ["libmpich-dev"]
MISSING += [] if shutil.which(LAUNCHER[0]) else ["mpich"]


@unittest.skipIf(MISSING, f"needs Debian's {', '.join(MISSING)}")
class Mpich(Program):
    def over_mpich(self, *arguments, ranks, launcher=LAUNCHER, program=OTHER):
        return subprocess.run([*launcher, "-n", str(ranks), program, *arguments], cwd=self.base, env=environment(), text=True,
                              capture_output=True, timeout=300)

    def test_one_run_hash(self):
        rows = [("ranks", "Open MPI", "MPICH")]
        hashes = set()
        for ranks in (1, 2, 5):
            one = self.train(f"open{ranks}", ranks=ranks)["run_hash"]
            done = self.over_mpich("train", "train.toml", "--quiet", "--json", "--set", f"run.folder=mpich{ranks}", ranks=ranks)
            self.assertEqual(done.returncode, 0, done.stderr)
            other = json.loads(done.stdout)["run_hash"]  # and nothing else: no word of the library about what was left unread
            rows.append((str(ranks), one, other))
            hashes |= {one, other}
            self.assertEqual(self.bits(f"mpich{ranks}"), self.bits(f"open{ranks}"))
        print("\n" + "\n".join(f"{ranks:7}{one:66}{other}" for ranks, one, other in rows), file=sys.stderr)
        self.assertEqual(len(hashes), 1, rows)

    def test_one_message_of_all_ranks(self):
        done = self.over_mpich("train", "nothing.toml", ranks=3)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stderr.count("qmtl: error:"), 1, done.stderr)
        self.assertIn("nothing.toml", done.stderr)

    def test_the_launcher_of_another_library_is_refused(self):
        for launcher, program in ((MPIRUN, OTHER), (LAUNCHER, PROGRAM)):
            with self.subTest(launcher[0]):
                done = self.over_mpich("train", "train.toml", "--set", "run.folder=alone", ranks=2, launcher=launcher, program=program)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("do not see each other", done.stderr)
                self.assertFalse(os.path.exists(self.path("alone")))

    @unittest.skipUnless(os.environ.get("QMTL_LONG") == "1", "in the long form")
    def test_determinism_in_full(self):
        # mpiexec.mpich keeps SIGUSR1 for itself: the test that stops a run through the launcher is Open MPI's alone.
        tests = ["any_ranks_and_threads_give_the_same_bits", "every_head_gives_the_same_bits_on_other_ranks",
                 "convolutions_give_the_same_bits_on_any_ranks", "inputs_in_a_file_give_the_bits_of_those_in_memory"]
        variables = environment({"QMTL_PROGRAM": OTHER, "QMTL_MPIRUN": " ".join(LAUNCHER)})
        done = subprocess.run([sys.executable, os.path.join(HERE, "determinism.py"), *(f"Determinism.test_{name}" for name in tests)],
                              env=variables, text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])


if __name__ == "__main__":
    main()
