#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a run leaves behind to be looked at: metrics.jsonl, logs of the ranks, trace, environment; alone and on 3 ranks."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import MPIRUN, PROGRAM, Program, environment, main

PHASES = ["compute", "wait", "reduce", "update", "evaluate", "save"]
STEPS, EPOCHS = 9, 3  # 90 rows in batches of 40
# Times are written with six significant digits, and a sum of six numbers loses a little of that.
ROUNDING = 1e-4


class Records(Program):
    """One run alone and one on three ranks, with a line for every step and a trace."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for ranks in (1, 3):
            cls.must("train", "train.toml", "--quiet", "--trace", "--set", f"run.folder=run{ranks}", "--set", "run.log_every=1",
                     "--threads", "1", ranks=0 if ranks == 1 else ranks)

    def log(self, folder, rank):
        return self.read(f"{folder}/logs/rank-{rank:04d}.log").decode().splitlines()

    def start_long(self, folder, *arguments):
        """A run of very many epochs that has printed the line of its second one."""
        process = subprocess.Popen([PROGRAM, "train", "train.toml", "--progress", "plain", "--set", f"run.folder={folder}",
                                    "--set", "train.epochs=100000", *arguments],
                                   cwd=self.base, env=environment(), text=True, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        for line in process.stderr:
            if line.startswith("epoch 2/"):
                return process
        self.fail(f"the run ended with {process.wait()}")


class Metrics(Records):
    def test_there_is_a_line_for_every_step_and_every_epoch_in_order(self):
        for ranks in (1, 3):
            lines = self.metrics(f"run{ranks}")
            kinds = [line["kind"] for line in lines]
            self.assertEqual(kinds, (["step"] * 3 + ["epoch"]) * EPOCHS)
            self.assertEqual([line["step"] for line in lines if line["kind"] == "step"], list(range(1, STEPS + 1)))
            self.assertEqual([line["epoch"] for line in lines], [1] * 4 + [2] * 4 + [3] * 4)

    def test_the_tasks_losses_add_up_to_the_loss_of_the_step_and_of_the_epoch(self):
        for ranks in (1, 3):
            for epoch in self.metrics(f"run{ranks}", "epoch"):
                steps = [line for line in self.metrics(f"run{ranks}", "step") if line["epoch"] == epoch["epoch"]]
                for step in steps:
                    self.assertEqual(set(step["losses"]), {"sum", "kind", "value"})
                    self.assertAlmostEqual(sum(step["losses"].values()), step["loss"], delta=1e-12)
                mean = sum(step["loss"] for step in steps) / len(steps)
                self.assertAlmostEqual(mean, epoch["train_loss"], delta=1e-12)

    def test_all_but_the_times_is_the_same_on_any_ranks(self):
        self.assertEqual(self.bits("run1"), self.bits("run3"))

    def test_the_times_fit_into_the_wall_time(self):
        for ranks in (1, 3):
            for line in self.metrics(f"run{ranks}"):
                timing = line["timing"]
                self.assertEqual(list(timing["phases"]), PHASES)
                self.assertEqual(timing["steps"], 1 if line["kind"] == "step" else 3)
                means = [phase["mean"] for phase in timing["phases"].values()]
                self.assertGreater(timing["phases"]["compute"]["mean"], 0)
                self.assertTrue(all(mean >= 0 for mean in means), line)
                self.assertLessEqual(sum(means), timing["seconds"] * (1 + ROUNDING), line)
                for phase in timing["phases"].values():
                    self.assertLessEqual(phase["mean"], phase["max"] * (1 + ROUNDING), line)
                if line["kind"] == "step":
                    self.assertNotIn("ranks", timing["phases"]["compute"])
                    continue
                self.assertAlmostEqual(timing["samples_per_second"] * timing["seconds"] / 90, 1, delta=ROUNDING)
                for rank in range(ranks):
                    own = [phase["ranks"][rank] for phase in timing["phases"].values()]
                    self.assertLessEqual(sum(own), timing["seconds"] * (1 + ROUNDING), line)
                for phase in timing["phases"].values():
                    self.assertEqual(len(phase["ranks"]), ranks)
                    self.assertAlmostEqual(sum(phase["ranks"]) / ranks, phase["mean"], delta=ROUNDING * phase["max"])
                    self.assertEqual(max(phase["ranks"]), phase["max"])

    def test_the_steps_times_add_up_to_the_epochs(self):
        for ranks in (1, 3):
            for epoch in self.metrics(f"run{ranks}", "epoch"):
                steps = [line for line in self.metrics(f"run{ranks}", "step") if line["epoch"] == epoch["epoch"]]
                for phase in ("compute", "wait", "reduce", "update"):
                    total = sum(step["timing"]["phases"][phase]["mean"] for step in steps)
                    expected = epoch["timing"]["phases"][phase]["mean"]
                    self.assertAlmostEqual(total, expected, delta=ROUNDING * expected + 1e-12, msg=phase)

    def test_every_how_many_steps_is_a_choice_and_none_is_one(self):
        self.train("fourth", "--set", "run.log_every=4")
        steps = self.metrics("fourth", "step")
        self.assertEqual([(line["step"], line["timing"]["steps"]) for line in steps], [(4, 4), (8, 4)])
        self.train("never", "--set", "run.log_every=0")
        self.assertEqual(self.metrics("never", "step"), [])
        self.assertEqual([line["epoch"] for line in self.metrics("never")], [1, 2, 3])
        self.refuse(2, ["run.log_every", "at least 0"], "train", "train.toml", "--set", "run.log_every=-1", "--set",
                    "run.folder=wrong")

    def test_a_resumed_run_has_the_lines_of_an_undisturbed_one(self):
        for before, after in ((0, 3), (3, 0)):
            folder = f"resumed{before}"
            self.train(folder, "--set", "train.epochs=2", "--set", "run.log_every=1", ranks=before)
            # Lines of steps after the checkpoint, the last of them torn: a killed run leaves such.
            lines = self.read("run1/metrics.jsonl").decode().splitlines(keepends=True)
            with open(self.path(f"{folder}/metrics.jsonl"), "a") as file:
                file.write(lines[8] + lines[9][:40])
            self.train(folder, "--resume", "--set", "run.log_every=1", ranks=after)
            self.assertEqual(self.bits(folder), self.bits("run1"))

    def test_lines_without_a_kind_are_epochs(self):
        shutil.copytree(self.path("run1"), self.path("older"))
        older = [{key: value for key, value in line.items() if key not in ("kind", "timing")}
                 for line in self.metrics("run1", "epoch")]
        self.write("older/metrics.jsonl", "".join(json.dumps(line) + "\n" for line in older))
        self.succeed("report", "older")
        self.train("older", "--resume", "--set", "train.epochs=4")
        self.assertEqual([line["epoch"] for line in map(json.loads, self.read("older/metrics.jsonl").decode().splitlines())],
                         [1, 2, 3, 4])


class Logs(Records):
    def test_every_rank_says_where_it_runs_and_how_far_it_came(self):
        for ranks in (1, 3):
            self.assertEqual(len(os.listdir(self.path(f"run{ranks}/logs"))), ranks)
            for rank in range(ranks):
                lines = self.log(f"run{ranks}", rank)
                for line in lines:
                    self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d (info|warning): ")
                self.assertRegex(lines[0], rf"rank {rank} of {ranks} on {re.escape(socket.gethostname())}, process \d+, "
                                           rf"cores [\d,-]+, threads 1, qmtl .*")
                self.assertEqual(sum("ended at step" in line for line in lines), EPOCHS)
                self.assertIn("epoch 3 ended at step 9, compute", "\n".join(lines))
                # Only what its scores warn of may follow.
            told = [line for line in lines if "the best constant answer" not in line]
            self.assertTrue(told[-1].endswith("finished after step 9"), told[-1])

    def test_a_resume_goes_on_in_the_same_file_and_a_new_start_begins_anew(self):
        self.train("again", "--set", "train.epochs=2", ranks=2)
        self.train("again", "--resume", ranks=3)
        self.assertEqual(sum(" of " in line and "process" in line for line in self.log("again", 1)), 2)
        self.assertIn("going on after step 6", "\n".join(self.log("again", 1)))
        self.assertNotIn("going on", self.log("again", 0)[0])
        self.train("again", "--overwrite")
        self.assertEqual(os.listdir(self.path("again/logs")), ["rank-0000.log"])
        self.assertEqual(sum("process" in line for line in self.log("again", 0)), 1)

    def test_an_error_is_the_last_line_of_every_log(self):
        self.refuse(3, ["finite"], "train", "train.toml", "--set", "run.folder=broken", "--set", "train.optimiser=sgd",
                    "--set", "train.learning_rate=1e300", ranks=3)
        for rank in range(3):
            self.assertRegex(self.log("broken", rank)[-1], "error: .*finite")
        self.assertEqual(json.loads(self.read("broken/status.json"))["state"], "failed")

    def test_a_killed_run_leaves_its_last_lines(self):
        process = self.start_long("killed")
        process.kill()
        process.stderr.close()
        self.assertEqual(process.wait(), -signal.SIGKILL)
        text = "\n".join(self.log("killed", 0))
        self.assertIn("epoch 1 ended at step 3", text)
        self.assertNotIn("finished", text)

    def test_they_can_be_left_out(self):
        self.train("without", "--set", "run.rank_logs=false")
        self.assertFalse(os.path.exists(self.path("without/logs")))


class Traces(Records):
    def events(self, folder, ranks):
        """The trace's slices by rank, each list in the order of their begin; longer ones first."""
        trace = json.loads(self.read(f"{folder}/trace.json"))
        names = {e["pid"]: e["args"]["name"] for e in trace["traceEvents"] if e["ph"] == "M" and e["name"] == "process_name"}
        self.assertEqual(names, {r: f"rank {r} on {socket.gethostname()}" for r in range(ranks)})
        slices = [e for e in trace["traceEvents"] if e["ph"] == "X"]
        self.assertEqual({e["ph"] for e in trace["traceEvents"]}, {"M", "X"})
        by_rank = {rank: [e for e in slices if e["pid"] == rank] for rank in range(ranks)}
        for events in by_rank.values():
            events.sort(key=lambda e: (e["ts"], -e["dur"], e["cat"] == "phase"))
        return by_rank, trace["otherData"]

    def test_it_has_every_step_of_every_rank_with_its_phases_inside(self):
        for ranks in (1, 3):
            by_rank, other = self.events(f"run{ranks}", ranks)
            self.assertEqual(other["steps"], STEPS)
            self.assertEqual(other["steps_left_out"], 0)
            for rank, events in by_rank.items():
                steps = [e for e in events if e["cat"] == "step"]
                self.assertEqual([e["name"] for e in steps], [f"step {n}" for n in range(1, STEPS + 1)])
                self.assertEqual([e["args"]["epoch"] for e in steps], [1] * 3 + [2] * 3 + [3] * 3)
                for name, count in (("compute", 9), ("wait", 9), ("reduce", 9), ("update", 9), ("evaluate", 3)):
                    self.assertEqual(sum(e["name"] == name for e in events), count, name)
                # Rank 0 saves, at least after the first epoch and at the end.
                saves = sum(e["name"] == "save" for e in events)
                self.assertTrue(2 <= saves <= 3 if rank == 0 else saves == 0, (rank, saves))
                for step in steps:
                    inside = [e for e in events if e["cat"] == "phase" and e["args"]["step"] == step["args"]["step"]
                              and e["name"] in PHASES[:4]]
                    self.assertEqual([e["name"] for e in sorted(inside, key=lambda e: PHASES.index(e["name"]))], PHASES[:4])
                    # Nanoseconds, printed in microseconds with three decimals.
                    total = sum(e["dur"] for e in inside)
                    self.assertAlmostEqual(total, step["dur"], delta=0.0045)

    def test_slices_of_a_rank_are_apart_or_inside_each_other(self):
        for ranks in (1, 3):
            for events in self.events(f"run{ranks}", ranks)[0].values():
                open_ends = []
                for event in events:
                    begin, end = event["ts"], event["ts"] + event["dur"]
                    self.assertGreaterEqual(begin, 0)
                    while open_ends and open_ends[-1] <= begin + 0.0015:
                        open_ends.pop()
                    if open_ends:
                        self.assertLessEqual(end, open_ends[-1] + 0.0015, event)
                    open_ends.append(end)

    def test_its_size_is_bounded_and_it_says_what_is_left_out(self):
        self.train("short", "--trace", "--trace-steps", "4", ranks=2)
        by_rank, other = self.events("short", 2)
        self.assertEqual(other["steps"], 4)
        self.assertEqual(other["steps_left_out"], 5)
        for events in by_rank.values():
            self.assertEqual(sum(e["cat"] == "step" for e in events), 4)
        self.refuse(2, ["--trace-steps", "found 0"], "train", "train.toml", "--trace", "--trace-steps", "0", "--set",
                    "run.folder=wrong")

    def test_a_stopped_run_has_one_too(self):
        process = self.start_long("stopped", "--trace")
        process.send_signal(signal.SIGUSR1)
        process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(), 75)
        events = self.events("stopped", 1)[0][0]
        self.assertGreaterEqual(sum(e["cat"] == "step" for e in events), 6)
        self.assertTrue(self.log("stopped", 0)[-1].split(": ")[1].startswith("stopped after step"))

    def test_there_is_none_unless_asked_for(self):
        self.train("plain")
        self.assertFalse(os.path.exists(self.path("plain/trace.json")))


