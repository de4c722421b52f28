#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ranks that no longer answer end the job with their number, host and place, and the run goes on to the same bits; a job
that was stopped as a whole, or whose network was away for a while, goes on by itself.

A stopped rank and a cut network always; every rank and place, and a network that comes back after 20 s, with QMTL_LONG=1.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
import unittest

from fault_case import EPOCH_STEPS, LONG, MPIRUN, FaultCase, crash, main
from harness import PROGRAM, environment
from nodes import Nodes

LIMIT = 2
WATCH = ["--set", f"distributed.watchdog={LIMIT}"]
# Writes its rank's process number; exec keeps it.
REMEMBER = ["bash", "-c", 'echo $$ > "$0.$OMPI_COMM_WORLD_RANK"; exec "$@"']


def stopped(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as file:
        return "T (stopped)" in file.read()
    return False


class Stopping(FaultCase):
    """Starts runs whose ranks can be stopped one by one."""

    def begin(self, folder, *options, ranks, mpirun=MPIRUN, prefix=(), before=()):
        """A training in a process group of its own, every rank's process number in FOLDER.RANK."""
        command = self.command(folder, "--progress", "plain", "--threads", "1", *options, ranks=ranks, mpirun=mpirun,
                               prefix=[*REMEMBER, self.path(folder), *prefix])
        process = subprocess.Popen([*before, *command], cwd=self.base, env=environment(), text=True, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, start_new_session=True)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.stderr.close()
        process.wait()

    def pid(self, folder, rank):
        """The process of a rank, as soon as it has one."""
        path = self.path(f"{folder}.{rank}")
        self.until(lambda: os.path.exists(path) and self.read(path).endswith(b"\n"), path)
        return int(self.read(path))

    @staticmethod
    def until(condition, what, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds} s for {what}")
            time.sleep(0.02)

    def running(self, folder, ranks, mpirun=MPIRUN):
        """A long run in the middle of its epochs; its process and the ranks' numbers."""
        process = self.begin(folder, "--set", "train.epochs=1000000", *WATCH, ranks=ranks, mpirun=mpirun)
        # Until every rank has told where it stands, which it does ten times in LIMIT.
        later = time.monotonic() + LIMIT / 2
        for line in process.stderr:
            if line.startswith("epoch ") and time.monotonic() > later:
                break
        self.assertIsNone(process.poll(), "the run ended by itself")
        return process, [self.pid(folder, rank) for rank in range(ranks)]

    def lost(self, process, rank, host):
        """Expects the one message about a lost rank, and the exit code; returns what was printed."""
        log = process.stderr.read()
        code = process.wait(timeout=60)
        errors = [line for line in log.splitlines() if line.startswith("qmtl: error:")]
        self.assertEqual(len(errors), 1, log)
        self.assertIn(f"rank {rank} on {host} has not answered for {LIMIT} s; it was last in ", errors[0])
        self.assertEqual(code, 76)
        return log


class Watchdog(Stopping):
    def test_a_stopped_rank_ends_the_job_with_its_number_host_and_place(self):
        process, pids = self.running("long", 3)
        os.kill(pids[0], signal.SIGSTOP)
        log = self.lost(process, 0, socket.gethostname())
        self.assertRegex(log, r"last in (the \w+|waiting for other ranks) of step \d+; all ranks end")
        self.assertIn("--resume", log)
        # mpirun returns while its last signals are still under way.
        self.until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "the end of all ranks")

    def test_a_slow_launcher_does_not_make_a_second_rank_look_lost(self):
        process, pids = self.running("launcher", 3)
        os.kill(process.pid, signal.SIGSTOP)
        os.kill(pids[1], signal.SIGSTOP)
        # The clock is the point: the rank that asks the launcher for the end is silent for longer than a rank may be.
        time.sleep(3.5 * LIMIT)
        os.kill(process.pid, signal.SIGCONT)
        self.lost(process, 1, socket.gethostname())

    def test_a_run_with_a_stopped_rank_goes_on_to_the_same_bits(self):
        cases = [("step:8", 1)]
        if LONG:
            cases = [(place, rank) for place in ("open:1", "step:1", "step:8", "reduce:10") for rank in range(3)]
            cases += [(f"save:{stage}:2", 0) for stage in ("written", "verified", "renamed", "linked", "listed")]
        for place, rank in cases:
            with self.subTest(place=place, rank=rank):
                folder = self.fresh()
                process = self.begin(folder, *WATCH, ranks=3, prefix=crash(place, rank, signal.SIGSTOP))
                log = self.lost(process, rank, socket.gethostname())
                step = int(place.split(":")[1]) if place.startswith(("step", "reduce")) else 0
                # The save of the epoch before may not have been complete.
                at_least = max(0, (step - 1) // EPOCH_STEPS - 1) * EPOCH_STEPS
                self.finish(f"SIGSTOP of rank {rank} of 3 at {place}", folder, 76, log, 2, at_least=at_least)

    def test_a_job_that_was_stopped_as_a_whole_goes_on(self):
        process, pids = self.running("suspended", 2)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        # The clock is the point here: longer than the watchdog waits.
        time.sleep(2.5 * LIMIT)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        later = time.monotonic() + 2 * LIMIT
        for line in process.stderr:
            self.assertFalse(line.startswith("qmtl: error:"), line)
            if time.monotonic() > later:
                break
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGUSR1)
        process.stderr.read()
        self.assertEqual(process.wait(timeout=60), 75)

    def test_zero_turns_it_off_and_other_values_are_checked(self):
        self.train("off", "--set", "distributed.watchdog=0", ranks=2)
        self.refuse(2, ["distributed.watchdog", "integer -1"], "train", "train.toml", "--set", "distributed.watchdog=-1")

    def test_evaluations_are_watched_too(self):
        # The limit is the run's own.
        self.train("watched", *WATCH)
        for command in (["eval", "watched"], ["predict", "watched", "tiny.h5", "--out", "never.csv"],
                        ["sweep", "watched", "--out", "never.json"]):
            with self.subTest(command=command[0]):
                result = self.run_program(*command, ranks=3, prefix=crash("predict:1", 2, signal.SIGSTOP))
                self.assertEqual(result.returncode, 76, result.stderr)
                self.assertIn(f"rank 2 on {socket.gethostname()} has not answered for {LIMIT} s; it was last in its work; "
                              "all ranks end. Look at that host, then start the same command again", result.stderr)
        self.assertEqual([name for name in os.listdir(self.base) if name.startswith("never")], [])


