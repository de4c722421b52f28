#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`qmtl replay` from plan to report: on the simulator and through the emulated services, alone and in steps."""

import json
import math
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

import peers
from replay_case import KEY, LONG, Emulator, ReplayCase, harness

ROOT = pathlib.Path(__file__).resolve().parents[2]


# Errors of gates and readings as of a device that is not among the best.
DEVICE = """
[[gate]]
names = ["cz"]
channels = [{ kind = "depolarising", probability = 0.05 }]
[[gate]]
names = ["rx", "ry"]
channels = [{ kind = "depolarising", probability = 0.005 }]
[[readout]]
p1_given_0 = 0.05
p0_given_1 = 0.15
"""


def too_many(outside, cases):
    """Whether so many of the intervals of 95 % may not miss: less likely than 1e-4 (binomial)."""
    return sum(math.comb(cases, k) * 0.05**k * 0.95 ** (cases - k) for k in range(outside, cases + 1)) < 1e-4


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


class ThroughServices(ReplayCase):
    """Both protocols, with the device behind them."""

    OPTIONS = ["--head-split", "cones", "--shots", "300", "--samples", "12", "--replicates", "200",
               "--longest-poll", "0.2"]

    def setUp(self):
        self.log = self.path(self.id().split(".")[-1] + ".log")

    def begin(self, emulator, protocol, **more):
        self.write("service.toml", emulator.endpoint(protocol, **more))

    def test_both_services_give_what_the_simulator_behind_them_does(self):
        for protocol in ("ionq", "ibm"):
            with self.subTest(protocol=protocol), Emulator(self.log) as emulator:
                self.begin(emulator, protocol)
                name = "whole-" + protocol
                scores = self.scores("run", "run", "--endpoint", "service.toml", "--name", name, "--max-cost", "1e6",
                                     *self.OPTIONS)
                self.assertEqual(scores["complete"], 12)
                made = emulator.made_jobs()
                self.assertEqual(len(made), scores["jobs"])
                self.assertEqual(len(set(made)), len(made))
                outside = [n for n, t in scores["tasks"].items() if not t["low"] <= t["exact"] <= t["high"]]
                self.assertFalse(too_many(len(outside), len(scores["tasks"])), scores["tasks"])

    def test_an_ibm_device_with_basis_and_coupling(self):
        with Emulator(self.log, "--coupling", "line-8", "--basis", "cz,rz,sx,x") as emulator:
            self.begin(emulator, "ibm")
            scores = self.scores("run", "run", "--endpoint", "service.toml", "--name", "heron", "--max-cost", "1e6",
                                 *self.OPTIONS)
            self.assertEqual(scores["complete"], 12)
            outside = [n for n, t in scores["tasks"].items() if not t["low"] <= t["exact"] <= t["high"]]
            self.assertFalse(too_many(len(outside), len(scores["tasks"])), scores["tasks"])

    def test_submit_status_and_fetch_are_separate(self):
        with Emulator(self.log, "--queue", "polls:3", "--noise", self.path("noise.toml")) as emulator:
            self.begin(emulator, "ionq")
            arguments = ["run", "--endpoint", "service.toml", "--name", "steps", "--max-cost", "1e6", *self.OPTIONS]
            self.good("submit", *arguments)
            status = json.loads(self.good("status", "run/replay/steps", "--json").stdout)
            states = {job["state"] for job in status["jobs"]}
            self.assertEqual(states, {"fetched", "submitted"})
            self.good("fetch", "run/replay/steps")
            scores = self.scores("fetch", "run/replay/steps", "--wait")
            self.assertEqual(scores["complete"], 12)
            self.assertEqual(len(emulator.made_jobs()), scores["jobs"])
            # What is known of the device now is used again: neither probe nor calibration.
            plan = json.loads(self.good("plan", "run", "--endpoint", "service.toml", "--name", "next", "--json",
                                        *self.OPTIONS).stdout)
            self.assertEqual({job["phase"] for job in plan["jobs"]}, {"work"})

    def test_nothing_is_sent_without_or_above_a_ceiling(self):
        with Emulator(self.log) as emulator:
            self.begin(emulator, "ionq")
            arguments = ["run", "run", "--endpoint", "service.toml", "--name", "dear", *self.OPTIONS]
            self.bad(2, "--max-cost", *arguments)
            plan = json.loads(self.good("plan", *arguments[1:], "--json").stdout)
            self.assertTrue(plan["paid"])
            amount = plan["cost"]["amount"]
            self.assertGreater(amount, 0)
            self.bad(2, "nothing more was sent", *arguments, "--max-cost", str(amount * 0.99))
            self.assertEqual(emulator.made_jobs(), [])
            scores = self.scores(*arguments, "--max-cost", str(amount * 1.01))
            self.assertLessEqual(scores["cost"]["amount"], amount * 1.01)

    def test_a_service_that_reverses_bits_gets_no_paid_work(self):
        for protocol, path in (("ionq", "GET /jobs/*/results/*:*=reverse-bits"),
                               ("ibm", "GET /jobs/*/results:*=reverse-bits")):
            with self.subTest(protocol=protocol), Emulator(self.log, "--fault", path) as emulator:
                self.begin(emulator, protocol)
                name = "reversed-" + protocol
                self.bad(4, "revers", "run", "run", "--endpoint", "service.toml", "--name", name, "--max-cost", "1e6",
                         *self.OPTIONS)
                self.assertEqual(len(emulator.made_jobs()), 1)
                # It stays refused: the probe's result is in the folder.
                self.bad(4, "revers", "submit", f"run/replay/{name}", "--max-cost", "1e6")
                self.assertEqual(len(emulator.made_jobs()), 1)

    def test_a_job_that_fails_is_said_and_sent_again_when_asked(self):
        with Emulator(self.log, "--fault", "POST /jobs:4=fail-job") as emulator:
            self.begin(emulator, "ionq")
            result = self.replay("run", "run", "--endpoint", "service.toml", "--name", "failing", "--max-cost", "1e6",
                                 *self.OPTIONS)
            self.assertEqual(result.returncode, 4, result.stderr)
            self.assertIn("no sample has the results", result.stderr)
            scores = self.scores("run", "run/replay/failing", "--retry", "--max-cost", "1e6")
            self.assertEqual(scores["complete"], 12)
            self.assertEqual(len(emulator.made_jobs()), scores["jobs"] + 1)

    def test_rows_that_failed_leave_the_other_samples(self):
        with Emulator(self.log, "--fault", "POST /jobs:4-=partial-failure") as emulator:
            self.begin(emulator, "ionq")
            scores = self.scores("run", "run", "--endpoint", "service.toml", "--name", "partial", "--max-cost", "1e6",
                                 *self.OPTIONS)
            self.assertEqual(scores["complete"], 11)
            self.assertTrue(scores["missing"])

    def test_rows_without_results_are_sent_again_when_asked_and_what_came_is_kept(self):
        """Rows that failed at the service; answers that lacked rows are asked for again, which costs nothing."""
        for protocol, fault, paid in (("ionq", "POST /jobs:4-5=partial-failure", True),
                                      ("ionq", "GET results:2=partial-failure", False),
                                      ("ibm", "GET results:2=partial-failure", False)):
            with self.subTest(protocol=protocol, fault=fault), Emulator(self.log, "--fault", fault) as emulator:
                self.begin(emulator, protocol)
                name = f"lacking-{protocol}-{paid}"
                self.replay("run", "run", "--endpoint", "service.toml", "--name", name, "--max-cost", "1e6", *self.OPTIONS)
                first = emulator.made_jobs()
                folder = pathlib.Path(self.path(f"run/replay/{name}/results"))
                kept = {file.name: json.loads(file.read_text())["counts"] for file in folder.iterdir()}
                done = self.good("run", f"run/replay/{name}", "--retry", "--max-cost", "1e6", "--json")
                scores = json.loads(done.stdout)
                self.assertEqual(scores["complete"], 12)
                self.assertEqual(scores["missing"], [])
                again = emulator.made_jobs()[len(first):]
                self.assertIn(f"{len(again)} jobs are sent again", done.stderr)
                self.assertEqual(bool(again), paid and bool(first), done.stderr)
                self.assertEqual(len(set(again)), len(again))
                for file, counts in kept.items():
                    now = json.loads((folder / file).read_text())["counts"]
                    for before, after in zip(sum(counts, []), sum(now, []), strict=True):
                        if before:
                            self.assertEqual(after, before)
                self.assertEqual(self.scores("run", f"run/replay/{name}", "--retry", "--max-cost", "1e6"), scores)
                self.assertEqual(emulator.made_jobs(), first + again)

    def test_cancelling_ends_jobs_and_says_so(self):
        with Emulator(self.log, "--queue", "polls:4") as emulator:
            self.begin(emulator, "ionq")
            self.good("submit", "run", "--endpoint", "service.toml", "--name", "cancelled", "--max-cost", "1e6",
                      *self.OPTIONS)
            self.good("cancel", "run/replay/cancelled")
            status = json.loads(self.good("status", "run/replay/cancelled", "--json").stdout)
            self.assertIn("cancelled", status["states"])
            self.assertNotIn("submitted", status["states"])
            self.assertEqual(len(emulator.made_jobs()), len(status["jobs"]))

    def test_a_signal_ends_cleanly_and_the_next_command_goes_on(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=how), Emulator(self.log, "--queue", "polls:4") as emulator:
                self.begin(emulator, "ionq")
                name = f"stopped-{how}"
                process = subprocess.Popen(
                    [harness.PROGRAM, "replay", "run", "run", "--endpoint", "service.toml", "--name", name,
                     "--max-cost", "1e6", *self.OPTIONS], cwd=self.base, text=True, stderr=subprocess.PIPE,
                    stdout=subprocess.PIPE, env=harness.environment({"REPLAY_KEY": KEY}))
                limit = time.monotonic() + 60
                while not emulator.made_jobs() and time.monotonic() < limit:
                    time.sleep(0.02)  # until the first job is there
                process.send_signal(how)
                output, errors = process.communicate(timeout=60)
                self.seen.append(output + errors)
                self.assertEqual(process.returncode, 75, errors)
                self.assertIn("Go on with", errors)
                scores = self.scores("run", f"run/replay/{name}", "--max-cost", "1e6", "--longest-poll", "0.2")
                self.assertEqual(scores["complete"], 12)
                self.assertEqual(len(set(emulator.made_jobs())), len(emulator.made_jobs()))


