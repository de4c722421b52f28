# SPDX-License-Identifier: Apache-2.0
"""What the tests of failing trainings share: an undisturbed run, runs that are disturbed, and what must hold after."""

import json
import os
import re
import signal
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import harness
from harness import PROGRAM, Program, environment, main  # noqa: F401 (main is for those who import this)

# mpirun's own messages are part of what the user sees.
MPIRUN = [word for word in harness.MPIRUN if word != "-q"]
LONG = os.environ.get("QMTL_LONG") == "1"
EPOCHS = 6
EPOCH_STEPS = 3  # 90 samples in batches of 40
# A save goes on beside the next epoch, whose own save waits for it: with this line epoch 1 is saved.
FIRST_SAVED = "epoch 3/"
# Runs that are disturbed end within seconds; a busy machine takes longer.
LIMIT_SECONDS = 120


def on_rank(rank, what):
    """A command before the program that makes one rank of mpirun (or the only one) run it after `what`."""
    return ["bash", "-c", f'if [ "${{OMPI_COMM_WORLD_RANK:-${{PMIX_RANK:-0}}}}" = {rank} ]; then {what}; fi; exec "$@"',
            "bash"]


def crash(place, rank=0, number=None, once=None):
    """Kills that rank at the place (runtime/base/crash_point.h), or sends it another signal; `once`: only while there is no
    folder of that name, which it makes."""
    export = f"export QMTL_CRASH_AT={place}" + (f" QMTL_CRASH_SIGNAL={int(number)}" if number else "")
    return on_rank(rank, f"if mkdir {once} 2>/dev/null; then {export}; fi" if once else export)


