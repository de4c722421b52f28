#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whatever fails while a replay runs, no job is made twice, no result is lost, and the scores are those of an
undisturbed replay with the same seeds.

The process is killed with SIGKILL around every kind of journal line (QMTL_CRASH_AT=before:STATE:N or after:STATE:N,
which the program honours for this test), connections are cut before, during and after every POST, and every fault of
the emulator is met. A few cases run always, all with QMTL_LONG=1, which prints a table of them.
"""

import json
import shutil
import signal

from replay_case import LONG, Emulator, ReplayCase, harness

STATES = ("planned", "submitting", "submitted", "completed", "fetched")

# Faults of a POST that makes a job after which all must be as if nothing had been.
POST_FAULTS = ("drop-before", "drop-during", "drop-after", "429,retry-after=0", "500", "502", "503", "504",
               "slow,seconds=0.3", "truncate-json", "not-json", "huge-body,bytes=200000000")
# Faults of answers to questions.
GET_FAULTS = ("drop-before", "drop-during", "drop-after", "429,retry-after=0", "500", "503", "slow,seconds=0.3",
              "truncate-json", "not-json", "results-late", "huge-body,bytes=200000000")

# The emulator lists a job at once, so that a short grace is enough.
OPTIONS = ["--head-split", "cones", "--shots", "100", "--samples", "6", "--replicates", "50", "--grace", "0.5", "--longest-poll", "0.3",
           "--max-cost", "1e6", "--name", "case", "--endpoint", "service.toml"]


class Crashes(ReplayCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rows = []
        cls.undisturbed = {}
        # The services' places are part of a replay's identity, so all cases are on one port.
        with Emulator(cls.path("port.log")) as emulator:
            cls.port = emulator.port

    @classmethod
    def tearDownClass(cls):
        if LONG:
            print(f"\n{'protocol':9}{'case':58}{'runs':>5}{'jobs':>5}")
            for row in cls.rows:
                print(f"{row[0]:9}{row[1]:58}{row[2]:5}{row[3]:5}")
        super().tearDownClass()

    def fresh(self):
        """No replay and nothing known of services."""
        shutil.rmtree(self.path("run/replay"), ignore_errors=True)

    def case(self, protocol, what, faults=(), crashes=(), runs=8, emulator_options=(), **more):
        """Runs a replay until it ends well, crashing the first processes; checks jobs, scores and sessions."""
        with self.subTest(protocol=protocol, case=what), \
                Emulator(self.path("emulator.log"), *[part for fault in faults for part in ("--fault", fault)],
                         *emulator_options, port=self.port) as emulator:
            self.fresh()
            self.write("service.toml", emulator.endpoint(protocol, **more))
            scores, trace = None, ""
            for attempt in range(runs):
                extra = {"QMTL_CRASH_AT": crashes[attempt]} if attempt < len(crashes) else None
                # The same command each time: it begins or goes on.
                result = self.replay("run", "run", *OPTIONS, "--json", extra=extra)
                trace += f"\n--- {extra} ended with {result.returncode}\n{result.stderr}"
                if result.returncode == 0:
                    scores = json.loads(result.stdout)
                    break
                if extra:
                    self.assertEqual(result.returncode, -signal.SIGKILL, trace)
                else:
                    self.assertEqual(result.returncode, 4, trace)
            self.assertIsNotNone(scores, trace)
            made = emulator.made_jobs()
            self.assertEqual(sorted(made), sorted(set(made)), "jobs made twice" + trace)
            self.assertEqual(len(made), scores["jobs"], trace)
            key = (protocol, more.get("session"))
            want = self.undisturbed.setdefault(key, scores) if what == "undisturbed" else self.undisturbed[key]
            self.assertEqual(scores["tasks"], want["tasks"], trace)
            self.assertEqual(scores["mean"], want["mean"], trace)
            self.assertEqual(scores["complete"], 6, trace)
            self.assertEqual(scores["cost"], want["cost"], trace)
            if protocol == "ibm":
                self.assertEqual(emulator.open_ibm_sessions(), [], "sessions left open" + trace)
            if more.get("session"):
                self.assertTrue(all(entry.get("session") for entry in emulator.log()
                                    if entry["method"] == "POST" and entry.get("job")), trace)
            Crashes.rows.append((protocol, what, attempt + 1, len(made)))

    def begin(self, protocol, **more):
        """The number of jobs."""
        self.case(protocol, "undisturbed", **more)
        return self.undisturbed.get((protocol, more.get("session")), {}).get("jobs", 0)

    def test_killed_at_every_step_of_the_journal(self):
        for protocol in ("ionq", "ibm") if LONG else ("ionq",):
            jobs = self.begin(protocol)
            numbers = range(1, jobs + 1) if LONG else (2,)
            for state in STATES:
                for number in numbers:
                    for when in ("before", "after"):
                        if LONG or (state, when) in (("submitting", "after"), ("submitted", "before"),
                                                     ("fetched", "before")):
                            crash = f"{when}:{state}:{number}"
                            self.case(protocol, "killed " + crash, crashes=[crash])

    def test_no_session_is_left_open(self):
        jobs = self.begin("ibm", session="batch")
        states = ("session-opening", "session-open", "session-ended") if LONG else ("session-open", "session-ended")
        crashes = [f"{when}:{state}:1" for state in states for when in ("before", "after")]
        crashes += [f"{when}:{state}:{number}" for state in STATES for when in ("before", "after")
                    for number in range(1, jobs + 1)] if LONG else ["after:submitted:2"]
        for crash in crashes:
            self.case("ibm", "in a session, killed " + crash, crashes=[crash], session="batch")
        self.case("ibm", "in a session, killed three times", session="batch",
                  crashes=["after:session-open:1", "after:submitting:1", "after:submitted:1"])
        for fault in ("POST /sessions:1=503", "POST /sessions:1=drop-after", "PATCH /sessions/*:1=drop-before"):
            self.case("ibm", "in a session, " + fault, faults=[fault], session="batch")

    def test_killed_again_and_again(self):
        self.begin("ionq")
        crashes = ["before:submitted:1", "after:submitting:1", "before:submitted:1", "before:fetched:1",
                   "after:submitted:1"]
        self.case("ionq", "killed five times", crashes=crashes, runs=10)
        self.case("ionq", "killed while looking for a job", faults=["POST /jobs:2=drop-after"],
                  crashes=["before:submitted:2", "before:submitted:1"])

    def test_every_fault_of_a_submit(self):
        for protocol in ("ionq", "ibm") if LONG else ("ionq",):
            jobs = self.begin(protocol)
            numbers = range(1, jobs + 1) if LONG else (2,)
            for fault in POST_FAULTS if LONG else ("drop-before", "drop-during", "drop-after", "503"):
                for number in numbers:
                    self.case(protocol, f"POST {number}: {fault}", faults=[f"POST /jobs:{number}={fault}"])

    def test_every_fault_of_a_question(self):
        for protocol in ("ionq", "ibm") if LONG else ("ibm",):
            self.begin(protocol)
            for fault in GET_FAULTS if LONG else ("drop-after", "truncate-json", "results-late"):
                for when in ("1", "3", "5-6") if LONG else ("3",):
                    for path in ("/jobs/*", "*results*", "/jobs/*/results") if LONG else ("/jobs/*",):
                        if "*results*" == path:
                            continue
                        self.case(protocol, f"GET {path} {when}: {fault}", faults=[f"GET {path}:{when}={fault}"])

    def test_the_service_is_restarted_between(self):
        """Tokens end with it; jobs are kept by --state."""
        self.begin("ibm")
        self.case("ibm", "tokens expire", faults=["GET /jobs/*:2=expire-token", "POST /jobs:3=expire-token"])
        if LONG:
            self.case("ibm", "packed results", results="packed", parameters="packed")
            self.case("ibm", "packed and damaged", faults=["GET /jobs/*/results:2=bad-zlib"], results="packed",
                      parameters="packed")

    def test_damaged_counts_are_refused_or_counted(self):
        """Results that are not what was asked for must not become scores in silence."""
        artifacts = ["--ionq-results", "artifacts"]
        for protocol, path, fault, options, code in (
                ("ionq", "/jobs/*/artifacts/*", "leakage", artifacts, 0),
                ("ionq", "/jobs/*/artifacts/*", "wrong-sum", artifacts, 4),
                ("ibm", "/jobs/*/results", "wrong-sum", [], 4)):
            with self.subTest(protocol=protocol, fault=fault), \
                    Emulator(self.path("emulator.log"), "--fault", f"GET {path}:*={fault}", *options,
                             port=self.port) as emulator:
                self.fresh()
                self.write("service.toml", emulator.endpoint(protocol))
                result = self.replay("run", "run", *OPTIONS, "--json")
                self.assertEqual(result.returncode, code, result.stderr)
                if code == 0:
                    self.assertGreater(json.loads(result.stdout)["dropped"], 0)


if __name__ == "__main__":
    harness.main()