class Digits(ReplayCase):
    """The ten tasks of the digits benchmark; the whole test split with QMTL_LONG=1, which prints the tables."""

    SAMPLES = [] if LONG else ["--samples", "60"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not (ROOT.parent / "shared" / "data").exists():
            raise unittest.SkipTest("the digits are not there")
        shutil.copytree(ROOT / "benchmarks" / "digits", cls.path("digits"), ignore=shutil.ignore_patterns("results"))
        # What was trained gives the shots their random numbers, not where: the same ones in every run of this test.
        for command in (["import", "digits/import.toml", "--out", "digits.h5"],
                        ["train", "digits/digits.toml", "--quiet", "--set", "data.file=digits.h5", "--set",
                         "run.folder=digits-run"]):
            made = cls.run_program(*command)
            if made.returncode != 0:
                raise RuntimeError(made.stderr)

    def show(self, title, rows):
        if LONG:
            print(f"\n{title}\n{'task':10}{'exact':>9}{'raw':>9}{'measured':>10}  95 %")
            for name, task in rows:
                print(f"{name:10}{task['exact']:9.4f}{task['raw']:9.4f}{task['value']:10.4f}  "
                      f"{task['low']:.4f} .. {task['high']:.4f}")

    def test_every_task_is_within_its_interval(self):
        endpoints = {"exact": "exact"}
        library = peers.ddsim_library()
        if library:
            endpoints["ddsim"] = "ddsim.toml"
            self.write("ddsim.toml", f'kind = "qdmi"\nlibrary = "{library}"\nprefix = "MQT_DDSIM"\n')
        else:
            print("skipped: the digits on DDSIM; needs mqt.core (tests/hardware/setup makes the environment)")
        with Emulator(self.path("digits.log")) as emulator:
            for protocol in ("ionq", "ibm"):
                endpoints[protocol] = protocol + ".toml"
                self.write(endpoints[protocol], emulator.endpoint(protocol))
            outside, cases = [], 0
            for name, endpoint in endpoints.items():
                scores = self.scores("run", "digits-run", "--endpoint", endpoint, "--name", name, "--shots", "1000",
                                     "--head-split", "cones", "--max-cost", "1e8", "--longest-poll", "0.5",
                                     *self.SAMPLES)
                self.assertEqual(scores["complete"], scores["samples"])
                self.show(f"{name}: {scores['samples']} samples", scores["tasks"].items())
                cases += len(scores["tasks"])
                outside += [(name, task) for task, row in scores["tasks"].items()
                            if not row["low"] <= row["exact"] <= row["high"]]
        self.assertFalse(too_many(len(outside), cases), f"of {cases} intervals these miss the exact score: {outside}")

    def test_mitigation_recovers_at_least_half_of_what_noise_and_readings_cost(self):
        self.write("device.toml", DEVICE)
        self.write("noisy.toml", 'kind = "noisy"\nnoise = "device.toml"\nseed = 3\n')
        ways = {"readout": [], "readout-and-extrapolation": ["--noise-factors", "1,3"]}
        for name, options in ways.items() if LONG else [("readout", [])]:
            with self.subTest(mitigation=name):
                scores = self.scores("run", "digits-run", "--endpoint", "noisy.toml", "--name", "mitigated-" + name,
                                     "--shots", "1000", "--calibration-shots", "20000", "--head-split", "cones",
                                     *(["--samples", "100"] if not LONG else []), *options)
                mean = scores["mean"]
                self.show(f"{name}: {scores['samples']} samples", [*scores["tasks"].items(), ("mean", mean)])
                # A loss that shots alone could make would show nothing.
                self.assertGreater(mean["exact"] - mean["raw"], 0.005, mean)
                self.assertLessEqual(mean["exact"] - mean["value"], 0.5 * (mean["exact"] - mean["raw"]), mean)


if __name__ == "__main__":
    harness.main()