class FaultCase(Program):
    """A test case that collects rows of a table: what happened, exit code, what the user sees, step of the newest checkpoint, ranks after."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Epochs this short are not saved one by one unless so many steps are asked for.
        cls.write("train.toml", harness.CONFIGURATION + f"\n[checkpoint]\nevery_steps = {EPOCH_STEPS}\n")
        cls.rows = []
        cls.folders = 0
        whole = cls.run_program("train", "train.toml", "--json", "--quiet", *cls.into("whole"))
        if whole.returncode != 0:
            raise RuntimeError("the undisturbed run failed: " + whole.stderr)
        cls.whole = json.loads(whole.stdout)

    @classmethod
    def tearDownClass(cls):
        if cls.rows:
            print("\n{:52}{:>5}  {:>8}  {}".format("what happens", "code", "saved at", "what the user sees"))
            for row in cls.rows:
                print("{:52}{:5}  {:>8}  {}".format(*row))
            sys.stdout.flush()
        super().tearDownClass()

    @classmethod
    def run_program(cls, *arguments, ranks=0, extra=None, prefix=()):
        launcher = MPIRUN + ["-n", str(ranks)] if ranks else []
        return subprocess.run(launcher + list(prefix) + [PROGRAM, *arguments], cwd=cls.base, env=environment(extra),
                              text=True, capture_output=True, timeout=300)

    @staticmethod
    def into(folder):
        return ["--set", f"run.folder={folder}", "--set", f"train.epochs={EPOCHS}"]

    def fresh(self):
        type(self).folders += 1
        return f"fault-{self.folders}"

    def command(self, folder, *options, ranks=0, prefix=(), mpirun=MPIRUN):
        launcher = mpirun + ["-n", str(ranks)] if ranks else []
        return launcher + list(prefix) + [PROGRAM, "train", "train.toml", *self.into(folder), *options]

    def start(self, folder, *options, ranks=0, prefix=()):
        """The program running, its standard error readable line by line."""
        return subprocess.Popen(self.command(folder, "--progress", "plain", *options, ranks=ranks, prefix=prefix),
                                cwd=self.base, env=environment(), text=True, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE)

    def after_line(self, process, beginning, action, then=None):
        """Does something when a line of standard error first begins so, and after it for every line that begins as `then`, a
        beginning and an action; returns exit code and all that was printed. A process that does not end by then is killed, so
        that the log shows what it waited for."""
        limit = threading.Timer(LIMIT_SECONDS, process.kill)
        limit.start()
        log = []
        for line in process.stderr:
            log.append(line)
            if beginning and line.startswith(beginning):
                beginning = None
                action()
            elif not beginning and then and line.startswith(then[0]):
                then[1]()
        process.stderr.close()
        code = process.wait(timeout=LIMIT_SECONDS)
        if not limit.is_alive():
            log.append(f"killed after {LIMIT_SECONDS} s\n")
        limit.cancel()
        return code, "".join(log)

    def newest_step(self, folder):
        """The newest checkpoint as the manifest says; nothing without one."""
        path = self.path(f"{folder}/checkpoints/manifest.json")
        if not os.path.exists(path):
            return None
        return max(entry["step"] for entry in json.loads(self.read(path))["checkpoints"])

    def go_on(self, folder, ranks=0):
        """Resumes, or begins again where nothing was saved, on any number of ranks."""
        names = os.listdir(self.path(folder + "/checkpoints")) if os.path.isdir(self.path(folder + "/checkpoints")) else []
        saved = any(name.endswith(".h5") and not name.startswith(".") for name in names)
        how = ["--resume"] if saved else ["--overwrite"]
        result = self.run_program("train", "train.toml", "--json", *self.into(folder), *how, ranks=ranks)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout), result.stderr

    def assert_whole(self, folder, report, trace=""):
        """Hash, scores and metrics are those of the undisturbed run, and only named files are left."""
        self.assertEqual(report["run_hash"], self.whole["run_hash"], trace)
        self.assertEqual(report["tasks"], self.whole["tasks"], trace)
        self.assertEqual(report["best_epoch"], self.whole["best_epoch"], trace)
        self.assertEqual(self.newest_step(folder), self.whole["steps"], trace)
        self.assertEqual([name for name in os.listdir(self.path(folder + "/checkpoints")) if name.startswith(".step")], [],
                         trace)

    def seen(self, text):
        """The line that tells the user what happened."""
        for pattern in (r"^qmtl: error: (.*)", r"^qmtl: warning: (stopped.*)", r"^(mpirun noticed.*)", r"^(srun: error.*)"):
            if found := re.search(pattern, text, re.MULTILINE):
                return found.group(1)[:110]
        return "-"

    def finish(self, what, folder, code, log, after=0, at_least=None, at_most=None):
        """Checks what is saved after a failure, goes on, compares, adds a row."""
        step = self.newest_step(folder)
        trace = f"{what}: exit code {code}, newest checkpoint {step}\n{log}"
        if at_least is not None:
            self.assertGreaterEqual(step or 0, at_least, trace)
        if at_most is not None:
            self.assertLessEqual(step or 0, at_most, trace)
        report, more = self.go_on(folder, after)
        self.assert_whole(folder, report, trace + more)
        type(self).rows.append((what, code, "-" if step is None else step, self.seen(log)))

    def finish_long(self, what, folder, code, log):
        """The same for a run that was stopped nobody knows where: compares with an undisturbed one of its length."""
        step = self.newest_step(folder)
        self.assertGreaterEqual(step or 0, EPOCH_STEPS, f"{what}: exit code {code}\n{log}")
        epochs = ["--set", f"train.epochs={step // EPOCH_STEPS + 2}"]
        rest = self.train(folder, "--resume", *epochs)
        whole = self.train(folder + "-whole", *epochs, ranks=3)
        self.assertEqual(rest["run_hash"], whole["run_hash"], what + "\n" + log)
        self.assertEqual(rest["tasks"], whole["tasks"], what)
        type(self).rows.append((what, code, step, self.seen(log)))


def numbered(names):
    """Names of signals with their numbers."""
    return [(name, getattr(signal, name)) for name in names]
