#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One table: a model's run hash for every number of ranks and threads, on one host and on three, straight or resumed.

A few cells in every run, all with QMTL_LONG=1. Nodes are network namespaces that talk TCP; without root their columns
say so.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import MPIRUN, PROGRAM, Program, environment, main
from nodes import Nodes

LONG = os.environ.get("QMTL_LONG") == "1"

# Every model has dropout, and labels that are missing in one task.
MODELS = {
    "local blocks": {"block.placement": "local", "engine.plan": "state", "distributed.task_groups": 2},
    "global blocks": {"block.placement": "global"},
    "cones": {"circuit.qubits": 10, "circuit.entangler": "cz-ring", "engine.plan": "cones", "distributed.task_groups": 3},
    "shot noise": {"train.shots": 100, "train.learn_task_weights": "true"},
    "hybrid": {"head.kind": "hybrid", "distributed.task_groups": 2},
    "linear head": {"head.kind": "linear", "distributed.task_groups": 3},
    "gradnorm": {"train.task_weighting": "gradnorm", "train.shots": 100},
    "pcgrad": {"train.task_weighting": "pcgrad", "distributed.task_groups": 2},
}
RANKS, THREADS = (1, 2, 3, 4, 7), (1, 2, 4)
SHORT = [  # model, ranks, threads, hosts, resumed
    ("local blocks", 3, 2, 1, False), ("local blocks", 4, 1, 3, True), ("global blocks", 2, 2, 1, True),
    ("cones", 7, 1, 3, False), ("cones", 4, 1, 1, True), ("shot noise", 3, 1, 1, True), ("hybrid", 2, 4, 1, False),
    ("linear head", 7, 2, 1, False), ("linear head", 3, 1, 3, True),
    ("gradnorm", 3, 2, 1, True), ("pcgrad", 2, 2, 1, True)]
EPOCHS = 30


class Matrix(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.no_nodes = Nodes.unavailable()
        cls.nodes = None if cls.no_nodes else Nodes(3).__enter__()

    @classmethod
    def tearDownClass(cls):
        if cls.nodes:
            cls.nodes.__exit__()
        super().tearDownClass()

    def command(self, model, folder, ranks, threads, hosts, *more):
        start = [] if ranks == 0 else (MPIRUN if hosts == 1 else self.nodes.mpirun) + ["-n", str(ranks)]
        sets = [option for key, value in MODELS[model].items() for option in ("--set", f"{key}={value}")]
        return start + [PROGRAM, "train", self.path("train.toml"), "--json", "--threads", str(threads), *sets, "--set",
                        f"run.folder={self.path(folder)}", "--set", f"train.epochs={EPOCHS}", *more]

    def report(self, command):
        done = subprocess.run(command, cwd=self.base, env=environment(), text=True, capture_output=True, timeout=300)
        self.assertEqual(done.returncode, 0, " ".join(command) + "\n" + done.stderr)
        return json.loads(done.stdout)

    def stop_after_an_epoch(self, command):
        """Stopped by a signal as soon as an epoch is recorded; a small run may be done before it arrives."""
        process = subprocess.Popen(command + ["--progress", "plain"], cwd=self.base, env=environment(), text=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        log = []
        for line in process.stderr:
            log.append(line)
            if line.startswith("epoch 1/"):
                process.send_signal(signal.SIGUSR1)
                break
        log += process.stderr.readlines()
        process.stderr.close()
        code = process.wait(timeout=120)
        self.assertIn(code, (0, 75), "".join(log))
        self.stopped += code == 75

    def cell(self, model, ranks, threads, hosts, resumed):
        folder = f"{model}-{ranks}-{threads}-{hosts}-{resumed}".replace(" ", "-")
        if not resumed:
            return self.report(self.command(model, folder, ranks, threads, hosts))
        # It starts on another number of ranks, on one host.
        self.stop_after_an_epoch(self.command(model, folder, RANKS[RANKS.index(ranks) - 1], 1, 1))
        return self.report(self.command(model, folder, ranks, threads, hosts, "--resume"))

    def test_every_cell_has_the_hash_of_its_model(self):
        cells = list(itertools.product(MODELS, RANKS, THREADS, (1, 3), (False, True))) if LONG else SHORT
        expected = {model: self.report(self.command(model, model.replace(" ", "-"), 0, 1, 1)) for model in MODELS}
        self.assertEqual(len({report["run_hash"] for report in expected.values()}), len(MODELS))
        skipped, wrong = 0, []
        self.stopped = 0
        print(f"\n{'model':14} {'ranks':>5} {'threads':>7} {'hosts':>5} {'run':8} run hash")
        for cell in cells:
            model, ranks, threads, hosts, resumed = cell
            if hosts > 1 and self.no_nodes:
                skipped += 1
                continue
            found = self.cell(*cell)
            same = all(found[key] == expected[model][key] for key in ("run_hash", "tasks", "mean", "best_epoch"))
            print(f"{model:14} {ranks:5} {threads:7} {hosts:5} {'resumed' if resumed else 'straight':8} "
                  f"{found['run_hash'][:16]}{'' if same else '  DIFFERS'}", flush=True)
            if not same:
                wrong.append(cell)
        print(f"{len(cells) - skipped} cells, {len(wrong)} differ" +
              (f"; {skipped} cells on three nodes left out: {self.no_nodes}" if skipped else ""))
        print(f"{self.stopped} of {sum(cell[4] for cell in cells)} stops came before the end of their run")
        self.assertEqual(wrong, [])
        self.assertGreater(self.stopped, 0)


if __name__ == "__main__":
    main()
