#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`qmtl replay` on devices that say how well their parts work: the emulated IBM service and files. Layouts avoid what is dead,
`plan` says what to expect, a qubit whose readings are found to say nothing voids no replay, and counts are scored again without
the service."""

import json
import os
import random

from replay_case import Emulator, ReplayCase, harness


def entry(name, unit, value):
    return {"name": name, "unit": unit, "value": value, "date": "2026-01-01T00:00:00Z"}


def device(rows, columns, dead=(), swapped=()):
    """Properties of a grid with drawn errors; qubits in `dead` have gates with error 1, those in `swapped` read the other bit
    although they are said to read well."""
    draw = random.Random(7)
    size = rows * columns
    qubits, gates = [], []

    def gate(name, on, error, length):
        gates.append({"gate": name, "qubits": on, "parameters": [entry("gate_error", "", error), entry("gate_length", "ns", length)]})

    for q in range(size):
        p = draw.uniform(0.005, 0.03)
        wrong = 0.97 if q in swapped else p
        qubits.append([entry("T1", "us", draw.uniform(100, 200)), entry("T2", "us", draw.uniform(80, 150)),
                       entry("readout_error", "", wrong), entry("prob_meas0_prep1", "", wrong), entry("prob_meas1_prep0", "", wrong)])
        for name in ("sx", "x"):
            gate(name, [q], 1 if q in dead else draw.uniform(1e-4, 5e-4), 32)
        gate("rz", [q], 0, 0)
    for q in range(size):
        for other in ([q + 1] if (q + 1) % columns else []) + ([q + columns] if q + columns < size else []):
            error = draw.uniform(0.002, 0.02)
            for pair in ([q, other], [other, q]):
                gate("cz", pair, error, 68)
    return {"backend_name": "emulated", "qubits": qubits, "gates": gates}


class Calibrated(ReplayCase):
    def test_the_emulated_service_tells_its_properties_and_the_layout_reads_them(self):
        self.write("grid.json", json.dumps(device(3, 4, dead=(5,))))
        with Emulator(self.path("calibrated.log"), "--noise", self.path("grid.json")) as emulator:
            self.write("ibm.toml", emulator.endpoint("ibm"))
            self.write("blind.toml", emulator.endpoint("ibm", properties="none"))
            plan = json.loads(self.good("plan", "run", "--endpoint", "ibm.toml", "--json").stdout)
            self.assertEqual(len(plan["success"]), plan["programs"])
            for program in plan["success"]:
                self.assertAlmostEqual(program["product"], program["gates"] * program["readout"] * program["waiting"],
                                       delta=1e-12)
                self.assertTrue(0.3 < program["product"] < 1, program)
            self.assertEqual(plan["layout"], ["avoids qubits 5: their gates do not work (gate_error 1)"])
            text = self.good("plan", "run", "--endpoint", "ibm.toml").stdout
            self.assertRegex(text, r"success +0\.\d+ of executions without an error")
            self.assertIn("avoids qubits 5", text)
            blind = json.loads(self.good("plan", "run", "--endpoint", "blind.toml", "--json").stdout)
            self.assertIsNone(blind["success"])
            self.assertEqual(blind["layout"], [])
            # What is asked for is kept, whatever the service says later.
            options = ["--endpoint", "ibm.toml", "--name", "kept", "--avoid", "0,1:2", "--shots", "200", "--max-cost", "1e8",
                       "--longest-poll", "0.5"]
            scores = self.scores("run", "run", *options)
            kept = json.loads(self.read("run/replay/kept/plan.json"))["target"]
            self.assertEqual(kept["avoided"], {"qubits": [0], "couplers": [[1, 2]]})
            self.assertIn("properties", kept)
            self.assertEqual(self.scores("run", "run", *options), scores)
            self.bad(2, "avoid", "run", "run", *[("3" if option == "0,1:2" else option) for option in options])
            self.bad(2, "--qubits", "plan", "run", "--endpoint", "ibm.toml", "--qubits", "0-99")

    def test_a_properties_file_is_target_and_quality_of_a_local_endpoint(self):
        self.write("grid.json", json.dumps(device(3, 4)))
        path = self.path("grid.json")
        self.write("local.toml", f'kind = "exact"\ntarget = "{path}"\n')
        plan = json.loads(self.good("plan", "run", "--endpoint", "local.toml", "--json").stdout)
        self.assertEqual(len(plan["success"]), plan["programs"])
        self.write("named.toml", 'kind = "exact"\ntarget = "grid-3x4"\nbasis = "cz,rz,sx,x"\nproperties = "grid.json"\n')
        named = json.loads(self.good("plan", "run", "--endpoint", "named.toml", "--json").stdout)
        self.assertEqual(named["success"], plan["success"])
        self.write("broken.toml", 'kind = "exact"\ntarget = "grid-3x4"\nbasis = "cz,rz,sx,x"\nproperties = "none.json"\n')
        self.bad(3, "none.json", "plan", "run", "--endpoint", "broken.toml")

    def test_exports_take_properties_too(self):
        self.write("grid.json", json.dumps(device(3, 4, dead=(2,))))
        told = json.loads(self.succeed("export", "run", "--to", "isa", "--target", "grid.json", "--avoid", "7", "--out", "isa",
                                       "--overwrite", "--json").stdout)
        for layout in told["layouts"]:
            self.assertEqual({2, 7} & set(layout["layout"]), set())
            self.assertGreater(layout["success"]["product"], 0)
        self.assertEqual(len(told["avoided"]), 2)
        self.refuse(2, ["--avoid", "77"], "export", "run", "--to", "isa", "--target", "grid.json", "--avoid", "77", "--out",
                    "isa", "--overwrite")

    def test_a_qubit_whose_readings_say_nothing_voids_no_replay(self):
        lying = device(2, 3, swapped=(5,))  # not among the five that show the order of bits
        self.write("lying.json", json.dumps(lying))
        # The service says nothing of it, so that the layout takes every qubit.
        self.write("lying.toml", 'kind = "noisy"\nnoise = "lying.json"\nseed = 3\ntarget = "grid-2x3"\nbasis = "cz,rz,sx,x"\n'
                                 'properties = "none"\n')
        options = ["--endpoint", "lying.toml", "--name", "lying", "--shots", "300", "--max-qubits", "6"]
        done = self.good("run", "run", *options, "--json")
        scores = json.loads(done.stdout)
        self.assertEqual(scores["complete"], scores["samples"])
        self.assertEqual(scores["mitigation"]["unmitigated_qubits"], [5])
        self.assertIn("qubits 5", done.stderr)
        self.assertIn("not corrected", self.good("fetch", "run/replay/lying").stdout)

    def test_counts_are_scored_again_without_the_service(self):
        self.write("reading.toml", "[[readout]]\np1_given_0 = 0.05\np0_given_1 = 0.15\n")
        self.write("again.toml", 'kind = "noisy"\nnoise = "reading.toml"\nseed = 3\n')
        begun = self.scores("run", "run", "--endpoint", "again.toml", "--name", "again", "--shots", "400",
                            "--noise-factors", "1,3")
        os.remove(self.path("again.toml"))
        journal, report = self.read("run/replay/again/journal.jsonl"), self.read("run/replay/again/replay.json")
        self.assertEqual(self.scores("score", "run/replay/again"), begun)
        plain = self.scores("score", "run/replay/again", "--mitigate", "none", "--extrapolate", "none")
        self.assertEqual(plain["mitigation"]["readout"], "none")
        for name, task in plain["tasks"].items():
            self.assertEqual(task["value"], task["raw"], name)
            self.assertEqual(task["raw"], begun["tasks"][name]["raw"], name)
        other = self.scores("score", "run/replay/again", "--extrapolate", "richardson")
        self.assertEqual(other["mitigation"]["extrapolation"], "richardson")
        self.assertEqual(self.read("run/replay/again/journal.jsonl"), journal)
        self.assertEqual(self.read("run/replay/again/replay.json"), report)
        self.bad(2, "--mitigate", "score", "run/replay/again", "--mitigate", "all")
        self.bad(2, "measure anew", "score", "run/replay/again", "--mitigate", "readout,zne")
        self.bad(2, "--shots", "score", "run/replay/again", "--shots", "9")
        self.good("run", "run", "--endpoint", "exact", "--name", "unmitigated", "--mitigate", "none", "--shots", "50")
        self.bad(2, "--mitigate readout", "score", "run/replay/unmitigated", "--mitigate", "readout")

    def test_a_noisy_endpoint_without_noise_is_refused(self):
        self.bad(2, "noise", "plan", "run", "--endpoint", "noisy")
        self.write("empty.toml", "")
        self.write("quiet.toml", 'kind = "noisy"\nnoise = "empty.toml"\n')
        self.bad(2, "exact", "plan", "run", "--endpoint", "quiet.toml")

    def test_a_tuning_keeps_the_device_that_it_began_with(self):
        self.write("grid.json", json.dumps(device(3, 4)))
        self.write("tuned.toml", 'kind = "exact"\ntarget = "grid-3x4"\nbasis = "cz,rz,sx,x"\nproperties = "grid.json"\n')
        common = ["replay", "tune", "run", "--endpoint", "tuned.toml", "--rule", "spsa", "--shots", "20", "--batch", "2",
                  "--validation", "2", "--json", "--avoid", "11"]
        whole = json.loads(self.succeed(*common, "--out", "tuned-whole", "--steps", "2").stdout)
        json.loads(self.succeed(*common, "--out", "tuned-parts", "--steps", "1").stdout)
        kept = json.loads(self.read("tuned-parts/device.json"))
        self.assertEqual(kept["avoided"]["qubits"], [11])
        parts = json.loads(self.succeed(*common, "--out", "tuned-parts", "--steps", "2").stdout)
        self.assertEqual(parts["run_hash"], whole["run_hash"])


if __name__ == "__main__":
    harness.main()
