#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The DDSIM device of MQT Core, an independent simulator behind QDMI, executes our programs through our endpoint: its
counts have the exact distribution, and a model scores on it what it scores on the exact endpoint."""

import json
import os
import subprocess
import sys

import peers

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import harness

peers.require("mqt.core", skipped="QDMI's DDSIM device through our endpoint")

LIBRARY = peers.ddsim_library()


class Qdmi(harness.Program):
    def test_programs_have_the_exact_distribution(self):
        program = os.path.join(os.path.dirname(harness.PROGRAM), "tests", "test_hardware")
        result = subprocess.run([program, "An independent QDMI device agrees with the exact distribution"],
                                env=harness.environment({"QMTL_QDMI_LIBRARY": LIBRARY}), text=True, capture_output=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertNotIn("skipped", result.stdout)

    def test_a_model_scores_as_on_the_exact_endpoint(self):
        self.write("ddsim.toml", f'kind = "qdmi"\nlibrary = "{LIBRARY}"\nprefix = "MQT_DDSIM"\n')
        self.train("run")
        losses = {}
        for endpoint in ("exact", "ddsim.toml"):
            result = self.succeed("replay", "tune", "run", "--endpoint", endpoint, "--out", "on-" + endpoint, "--steps",
                                  "0", "--shots", "4000", "--validation", "6", "--json", "--quiet")
            losses[endpoint] = json.loads(result.stdout)["before"]["loss"]
        # Expectations are known to 1 / sqrt(4000) = 1.6 %; with scales of 4 over a gain of 0.3 that is 0.2 in one of 30
        # logits and a few percent of their mean loss.
        self.assertAlmostEqual(losses["exact"], losses["ddsim.toml"], delta=0.1 * losses["exact"])


if __name__ == "__main__":
    if not LIBRARY:
        sys.exit("expected the DDSIM device library inside mqt.core: make the environment again with tests/hardware/setup")
    harness.main()
