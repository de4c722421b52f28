#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Others' device libraries behind our QDMI endpoint. The DDSIM device of MQT Core, an independent simulator, executes our
programs: its counts have the exact distribution, and a model scores on it what it scores on the exact endpoint. IQM's own
library speaks to the emulator of IQM's server: what it calls prx is used, its calibration is read, and its results are those
of our endpoint for that server."""

import json
import os
import subprocess
import sys

import numpy
import peers

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import harness
from replay_case import Emulator, ReplayCase

peers.require("mqt.core", "iqm.qdmi", skipped="QDMI's DDSIM device and IQM's library through our endpoint")

LIBRARY = peers.ddsim_library()
IQM_LIBRARY = peers.iqm_library()


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


class Iqm(ReplayCase):
    def expectations(self, name):
        """(value, its standard error) of every output of every sample."""
        read = json.loads(self.read(f"run/replay/{name}/replay.json"))["expectations"]["measured"]
        return [pair for values, errors in zip(read["value"], read["error"]) for pair in zip(values, errors)]

    def replayed(self, name, endpoint):
        self.scores("run", "run", "--endpoint", endpoint, "--name", name, "--samples", "3", "--shots", "400", "--max-cost", "1e7")
        return self.expectations(name)

    def test_iqms_own_library_gives_what_our_endpoint_for_its_server_gives(self):
        self.write("iqm-noise.toml", "[[gate]]\nnames = [\"cz\"]\nchannels = [{ kind = \"depolarising\", probability = 0.01 }]\n"
                                     "[[gate]]\nnames = [\"cz\"]\nqubits = [[1, 2]]\nchannels = [{ kind = \"depolarising\", probability = 0.3 }]\n")
        with Emulator(self.path("iqm.log"), "--coupling", "ring-8", "--name", "garnet", "--queue", "none", "--noise",
                      self.path("iqm-noise.toml")) as emulator:
            self.write("library.toml", f'kind = "qdmi"\nlibrary = "{IQM_LIBRARY}"\nprefix = "IQM"\nformat = "iqm"\nremote = true\n'
                                       f'base_url = "{emulator.places["iqm"]}"\napi_key_env = "REPLAY_KEY"\n')
            self.write("server.toml", emulator.endpoint("iqm"))
            plans = [json.loads(self.good("plan", "run", "--endpoint", f"{name}.toml", "--samples", "3", "--json").stdout)
                     for name in ("library", "server")]
            # The same calibration is read, and the pair that it warns of (error .3 x 3/4) is not used.
            success = [[program["product"] for program in plan["success"]] for plan in plans]
            numpy.testing.assert_allclose(*success, rtol=0, atol=1e-9)
            self.assertGreater(min(success[0]), 1 - 0.225)
            found = self.replayed("library", "library.toml"), self.replayed("server", "server.toml")
        self.assertEqual(len(found[0]), len(found[1]))
        for (a, a_error), (b, b_error) in zip(*found):
            # Six standard deviations of a difference: a chance of 2e-9. Counts of few outcomes have errors of 0.
            self.assertLess(abs(a - b), 6 * max((a_error**2 + b_error**2) ** 0.5, 1 / 400))


if __name__ == "__main__":
    if not LIBRARY or not IQM_LIBRARY:
        sys.exit("expected the device libraries inside mqt.core and iqm.qdmi: make the environment again with tests/hardware/setup")
    harness.main()
