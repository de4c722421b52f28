#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`qmtl replay` from plan to report on the simulator: scores, forms, mitigation, what is refused."""

import json
import os
import pathlib
import shutil

from replay_case import ReplayCase, harness, too_many


class OnTheSimulator(ReplayCase):
    def outside(self, scores):
        """Tasks whose interval does not hold the exact score."""
        return [name for name, task in scores["tasks"].items() if not task["low"] <= task["exact"] <= task["high"]]

    def test_measured_scores_agree_with_the_exact_ones_for_every_form(self):
        outside, cases = [], 0
        for form in (["wide"], ["cones"], ["packed", "--max-qubits", "8"]):
            for allocation in ("even", "variance"):
                scores = self.scores("run", "run", "--endpoint", "exact", "--name", f"{form[0]}-{allocation}",
                                     "--head-split", *form, "--allocate", allocation, "--shots", "2000")
                self.assertEqual(scores["complete"], 30)
                self.assertEqual(scores["cost"]["amount"], 0)
                outside += [(form[0], allocation, name) for name in self.outside(scores)]
                cases += len(scores["tasks"])
                for task in scores["tasks"].values():
                    self.assertLessEqual(task["low"], task["high"])
        self.assertFalse(too_many(len(outside), cases), outside)

    def test_exact_scores_are_those_of_eval(self):
        scores = self.scores("run", "run", "--endpoint", "exact", "--name", "as-eval", "--shots", "100")
        evaluated = json.loads(self.succeed("eval", "run", "--json").stdout)
        for name, task in evaluated["tasks"].items():
            self.assertAlmostEqual(scores["tasks"][name]["exact"], task["value"], places=12)
        self.assertAlmostEqual(scores["mean"]["exact"], evaluated["mean"], places=12)

    def test_readout_errors_are_undone_and_a_rehearsal_tells_what_to_expect(self):
        self.write("readout.toml", "[[readout]]\np1_given_0 = 0.05\np0_given_1 = 0.15\n")
        self.write("reading.toml", 'kind = "noisy"\nnoise = "readout.toml"\nseed = 3\n')
        scores = self.scores("run", "run", "--endpoint", "reading.toml", "--name", "reading", "--shots", "4000",
                             "--calibration-shots", "20000", "--rehearse", "readout.toml", "--rehearsals", "4")
        self.assertFalse(too_many(len(self.outside(scores)), len(scores["tasks"])), scores["tasks"])
        # A regression's score suffers most where readings shrink every value.
        value = scores["tasks"]["value"]
        self.assertLess(value["raw"], value["value"])
        for task in [*scores["tasks"].values(), scores["mean"]]:
            spread = max(task["rehearsed"]["sd"], 1e-3)
            # The same device, another seed: six of the standard deviations that four rehearsals estimate badly.
            self.assertLess(abs(task["rehearsed"]["mean"] - task["value"]), 6 * spread + 0.07, task)
        again = self.scores("fetch", "run/replay/reading", "--rehearse", "readout.toml", "--rehearsals", "4")
        self.assertEqual(again, scores)

    def test_noise_is_extrapolated(self):
        self.write("gates.toml", 'kind = "noisy"\nnoise = "noise.toml"\n')
        scores = self.scores("run", "run", "--endpoint", "gates.toml", "--name", "extrapolated", "--noise-factors",
                             "1,3", "--shots", "1000")
        self.assertEqual(scores["mitigation"]["extrapolation"], "linear")
        plain = self.scores("run", "run", "--endpoint", "gates.toml", "--name", "plain", "--shots", "1000")
        self.assertGreater(scores["executions"], 1.9 * (plain["executions"] - 10000))

    def test_a_device_with_a_coupling_map_gets_programs_made_for_it(self):
        self.write("line.toml", 'kind = "exact"\ntarget = "line-8"\nbasis = "cz,rz,sx,x"\n')
        plan = json.loads(self.good("plan", "run", "--endpoint", "line.toml", "--json").stdout)
        self.assertGreater(plan["gates"], 0)
        scores = self.scores("run", "run", "--endpoint", "line.toml", "--name", "line", "--shots", "2000")
        self.assertFalse(too_many(len(self.outside(scores)), len(scores["tasks"])), scores["tasks"])

    def test_the_plan_says_what_is_sent_and_writes_nothing(self):
        plan = json.loads(self.good("plan", "run", "--endpoint", "exact", "--name", "planned", "--json").stdout)
        self.assertFalse(os.path.exists(self.path("run/replay/planned")))
        self.assertEqual(plan["executions"], sum(job["executions"] for job in plan["jobs"]))
        self.assertEqual(plan["jobs"][0]["phase"], "probe" if plan["jobs"][0]["rows"] == 1 else "work")
        scores = self.scores("run", "run", "--endpoint", "exact", "--name", "planned")
        self.assertEqual(scores["identity"], plan["identity"])
        self.assertIn("executions", self.good("plan", "run/replay/planned").stdout)

    def test_a_repeated_command_sends_nothing_and_says_the_same(self):
        first = self.scores("run", "run", "--endpoint", "exact", "--name", "twice", "--shots", "50")
        journal = self.read("run/replay/twice/journal.jsonl")
        self.assertEqual(self.scores("run", "run", "--endpoint", "exact", "--name", "twice", "--shots", "50"), first)
        self.assertEqual(self.scores("fetch", "run/replay/twice"), first)
        self.assertEqual(self.read("run/replay/twice/journal.jsonl"), journal)

    def test_wrong_requests_are_refused_with_their_reason(self):
        self.good("run", "run", "--endpoint", "exact", "--name", "mine", "--shots", "50")
        self.bad(2, "shots: expected 50", "run", "run", "--endpoint", "exact", "--name", "mine", "--shots", "60")
        self.bad(2, "--shots", "submit", "run/replay/mine", "--shots", "60")
        self.bad(2, "did you mean 'submit'", "sumbit", "run")
        self.bad(2, "--endpoint", "run", "run")
        self.bad(3, "request.json", "fetch", "run")
        self.bad(2, "--samples", "run", "run", "--endpoint", "exact", "--samples", "0")
        self.bad(2, "--mitigate", "run", "run", "--endpoint", "exact", "--mitigate", "all")
        self.bad(2, "--noise-factors", "run", "run", "--endpoint", "exact", "--noise-factors", "3,5")
        self.bad(2, "--allocate", "run", "run", "--endpoint", "exact", "--allocate", "most")
        self.bad(2, "qubits", "run", "run", "--endpoint", "exact", "--name", "small", "--max-qubits", "1")
        for damage in (b"", b"{}", b"\xff\xfe", self.read("run/replay/mine/request.json")[:40]):
            self.write("run/replay/mine/request.json", damage)
            self.bad(3, "request.json", "fetch", "run/replay/mine")

    def test_a_head_without_a_circuit_is_refused(self):
        self.train("linear", "--set", "head.kind=linear")
        self.bad(2, "expected a head with a circuit", "plan", "linear", "--endpoint", "exact")

    def test_heads_with_circuits_of_other_forms_are_replayed(self):
        for head in ("hybrid", "separate"):
            self.train(head, "--set", f"head.kind={head}")
            scores = self.scores("run", head, "--endpoint", "exact", "--shots", "1000", "--replicates", "200")
            self.assertFalse(too_many(len(self.outside(scores)), len(scores["tasks"])), (head, scores["tasks"]))

    def test_one_process_at_a_time_works_in_a_folder(self):
        self.good("run", "run", "--endpoint", "exact", "--name", "locked", "--shots", "50")
        lock = open(self.path("run/replay/locked/owner.json"), "w")
        import fcntl
        fcntl.flock(lock, fcntl.LOCK_EX)
        self.bad(3, "owned by another process", "fetch", "run/replay/locked")
        self.good("status", "run/replay/locked")
        lock.close()
        self.good("fetch", "run/replay/locked")

    def test_damage_in_a_folder_is_named_or_mended(self):
        first = self.scores("run", "run", "--endpoint", "exact", "--name", "damaged", "--shots", "50")
        journal = self.read("run/replay/damaged/journal.jsonl")
        self.write("run/replay/damaged/journal.jsonl", journal + b'{"time":1,"job"')
        self.assertEqual(self.scores("fetch", "run/replay/damaged"), first)
        self.assertEqual(self.read("run/replay/damaged/journal.jsonl"), journal)
        results = sorted(pathlib.Path(self.path("run/replay/damaged/results")).iterdir())
        results[0].write_bytes(results[0].read_bytes().replace(b"0", b"1", 1))
        results[-1].unlink()
        mended = self.scores("fetch", "run/replay/damaged")
        self.assertEqual(mended["tasks"], first["tasks"])
        lines = journal.split(b"\n")
        lines[2] = lines[2].replace(b"planned", b"fetched")
        self.write("run/replay/damaged/journal.jsonl", b"\n".join(lines))
        self.bad(3, "journal.jsonl:3", "fetch", "run/replay/damaged")
        self.bad(3, "journal.jsonl:3", "status", "run/replay/damaged")

    def test_a_report_shows_replays_of_a_run_and_alone(self):
        shutil.copytree(self.path("run/checkpoints"), self.path("reported/checkpoints"))
        shutil.copy(self.path("run/metrics.jsonl"), self.path("reported/metrics.jsonl"))
        self.good("run", "reported", "--endpoint", "exact", "--shots", "50", "--rehearse", "noise.toml",
                  "--rehearsals", "2")
        made = json.loads(self.succeed("report", "reported", "--json").stdout)
        self.assertEqual([section["kind"] for section in made["sections"]], ["replay", "run"])
        alone = json.loads(self.succeed("report", "reported/replay/exact", "--json").stdout)
        self.assertEqual([section["kind"] for section in alone["sections"]], ["replay"])
        page = self.read("reported/replay/exact/report.html").decode()
        for words in ("rehearsed", "interval", "executions"):
            self.assertIn(words, page)


if __name__ == "__main__":
    harness.main()