class Environment(Records):
    def test_it_names_every_rank_and_start(self):
        self.train("moved", "--set", "train.epochs=2", "--threads", "2", ranks=2)
        self.train("moved", "--resume", "--threads", "1", ranks=3)
        starts = [json.loads(line) for line in self.read("moved/environment.jsonl").decode().splitlines()]
        self.assertEqual([(start["step"], len(start["ranks"])) for start in starts], [(0, 2), (6, 3)])
        for start, threads in zip(starts, (2, 1)):
            self.assertTrue(start["mpi"] and start["hdf5"] and start["processor"] and start["system"])
            for rank, place in enumerate(start["ranks"]):
                self.assertEqual(place["rank"], rank)
                self.assertEqual(place["host"], socket.gethostname())
                self.assertEqual(place["threads"], threads)
                self.assertRegex(place["cores"], r"^\d+(-\d+)?(,\d+(-\d+)?)*$")
            self.assertEqual(len({place["process"] for place in start["ranks"]}), len(start["ranks"]))
        shown = subprocess.run(["taskset", "-c", "0", PROGRAM, "train", "train.toml", "--quiet", "--set",
                                "run.folder=bound"], cwd=self.base, env=environment(), capture_output=True)
        if shown.returncode == 0:  # core 0 may not be ours
            start = json.loads(self.read("bound/environment.jsonl"))
            self.assertEqual(start["ranks"][0]["cores"], "0")

    def test_overwriting_leaves_nothing_of_the_earlier_run(self):
        shutil.copytree(self.path("run3"), self.path("over"))
        self.write("over/evaluation-test.json", "{}")
        self.write("over/restarts.jsonl", json.dumps({"time": 1e9, "exit_code": 137, "step": 3, "wait_seconds": 1}) + "\n")
        self.train("over", "--overwrite")
        self.assertEqual(sorted(os.listdir(self.path("over"))),
                         ["checkpoints", "config.toml", "environment.jsonl", "evaluation-validation.json", "logs",
                          "metrics.jsonl", "status.json"])
        self.assertEqual(len(self.read("over/environment.jsonl").splitlines()), 1)


class PlainProgress(Records):
    def test_long_epochs_have_lines_of_their_own(self):
        result = self.succeed("train", "train.toml", "--set", "run.folder=steps", "--progress-every", "0")
        lines = [line for line in result.stderr.splitlines() if line.startswith("epoch ")]
        self.assertEqual(sum("%  loss" in line for line in lines), STEPS)
        self.assertEqual(len(lines), STEPS + EPOCHS)
        self.assertTrue(all("samples/s  ETA" in line for line in lines), lines)
        rare = self.succeed("train", "train.toml", "--set", "run.folder=rare", "--progress-every", "3600")
        self.assertNotIn("%  loss", rare.stderr)
        self.refuse(2, ["--progress-every"], "train", "train.toml", "--progress-every", "-1", "--set", "run.folder=wrong")


if __name__ == "__main__":
    main()
