#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`qmtl replay` through the emulated services, alone and in steps: both protocols, ceilings, failures, signals."""

import json
import pathlib
import signal
import subprocess
import time

from replay_case import KEY, Emulator, ReplayCase, harness, too_many


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
            # What the jobs before the last one have cost was known when that was sent.
            self.assertEqual(states, {"fetched", "completed", "submitted"})
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
                                      ("ionq", "GET results:4=partial-failure", False),
                                      ("ibm", "GET results:4=partial-failure", False)):
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

    def test_a_service_that_charges_more_or_twice_passes_the_ceiling_by_one_job_at_most(self):
        for protocol in ("ionq", "ibm"):
            for fault in ("factor=5", "late", "double-charge"):
                # The emulated services take less than their estimates say.
                faults = ["--fault", "POST /jobs:*=overcharge,factor=5"]
                if fault != "factor=5":
                    faults += ["--fault", "POST /jobs:*=" + ("late-charge,polls=3" if fault == "late" else fault)]
                with self.subTest(protocol=protocol, fault=fault), Emulator(self.log, *faults) as emulator:
                    self.begin(emulator, protocol)
                    name = f"dear-{protocol}-{fault}"
                    arguments = ["run", "--endpoint", "service.toml", "--name", name, *self.OPTIONS]
                    plan = json.loads(self.good("plan", *arguments, "--json").stdout)
                    ceiling = 1.02 * plan["cost"]["amount"] + 1  # a step of caps is a second
                    self.bad(2, "--max-cost", "run", *arguments, "--max-cost", str(ceiling))
                    status = json.loads(self.good("status", f"run/replay/{name}", "--json").stdout)
                    sent = [job for job in status["jobs"] if job["spent"] > 0]
                    self.assertEqual(len(emulator.made_jobs()), len(sent))
                    self.assertLess(len(sent), len(status["jobs"]))
                    self.assertLessEqual(status["spent"], ceiling + max(job["spent"] for job in sent))
                    self.assertLessEqual(status["spent"] - sent[-1]["spent"], ceiling)
                    caps = emulator.caps()
                    self.assertEqual(len(caps), len(sent))
                    for cap in caps:
                        if protocol == "ibm":
                            self.assertLessEqual(cap, ceiling)
                        else:
                            self.assertIsNone(cap)

    def test_ionq_sessions_hold_the_ceiling_and_are_ended(self):
        with Emulator(self.log) as emulator:
            self.begin(emulator, "ionq", session=True)
            self.scores("run", "run", "--endpoint", "service.toml", "--name", "held", "--max-cost", "1e4", *self.OPTIONS)
            log = emulator.log()
            made = [entry["session"] for entry in log if entry["method"] == "POST" and entry["path"].endswith("/sessions")]
            self.assertEqual(len(made), 1)
            self.assertEqual({entry.get("session") for entry in log if entry["method"] == "POST" and entry.get("job")},
                             set(made))
            ends = [entry for entry in log if entry["path"].endswith(made[0] + "/end")]
            self.assertEqual([entry["status"] for entry in ends], [200])

    def test_the_endpoint_files_that_emulate_prints_fit(self):
        with Emulator(self.log) as emulator:
            for service, text in emulator.places["endpoints"].items():
                with self.subTest(service=service):
                    self.write("printed.toml", text)
                    plan = self.good("plan", "run", "--endpoint", "printed.toml", "--name", "printed-" + service, "--json",
                                     *self.OPTIONS, extra={"EMULATOR_KEY": KEY})
                    self.assertEqual(json.loads(plan.stdout)["endpoint"]["kind"], service)

    def test_debiasing_takes_its_fewest_shots_for_every_program(self):
        with Emulator(self.log) as emulator:
            self.begin(emulator, "ionq", debiasing=True)
            arguments = ["run", "--endpoint", "service.toml", "--name", "debiased", "--samples", "4", "--head-split", "cones",
                         "--probe-shots", "100", "--calibration-shots", "200"]
            self.bad(2, "at least 500", "plan", *arguments, "--shots", "499")
            plan = json.loads(self.good("plan", *arguments, "--shots", "500", "--json").stdout)
            self.assertGreaterEqual(min(job["shots"] for job in plan["jobs"]), 500)
            self.scores("run", *arguments, "--shots", "500", "--max-cost", "1e6", "--longest-poll", "0.2")

    def test_a_rehearsal_that_cannot_be_is_found_before_anything_is_sent(self):
        self.write("broken.toml", "[[gate]]\nnames = ['cz']\nchannels = [{ kind = 'nothing' }]\n")
        with Emulator(self.log) as emulator:
            self.begin(emulator, "ionq")
            for file, code in (("nosuch.toml", 3), ("broken.toml", 2)):
                for action in ("plan", "submit", "run"):
                    self.bad(code, file, action, "run", "--endpoint", "service.toml", "--name", "rehearsed", "--max-cost", "1e6",
                             "--rehearse", file, *self.OPTIONS)
            self.assertEqual(emulator.made_jobs(), [])

    def test_work_is_not_paid_when_the_calibration_failed(self):
        with Emulator(self.log, "--fault", "POST /jobs:2=fail-job") as emulator:
            self.begin(emulator, "ibm")
            arguments = ["run", "--endpoint", "service.toml", "--name", "blind", "--max-cost", "1e6", *self.OPTIONS]
            for action in ("submit", "run"):
                self.bad(4, "no work was sent", action, *arguments)
            self.assertEqual(len(emulator.made_jobs()), 2)  # the probe and the calibration
            self.assertEqual(self.scores("run", "run/replay/blind", "--retry", "--max-cost", "1e6")["complete"], 12)

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


if __name__ == "__main__":
    harness.main()