@unittest.skipIf(Nodes.unavailable(), "network namespaces need root")
class Network(Stopping):
    def cut_in_step_8(self, folder, nodes, *options, before=()):
        """A training on three nodes, of which the second loses its network in step 8 of the first one."""
        process = self.begin(folder, *options, ranks=3, mpirun=nodes.mpirun, before=before,
                             prefix=crash("step:8", 0, signal.SIGSTOP, once=self.path(folder + ".once")))
        pid = self.pid(folder, 0)
        self.until(lambda: stopped(pid), "step 8")
        nodes.cut(nodes.names[1])
        os.kill(pid, signal.SIGCONT)
        return process

    def test_a_node_without_network_ends_the_job_which_goes_on_without_it(self):
        folder = self.fresh()
        with Nodes(3) as nodes:
            process = self.cut_in_step_8(folder, nodes, *WATCH)
            error = next(line for line in process.stderr if line.startswith("qmtl: error:"))
            self.assertIn(f"rank 1 on {nodes.names[1]} has not answered for {LIMIT} s", error)
            self.end(process)
        self.finish("the network of a node of 3 down for ever", folder, 76, error, 2, at_least=EPOCH_STEPS)

    def test_supervise_ends_an_mpirun_that_cannot_reach_a_node_and_starts_again(self):
        folder = self.fresh()
        log = []
        with Nodes(3) as nodes:
            process = self.cut_in_step_8(folder, nodes, *WATCH, before=[PROGRAM, "supervise", "--silence", "10", "--backoff",
                                                                        "0", "--"])
            for line in process.stderr:
                log.append(line)
                if "no sign of life" in line:
                    nodes.mend(nodes.names[1])
            code = process.wait(timeout=60)
        log = "".join(log)
        self.assertEqual(code, 0, log)
        self.assertIn("no sign of life", log)
        self.assertRegex(log, r"exit code 76 \(a rank did not answer\); .*restart 1 of")
        self.finish("the same under supervise, network mended", folder, code, log, at_least=self.whole["steps"])

    def test_a_network_that_comes_back_is_waited_for(self):
        seconds = 20 if LONG else 5
        folder = self.fresh()
        with Nodes(3) as nodes:
            process = self.cut_in_step_8(folder, nodes)
            # The clock is the point here too.
            time.sleep(seconds)
            self.assertIsNone(process.poll(), "the run did not wait")
            nodes.mend(nodes.names[1])
            log = process.stderr.read()
            self.assertEqual(process.wait(timeout=120), 0, log)
        self.finish(f"the network of a node of 3 down for {seconds} s", folder, 0, log, at_least=self.whole["steps"])


if __name__ == "__main__":
    main()
