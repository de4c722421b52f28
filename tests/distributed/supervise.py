#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""qmtl supervise: when it starts a run again and when not, how it stops, and runs killed at random that end with the
bits of the undisturbed one.

The decisions are tested with a program called qmtl that ends as a list says; the kills with the real one. Five runs are
killed always, a hundred with QMTL_LONG=1.
"""

import json
import os
import random
import re
import signal
import subprocess

from fault_case import LONG, FaultCase, crash, main, on_rank
from harness import PROGRAM, environment

# Ends with the next code of the file codes; a line "137 5" makes a checkpoint file of step 5 first.
SCRIPTED = """#!/bin/bash
echo "$@" >> calls
read -r code step < codes
sed -i 1d codes
if [ -n "$step" ]; then mkdir -p run/checkpoints; touch "run/checkpoints/step-$step.h5"; fi
exit "$code"
"""


class Supervise(FaultCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.makedirs(cls.path("scripted"))
        cls.program("qmtl", SCRIPTED)

    @classmethod
    def program(cls, name, text):
        cls.write("scripted/" + name, text)
        os.chmod(cls.path("scripted/" + name), 0o755)

    def supervise(self, *arguments):
        return subprocess.run([PROGRAM, "supervise", *arguments], cwd=self.base, env=environment(), text=True,
                              capture_output=True, timeout=300)

    def scripted(self, codes, *options, command=("scripted/qmtl", "train", "train.toml")):
        """Exit code, the commands that were run, and the restarts listed, for a program that ends with these codes."""
        subprocess.run(["rm", "-rf", "run", "calls"], cwd=self.base, check=True)
        self.write("codes", "".join(f"{code}\n" for code in codes))
        backoff = [] if "--backoff" in options else ["--backoff", "0"]
        result = self.supervise(*backoff, *options, "--", *command)
        calls = self.read("calls").decode().splitlines() if os.path.exists(self.path("calls")) else []
        restarts = []
        if os.path.exists(self.path("run/restarts.jsonl")):
            restarts = [json.loads(line) for line in self.read("run/restarts.jsonl").splitlines()]
        return result, calls, restarts

    def test_every_crash_is_followed_by_a_restart_until_the_run_is_done(self):
        codes = (137, 75, 76, 134, 139, 205, 1, 143)
        result, calls, restarts = self.scripted([f"{code} {10 + i}" for i, code in enumerate(codes)] + ["0"])
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(calls, ["train train.toml"] + ["train train.toml --resume"] * len(codes))
        self.assertEqual([row["exit_code"] for row in restarts], list(codes))
        self.assertEqual([row["step"] for row in restarts], list(range(10, 18)))
        self.assertEqual([row["restart"] for row in restarts], list(range(1, 9)))
        self.assertEqual(sorted(restarts[0]), ["exit_code", "reason", "restart", "step", "time", "wait_seconds"])
        self.assertIn("restart 1 of at most 100", result.stderr)

    def test_a_signal_that_kills_the_command_is_a_crash(self):
        self.program("qmtl", SCRIPTED.replace('exit "$code"', 'if [ "$code" -gt 128 ]; then kill -$((code - 128)) $$; fi; exit "$code"'))
        self.addCleanup(self.program, "qmtl", SCRIPTED)
        result, calls, restarts = self.scripted(["137 1", "139 2", "0"])
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([row["exit_code"] for row in restarts], [137, 139])
        self.assertEqual(len(calls), 3)

    def test_wrong_configurations_and_data_are_not_tried_again(self):
        for code in (2, 3, 4, 126, 127):
            with self.subTest(code=code):
                result, calls, restarts = self.scripted([code, 0])
                self.assertEqual((result.returncode, len(calls), restarts), (code, 1, []))

    def test_restarts_have_an_end(self):
        result, calls, _ = self.scripted([f"137 {step}" for step in range(1, 10)], "--max-restarts", "4")
        self.assertEqual((result.returncode, len(calls)), (137, 5))
        self.assertIn("after 4 restarts", result.stderr)

    def test_restarts_that_bring_nothing_have_an_end(self):
        result, calls, restarts = self.scripted(["137 5"] + ["139"] * 9, "--no-progress", "2")
        self.assertEqual((result.returncode, len(calls)), (139, 4))
        self.assertIn("no newer checkpoint after 2 restarts", result.stderr)
        self.assertEqual([row["step"] for row in restarts], [5, 5, 5])
        # The same where there never was a checkpoint, and an older one is no progress.
        self.assertEqual(len(self.scripted(["137"] * 9, "--no-progress", "2")[1]), 3)
        self.assertEqual(len(self.scripted(["137 5"] + ["137 4"] * 9, "--no-progress", "2")[1]), 4)

    def test_the_wait_doubles_while_there_is_no_newer_checkpoint(self):
        _, _, restarts = self.scripted(["137 1", "137", "137", "137", "137", "137 2", "137", "0"], "--backoff", "0.001",
                                       "--max-backoff", "0.004", "--no-progress", "9")
        self.assertEqual([row["wait_seconds"] for row in restarts], [0.001, 0.001, 0.002, 0.004, 0.004, 0.001, 0.001])

    def test_begun_without_a_checkpoint_is_begun_again(self):
        self.program("qmtl", SCRIPTED.replace("exit", "mkdir -p run; touch run/config.toml; exit"))
        self.addCleanup(self.program, "qmtl", SCRIPTED)
        _, calls, _ = self.scripted(["137", "137 5", "0"], command=("scripted/qmtl", "train", "train.toml", "--resume"))
        self.assertEqual(calls, ["train train.toml", "train train.toml --overwrite", "train train.toml --resume"])

    def test_an_added_task_goes_on_from_the_runs_own_configuration(self):
        _, calls, _ = self.scripted(["137", "137 5", "0"], command=(
            "scripted/qmtl", "train", "train.toml", "--add-task", "t", "--from=old", "--register", "0,1", "--threads", "1"))
        self.assertEqual(calls[1:], ["train train.toml --add-task t --from=old --register 0,1 --threads 1",
                                     "train run/config.toml --resume --threads 1"])

    def test_what_the_command_leaves_behind_is_killed_before_the_next_start(self):
        self.program("qmtl", SCRIPTED.replace("exit", "[ -e left ] || { sleep 1000 & echo $! > left; }; exit"))
        self.addCleanup(self.program, "qmtl", SCRIPTED)
        self.scripted(["137", "0"])
        try:
            with open(f"/proc/{int(self.read('left'))}/stat") as file:
                self.assertEqual(file.read().split(")")[1].split()[0], "Z")
        except FileNotFoundError:
            pass  # gone

    def test_a_stop_while_waiting_ends_at_once(self):
        self.write("codes", "137\n0\n")
        process = subprocess.Popen([PROGRAM, "supervise", "--backoff", "300", "--", "scripted/qmtl", "train", "train.toml",
                                    "--set", "run.folder=waiting"], cwd=self.base, env=environment(), text=True,
                                   stderr=subprocess.PIPE)
        code, log = self.after_line(process, "qmtl: warning: exit code 137", lambda: process.send_signal(signal.SIGTERM))
        self.assertEqual(code, 75, log)

    def test_stopped_by_a_signal_it_ends_with_75_after_a_checkpoint(self):
        signals = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP)
        for number, ranks in [(number, ranks) for number in signals for ranks in (0, 2)] if LONG else [
                (signal.SIGTERM, 2), (signal.SIGINT, 0)]:
            with self.subTest(signal=number.name, ranks=ranks):
                folder = self.fresh()
                process = subprocess.Popen(
                    [PROGRAM, "supervise", "--", *self.command(folder, "--set", "train.epochs=100000", "--progress", "plain",
                                                               ranks=ranks)],
                    cwd=self.base, env=environment(), text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                code, log = self.after_line(process, "epoch 2/", lambda: process.send_signal(number))
                self.assertEqual(code, 75, log)
                self.assertFalse(os.path.exists(self.path(f"{folder}/restarts.jsonl")), log)
                stopped = int(re.search(r"stopped after step (\d+)", log).group(1))
                self.assertEqual(self.newest_step(folder), stopped)
                type(self).rows.append((f"{number.name} to supervise, {ranks or 1} ranks", code, stopped, self.seen(log)))

    def test_commands_that_cannot_be_supervised_are_refused(self):
        self.refuse(2, ["supervise [options] -- COMMAND"], "supervise", "mpirun", "qmtl", "train", "train.toml")
        self.refuse(2, ["qmtl train CONFIG"], "supervise", "--", "mpirun", "ls")
        self.refuse(2, ["qmtl train CONFIG"], "supervise", "--", "qmtl", "train", "--resume", "train.toml")
        self.refuse(2, ["without --overwrite"], "supervise", "--", "qmtl", "train", "train.toml", "--overwrite")
        self.refuse(2, ["nothing.toml"], "supervise", "--", "qmtl", "train", "nothing.toml")
        self.refuse(2, ["--max-restarts"], "supervise", "--max-restarts", "-1", "--", "qmtl", "train", "train.toml")
        self.refuse(2, ["--silence"], "supervise", "--silence", "3", "--", "qmtl", "train", "train.toml")
        self.refuse(2, ["can be started"], "supervise", "--", "no/such/mpirun", "qmtl", "train", "train.toml")
        self.refuse(2, ["outside of mpirun"], "supervise", "--", "qmtl", "train", "train.toml", ranks=1)

    def finished(self, process, what):
        """The report of a supervised training, after it ended well."""
        out, log = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0, what + "\n" + log)
        return json.loads(out), log

    def supervised(self, folder, ranks, prefix):
        return subprocess.Popen([PROGRAM, "supervise", "--backoff", "0", "--",
                                 *self.command(folder, "--json", "--progress", "plain", ranks=ranks, prefix=prefix)],
                                cwd=self.base, env=environment(), text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def kill_at_a_place(self, folder, generator, ranks):
        """The program kills itself, at a place drawn from all it comes to."""
        rank = generator.randrange(ranks or 1)
        places = [("start", 1), ("open", 1), ("step", 18), ("reduce", 18)]
        if rank == 0:
            places += [("save:" + stage, 6) for stage in ("written", "verified", "renamed", "linked", "listed")]
        place, most = generator.choice(places)
        place = f"{place}:{generator.randint(1, most)}"
        report, log = self.finished(self.supervised(folder, ranks, crash(place, rank, once=folder + ".once")), place)
        return f"rank {rank} of {ranks or 1} at {place}", report, log

    def kill_at_a_line(self, folder, generator, ranks):
        """Killed from outside, whatever it does when the progress comes to a line."""
        rank = generator.randrange(ranks or 1)
        epoch = generator.randint(1, 5)
        prefix = on_rank(rank, f"[ -e {folder}.pid ] || echo $$ > {folder}.pid")
        process = self.supervised(folder, ranks, prefix)
        log = ""
        for line in process.stderr:
            log += line
            if line.startswith(f"epoch {epoch}/"):
                os.kill(int(self.read(folder + ".pid")), signal.SIGKILL)
                break
        report, more = self.finished(process, log)
        return f"rank {rank} of {ranks or 1} after the line of epoch {epoch}", report, log + more

    def test_runs_killed_at_random_end_with_the_bits_of_the_undisturbed_one(self):
        runs = 100 if LONG else 5
        restarts = 0
        for number in range(runs):
            generator = random.Random(number)
            ranks = generator.choice((0, 2, 3)) if LONG or number == 0 else 0
            kill = self.kill_at_a_line if number % 3 == 2 else self.kill_at_a_place
            folder = f"random-{number}"
            with self.subTest(number=number):
                what, report, log = kill(folder, generator, ranks)
                self.assert_whole(folder, report, what + "\n" + log)
                rows = self.read(folder + "/restarts.jsonl").splitlines() if os.path.exists(
                    self.path(folder + "/restarts.jsonl")) else []
                restarts += len(rows)
                # From outside, the run may have been done already.
                if kill == self.kill_at_a_place:
                    self.assertEqual(len(rows), 1, what + "\n" + log)
                    self.assertEqual(json.loads(rows[0])["exit_code"], 137)
        type(self).rows.append((f"{runs} runs killed at random, {restarts} restarts", 0, "-",
                                "all end with the undisturbed hash, scores and best epoch"))


if __name__ == "__main__":
    main()
