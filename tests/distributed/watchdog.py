#!/usr/bin/env python3
"""Ranks that no longer answer end the job with their number, host and place; a job that was stopped as a whole goes on."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import MPIRUN, PROGRAM, Program, environment, main
from nodes import Nodes

# Writes its rank's process number; exec keeps it.
REMEMBER = ["bash", "-c", 'echo $$ > "$0.$OMPI_COMM_WORLD_RANK"; exec "$@"']
LIMIT = 2


class Watchdog(Program):
    def start(self, folder, ranks, mpirun=MPIRUN):
        """A long run in the middle of its epochs; its process and the ranks' numbers."""
        command = mpirun + ["-n", str(ranks), *REMEMBER, self.path(f"pid-{folder}"), PROGRAM, "train",
                            self.path("train.toml"), "--progress", "plain", "--threads", "1", "--set",
                            f"run.folder={self.path(folder)}", "--set", "train.epochs=1000000", "--set",
                            f"distributed.watchdog={LIMIT}"]
        process = subprocess.Popen(command, cwd=self.base, env=environment(), text=True, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, start_new_session=True)
        self.addCleanup(self.end, process)
        # Until every rank has told where it stands, which it does ten times in LIMIT.
        later = time.monotonic() + LIMIT / 2
        for line in process.stderr:
            if line.startswith("epoch ") and time.monotonic() > later:
                break
        self.assertIsNone(process.poll(), "the run ended by itself")
        return process, [int(self.read(f"pid-{folder}.{rank}")) for rank in range(ranks)]

    @staticmethod
    def end(process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.stderr.close()
        process.wait()

    def lost(self, process, rank, host):
        """Expects the one message about a lost rank, and the exit code."""
        errors = [line for line in process.stderr if line.startswith("qmtl: error:")]
        code = process.wait(timeout=60)
        self.assertEqual(len(errors), 1, errors)
        self.assertIn(f"rank {rank} on {host} has not answered for {LIMIT} s; it was last in ", errors[0])
        self.assertRegex(errors[0], r"last in (the \w+|waiting for other ranks) of step \d+")
        self.assertIn("--resume", errors[0])
        self.assertEqual(code, 76)

    def test_a_stopped_rank_ends_the_job_with_its_number_host_and_place(self):
        for ranks, stopped in ((3, 1), (3, 0), (2, 1)):
            with self.subTest(ranks=ranks, stopped=stopped):
                folder = f"run-{ranks}-{stopped}"
                process, pids = self.start(folder, ranks)
                os.kill(pids[stopped], signal.SIGSTOP)
                self.lost(process, stopped, socket.gethostname())
                # Nothing of it stays, and the run goes on from its checkpoint.
                self.assertTrue(self.all_gone(pids), "a rank survived")
                epochs = self.epochs(folder)
                report = self.train(folder, "--resume", "--set", f"train.epochs={epochs + 2}")
                self.assertEqual(report["epochs"], epochs + 2)

    @staticmethod
    def all_gone(pids):
        """mpirun returns while its last signals are still under way."""
        until = time.monotonic() + 10
        while any(os.path.exists(f"/proc/{pid}") for pid in pids):
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def epochs(self, folder):
        return json.loads(self.succeed("inspect", f"{folder}/checkpoints/last.h5", "--json").stdout)["epochs"]

    def test_a_job_that_was_stopped_as_a_whole_goes_on(self):
        process, pids = self.start("suspended", 2)
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

    @unittest.skipIf(Nodes.unavailable(), "network namespaces need root")
    def test_a_node_without_network_ends_the_job(self):
        with Nodes(3) as nodes:
            process, pids = self.start("cut", 3, nodes.mpirun)
            nodes.cut(nodes.names[1])
            self.lost_node(process, pids, nodes)

    def lost_node(self, process, pids, nodes):
        error = next(line for line in process.stderr if line.startswith("qmtl: error:"))
        self.assertIn(f"rank 1 on {nodes.names[1]} has not answered for {LIMIT} s", error)
        # mpirun itself cannot reach the node any more; what is left ends with the job's end of the tests.
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


if __name__ == "__main__":
    main()
