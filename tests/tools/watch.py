#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`qmtl watch`: shows a run as its files have it, whatever state they are in, follows it and ends with it."""

import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import MPIRUN, PROGRAM, Program, environment, main


class Watch(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for ranks in (1, 3):
            cls.must("train", "train.toml", "--quiet", "--set", f"run.folder=run{ranks}", "--set", "run.log_every=1", "--threads", "1",
                     ranks=0 if ranks == 1 else ranks)

    def once(self, folder, *arguments):
        return json.loads(self.succeed("watch", folder, "--once", "--json", *arguments).stdout)

    def copy(self, name, **status):
        """A copy of the run with another status."""
        shutil.copytree(self.path("run1"), self.path(name))
        changed = json.loads(self.read("run1/status.json"))
        changed.update(status)
        self.write(f"{name}/status.json", json.dumps(changed))

    def ended_process(self):
        process = subprocess.Popen(["true"])
        process.wait()
        return process.pid

    def test_a_finished_run_is_shown_as_its_files_have_it(self):
        for ranks in (1, 3):
            folder = f"run{ranks}"
            view = self.once(folder)
            epochs, steps = self.metrics(folder, "epoch"), self.metrics(folder, "step")
            self.assertEqual(view["state"], "finished")
            self.assertEqual((view["epoch"], view["epochs"], view["step"], view["steps"]), (3, 3, 9, 9))
            self.assertEqual((view["ranks"], view["threads"], view["host"]), (ranks, 1, socket.gethostname()))
            self.assertEqual(view["last_epoch"]["validation_mean"], epochs[-1]["validation_mean"])
            self.assertEqual(view["last_epoch"]["train_loss"], epochs[-1]["train_loss"])
            best = max(epochs, key=lambda line: (line["validation_mean"], line["epoch"]))
            self.assertEqual(view["best_epoch"]["epoch"], best["epoch"])
            self.assertEqual({name: task["value"] for name, task in view["tasks"].items()}, epochs[-1]["tasks"])
            self.assertEqual({name: task["loss"] for name, task in view["tasks"].items()}, steps[-1]["losses"])
            self.assertEqual({name: task["metric"] for name, task in view["tasks"].items()},
                             {"sum": "f1", "kind": "accuracy", "value": "r2"})
            self.assertEqual(view["saved"]["file"], "step-9.h5")
            phases = epochs[-1]["timing"]["phases"]
            self.assertEqual({name: phase["mean"] for name, phase in view["timing"]["phases"].items()},
                             {name: phase["mean"] for name, phase in phases.items()})
            self.assertEqual(view["restarts"], 0)

    def test_the_table_has_it_in_words(self):
        text = self.succeed("watch", "run3", "--once").stdout
        for part in ("run       run3", "finished", "3/3  step 9/9  100%", "best ", "samples/s on 3 ranks with 1 thread each",
                     "step-9.h5", "compute ", "the slowest computes", "accuracy"):
            self.assertIn(part, text)
        self.assertNotIn("\033", text)
        self.assertNotIn("ETA", text)

    def test_it_ends_with_the_run_and_its_kind_of_end(self):
        self.assertTrue(self.succeed("watch", "run1").stdout.startswith("finished  epoch 3/3"))
        self.copy("stopped", state="stopped")
        self.assertEqual(self.run_program("watch", "stopped").returncode, 75)
        self.copy("failed", state="failed", message="rank 2: the reason")
        failed = self.run_program("watch", "failed")
        self.assertEqual(failed.returncode, 3)
        self.assertIn("rank 2: the reason", failed.stdout)
        self.copy("gone", state="running", process=self.ended_process(), updated=time.time())
        gone = self.run_program("watch", "gone")
        self.assertEqual(gone.returncode, 3)
        self.assertTrue(gone.stdout.startswith("gone"), gone.stdout)

    def test_no_news_is_said(self):
        self.copy("silent", state="running", host="elsewhere", updated=time.time() - 1000, alive=time.time() - 900)
        self.assertEqual(self.once("silent")["state"], "silent")
        self.assertAlmostEqual(self.once("silent")["seconds_since_news"], 1000, delta=200)
        self.assertAlmostEqual(self.once("silent")["seconds_since_sign_of_life"], 900, delta=200)
        self.assertRegex(self.succeed("watch", "silent", "--once").stdout, "no news for 1[67]:.* was there 1[56]:.* ago")
        self.assertEqual(self.once("silent", "--silence", "100000")["state"], "running")

    def test_a_torn_last_line_is_not_yet_there_and_strange_ones_are_passed_over(self):
        shutil.copytree(self.path("run1"), self.path("torn"))
        whole = self.once("torn")
        with open(self.path("torn/metrics.jsonl"), "a") as file:
            file.write("strange\n[1]\n{\"kind\": \"step\"}\n{\"kind\": \"step\", \"epo")
        torn = self.once("torn")
        for field in ("last_epoch", "best_epoch", "tasks", "timing"):
            self.assertEqual(torn[field], whole[field], field)

    def test_a_damaged_or_missing_status_is_unknown_and_no_error(self):
        for name, content in (("half", "{\"format\": \"qmtl-st"), ("other", "[]"), ("void", ""), ("none", None)):
            with self.subTest(status=content):
                shutil.copytree(self.path("run1"), self.path(f"status-{name}"))
                if content is None:
                    os.remove(self.path(f"status-{name}/status.json"))
                else:
                    self.write(f"status-{name}/status.json", content)
                view = self.once(f"status-{name}")
                self.assertEqual(view["state"], "unknown")
                self.assertEqual(view["last_epoch"]["epoch"], 3)
                self.assertIn("unknown", self.succeed("watch", f"status-{name}", "--once").stdout)

    def test_a_run_without_any_epoch_is_shown(self):
        self.copy("young", state="running", process=os.getpid(), updated=time.time(), epoch=1, step=0, steps=0, loss=None,
                  samples_per_second=0, seconds_left=0)
        os.remove(self.path("young/metrics.jsonl"))
        shutil.rmtree(self.path("young/checkpoints"))
        view = self.once("young")
        self.assertEqual(view["state"], "running")
        self.assertIsNone(view["tasks"]["sum"]["value"])
        self.assertIn("1/3", self.succeed("watch", "young", "--once").stdout)

    def test_restarts_are_counted(self):
        shutil.copytree(self.path("run1"), self.path("restarted"))
        self.write("restarted/restarts.jsonl", "".join(
            json.dumps({"time": 1e9 + i, "exit_code": 137, "step": i, "wait_seconds": 1.0}) + "\n" for i in range(2)) + "{\"ti")
        self.assertEqual(self.once("restarted")["restarts"], 2)
        self.assertIn("2, the last after exit code 137", self.succeed("watch", "restarted", "--once").stdout)

    def test_where_there_is_no_run_it_says_so(self):
        os.makedirs(self.path("empty"), exist_ok=True)
        for options in ([], ["--once"], ["--once", "--json"]):
            self.refuse(3, ["nowhere: no such folder", "--stay"], "watch", "nowhere", *options)
            self.refuse(3, ["empty: there is no run in this folder"], "watch", "empty", *options)
        self.refuse(2, ["run", "Usage: qmtl watch"], "watch")
        self.refuse(2, ["--interval"], "watch", "run1", "--interval", "0")
        self.refuse(2, ["--once or --stay"], "watch", "run1", "--once", "--stay")

    def follow(self, folder, *arguments):
        return subprocess.Popen([PROGRAM, "watch", folder, "--json", "--interval", "0.01", *arguments], cwd=self.base,
                                env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def test_it_waits_for_a_run_follows_it_and_ends_with_it(self):
        for ranks in (0, 3):
            with self.subTest(ranks=ranks):
                watch = self.follow(f"followed{ranks}", "--stay")
                self.train(f"followed{ranks}", ranks=ranks)
                out, errors = watch.communicate(timeout=120)
                self.assertEqual(watch.returncode, 0, errors)
                views = [json.loads(line) for line in out.splitlines()]
                self.assertEqual(views[-1]["state"], "finished")
                self.assertEqual(views[-1]["last_epoch"]["epoch"], 3)
                seen = [view["last_epoch"]["epoch"] for view in views if "last_epoch" in view]
                self.assertEqual(seen, sorted(seen))

    def test_with_stay_it_follows_over_a_stop_and_a_resume(self):
        command = [PROGRAM, "train", "train.toml", "--progress", "plain", "--set", "run.folder=resumed", "--set",
                   "train.epochs=100000"]
        first = subprocess.Popen(command, cwd=self.base, env=environment(), text=True, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE)
        for line in first.stderr:
            if line.startswith("epoch 2/"):
                break
        watch = self.follow("resumed", "--stay")
        running = json.loads(watch.stdout.readline())
        self.assertEqual(running["state"], "running")
        first.send_signal(signal.SIGTERM)
        first.stderr.read()
        first.stderr.close()
        self.assertEqual(first.wait(), 75)
        for line in watch.stdout:
            if json.loads(line)["state"] == "stopped":
                break
        epochs = json.loads(self.succeed("inspect", "resumed/checkpoints/last.h5", "--json").stdout)["epochs"]
        self.train("resumed", "--resume", "--set", f"train.epochs={epochs + 2}")
        out, errors = watch.communicate(timeout=120)
        self.assertEqual(watch.returncode, 0, errors)
        last = json.loads(out.splitlines()[-1])
        self.assertEqual(last["state"], "finished")
        self.assertEqual(last["last_epoch"]["epoch"], epochs + 2)

    def test_in_a_terminal_it_redraws_its_table(self):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([PROGRAM, "watch", "run1"], cwd=self.base, env=environment(), stdout=theirs)
        os.close(theirs)
        text = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux: the other side is closed
                break
            if not piece:
                break
            text += piece
        os.close(ours)
        self.assertEqual(process.wait(), 0)
        self.assertIn(b"\033[K", text)
        self.assertIn(b"finished", text)


if __name__ == "__main__":
    main()
