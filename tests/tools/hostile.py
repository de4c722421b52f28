#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What others put in the program's way: outputs that take nothing, pipes and devices for files, terminal escapes, JSON that
is nested too deep, a second owner, signals in the first moment. Always one of the documented exit codes, and soon."""

import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PROGRAM, Program, environment, main

CODES = {0, 2, 3, 4, 75, 76}
ESCAPE = "\x1b]0;owned\x07\x1b[2J\u009b31m\u202e"


class Hostile(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.must("train", "train.toml", "--quiet")
        cls.write("new.csv", "a0,a1,a2,a3,a4,a5\n1,2,3,4,5,6\n")

    def shell(self, text, **options):
        return subprocess.run(["sh", "-c", text], cwd=self.base, env=environment({"Q": PROGRAM}), text=True,
                              capture_output=True, timeout=60, **options)

    def commands(self):
        """Commands that print a result."""
        yield "--help"
        yield "--version"
        yield "train --help"
        yield "eval run"
        yield "eval run --json"
        yield "inspect run"
        yield "inspect tiny.h5 --json"
        yield "plan train.toml"
        yield "plan train.toml --json"
        yield "predict run new.csv --out p.csv --overwrite --json"
        yield "import import.toml --out again.h5 --overwrite"
        yield "watch run --once"
        yield "train train.toml --dry-run"
        yield "train train.toml --overwrite --quiet --json --set run.folder=full"
        yield "report run --out r.html --json"

    def test_an_output_that_takes_nothing_is_an_error_of_every_command(self):
        for command in self.commands():
            for place, said in ((">/dev/full", "No space left"), (">&-", "it is closed")):
                with self.subTest(command=command, place=place):
                    done = self.shell(f'"$Q" {command} {place}')
                    self.assertEqual(done.returncode, 3, done.stderr)
                    self.assertIn("standard output", done.stderr)
                    self.assertIn(said, done.stderr)
        done = self.shell('"$Q" inspect run | true; "$Q" inspect run')
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_closed_output_never_lands_in_another_file(self):
        for closed in (">&-", "<&- >&-", "<&- >&- 2>&-"):
            shutil.rmtree(self.path("closed"), ignore_errors=True)
            done = self.shell(f'"$Q" train train.toml --json --set run.folder=closed {closed}')
            self.assertEqual(done.returncode, 3, done.stderr)
            for folder, _, files in os.walk(self.path("closed")):
                for name in files:
                    with open(os.path.join(folder, name), "rb") as file:
                        content = file.read()
                    self.assertNotIn(b'"run_hash"', content if name.endswith(".log") else b"", name)
            self.assertEqual(self.run_program("inspect", "closed").returncode, 0)

    def test_escapes_from_files_never_reach_the_terminal(self):
        shown = []
        status = json.loads(self.read("run/status.json"))
        status.update(state="failed", message="so " + ESCAPE, host=ESCAPE)
        shutil.copytree(self.path("run"), self.path("crafted"))
        self.write("crafted/status.json", json.dumps(status, ensure_ascii=False))
        shown.append(self.run_program("watch", "crafted", "--once"))
        shown.append(self.run_program("watch", "crafted"))
        shown.append(self.run_program("watch", "crafted", "--once", "--json"))
        self.assertEqual(json.loads(shown[-1].stdout)["message"], "so " + ESCAPE)
        self.write("import-escape.toml", f'title = {json.dumps("t " + ESCAPE)}\n'
                   + self.read("import.toml").decode().replace('title = "tiny"', ""))
        shown.append(self.run_program("import", "import-escape.toml", "--out", "escape.h5"))
        shown.append(self.run_program("inspect", "escape.h5"))
        for name in (ESCAPE.replace("/", "") + ".toml", "\x1b[31m.h5"):
            shown.append(self.run_program("plan", name))
            shown.append(self.run_program("inspect", name))
            shown.append(self.run_program("import", name, "--out", name))
        self.write("bad.toml", f'[data]\nfile = "tiny.h5"\n"{chr(0xe9)}\\u001b[2J" = 1\n[train]\nepochs = "\\u001b[2J"\n')
        shown.append(self.run_program("plan", "bad.toml"))
        for done in shown:
            self.assertIn(done.returncode, CODES, done)
            for text in (done.stdout, done.stderr):
                left = [c for c in text if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 or c == "\u202e"]
                self.assertEqual(left, [], f"{done.args}: {text!r}")

    def files_in_the_way(self):
        os.makedirs(self.path("way"), exist_ok=True)
        if not os.path.exists(self.path("way/pipe")):
            os.mkfifo(self.path("way/pipe"))
            os.symlink("loop", self.path("way/loop"))
            os.symlink("pipe", self.path("way/link"))
            os.mkdir(self.path("way/folder"))
        return ["/dev/full", "/dev/zero", "way/pipe", "way/link", "way/loop", "way/folder", "way/" + "n" * 300, "way/none",
                "tiny.csv/below"]

    def outputs_below(self, at):
        if at in ("way/folder", "way/none"):  # a folder may be written to, or made
            return ()
        return ("predict", "run", "new.csv", "--out", at + "/no.csv"), ("train", "train.toml", "--set", f"run.folder={at}/run")

    def test_pipes_devices_and_paths_that_lead_nowhere_are_refused_soon(self):
        for at in self.files_in_the_way():
            self.write("names.toml", f'file = "{at}"\n' + "".join(
                self.read("import.toml").decode().split('file = "tiny.csv"\n')))
            self.write("array.toml", f'[input.x]\nfile = "{at}"\n[column.y]\nfile = "{at}"\n[task.t]\ncolumn = "y"\n'
                       'kind = "binary"\n[split]\nfractions = [0.6, 0.2, 0.2]\n')
            for arguments in (("plan", at), ("train", at), ("import", at, "--out", "no.h5"), ("import", "names.toml", "--out", "no.h5"),
                              ("import", "array.toml", "--out", "no.h5"), ("inspect", at), ("eval", at), ("predict", at, "new.csv", "--out", "no.csv"),
                              ("predict", "run", at, "--out", "no.csv"), ("eval", "run", "--data", at), ("compare", at), ("scale", at),
                              ("plan", "train.toml", "--set", f"data.file={at}"), ("train", "train.toml", "--set", f"data.file={at}", "--set", "run.folder=no"),
                              ("noise", at), ("report", at, "--out", "no.html"), ("watch", at, "--once"), ("replay", "status", at),
                              ("export", at, "--to", "edge", "--out", "no.qmh"), ("sweep", at), ("bench", "--workload", at),
                              ("export", "run", "--to", "isa", "--target", at, "--basis", "cz,rz,sx,x", "--out", "no-isa"),
                              *self.outputs_below(at)):
                with self.subTest(arguments=arguments):
                    done = subprocess.run([PROGRAM, *arguments], cwd=self.base, env=environment(), text=True, capture_output=True, timeout=20)
                    self.assertIn(done.returncode, (2, 3), done.stderr)
                    self.assertIn("qmtl: error:", done.stderr)
                    self.assertNotIn("internal error", done.stderr)
                    self.assertNotIn("fault of this program", done.stderr)

    def test_a_folder_that_others_may_not_enter_is_named(self):
        if os.geteuid() == 0:
            self.skipTest("root enters every folder")
        os.makedirs(self.path("closed-folder/in"))
        os.chmod(self.path("closed-folder"), 0)
        try:
            for arguments in (("plan", "closed-folder/in/a.toml"), ("inspect", "closed-folder/in/a.h5"), ("watch", "closed-folder/in", "--once")):
                self.refuse(3, ["permission denied"], *arguments)
        finally:
            os.chmod(self.path("closed-folder"), 0o700)

    def test_json_and_toml_that_are_nested_too_deep_are_refused(self):
        deep = "[" * 30000 + "]" * 30000
        shutil.copytree(self.path("run"), self.path("deep"))
        self.write("deep.json", deep)
        self.write("deep-object.json", '{"a":' * 30000 + "1" + "}" * 30000)
        self.write("deep.toml", ".".join(["a"] * 60000) + " = 1\n")
        for name in ("status.json", "metrics.jsonl", "environment.jsonl", "restarts.jsonl", "checkpoints/manifest.json"):
            self.write("deep/" + name, deep + "\n")
        for arguments in (("watch", "deep", "--once"), ("report", "deep", "--out", "deep.html"), ("train", "train.toml", "--resume", "--set", "run.folder=deep"),
                          ("report", "deep.json", "--out", "no.html"), ("noise", "deep.json"), ("noise", "deep-object.json"), ("bench", "--workload", "deep.json"),
                          ("plan", "deep.toml"), ("import", "deep.toml", "--out", "no.h5"), ("compare", "deep.toml"), ("scale", "deep.toml"),
                          ("export", "run", "--to", "isa", "--target", "deep.json", "--basis", "cz,rz,sx,x", "--out", "no-isa")):
            with self.subTest(arguments=arguments):
                done = subprocess.run([PROGRAM, *arguments], cwd=self.base, env=environment(), text=True, capture_output=True, timeout=60)
                self.assertIn(done.returncode, CODES, done.stderr)
                self.assertNotIn("fault of this program", done.stderr)

    def test_a_disk_that_fails_is_an_error_and_never_a_crash(self):
        shim = self.path("failing_disk.so")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../io/failing_disk.c")
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", source, "-o", shim, "-ldl"], check=True)
        step = 7 if "QMTL_LONG" not in os.environ else 1
        ends = set()
        for call in ("pread", "read", "close"):
            for at in list(range(1, 6)) + list(range(6, 80, step)):
                for file, arguments in (("tiny.h5", ("inspect", "tiny.h5")), ("best.h5", ("eval", "run"))):
                    done = self.run_program(*arguments, extra={"LD_PRELOAD": shim, "QMTL_FAIL_CALL": call, "QMTL_FAIL_FILE": file,
                                                               "QMTL_FAIL_AT": str(at)})
                    self.assertIn(done.returncode, (0, 3), f"{call} {at} {arguments}: {done.stderr}")
                    ends.add(done.returncode)
        self.assertEqual(ends, {0, 3})

    def test_a_training_that_runs_away_says_so(self):
        done = self.refuse(3, ["finite", "train.learning_rate"], "train", "train.toml", "--quiet", "--set", "train.learning_rate=1e308",
                           "--set", "run.folder=away")
        self.assertNotIn("Traceback", done.stderr)

    def started(self, folder, *more):
        """A training that lasts, once it has begun to train."""
        process = subprocess.Popen([PROGRAM, "train", "train.toml", "--set", f"run.folder={folder}", "--set", "train.epochs=100000",
                                    "--progress", "plain", "--progress-every", "0", *more], cwd=self.base, env=environment(),
                                   text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in process.stderr:
            if line.startswith("epoch "):
                return process
        raise RuntimeError("the training ended: " + process.stdout.read())

    def test_a_second_training_in_a_folder_is_refused_by_the_name_of_the_first(self):
        process = self.started("owned")
        try:
            for option in ("--overwrite", "--resume", None):
                self.refuse(3, [f"owned by process {process.pid} on ", "owned"], "train", "train.toml", "--set", "run.folder=owned",
                            *([option] if option else []))
            self.assertIsNone(process.poll())
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()
        self.assertEqual(process.returncode, 75)
        self.succeed("train", "train.toml", "--resume", "--quiet", "--set", "run.folder=owned", "--set", "train.epochs=2")

    def test_a_signal_in_the_first_moment_ends_as_one_later_does(self):
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=number):
                folder = f"early-{number}"
                process = subprocess.Popen([PROGRAM, "train", "train.toml", "--quiet", "--set", f"run.folder={folder}",
                                            "--set", "train.epochs=100000"], cwd=self.base, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                # Its own handlers are the first thing that it sets up.
                while True:
                    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                        caught = next(int(line.split()[1], 16) for line in status if line.startswith("SigCgt"))
                    if caught >> (number - 1) & 1:
                        break
                process.send_signal(number)
                _, said = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 75, said)

    def test_a_killed_supervise_leaves_no_training_behind(self):
        process = subprocess.Popen([PROGRAM, "supervise", "--", PROGRAM, "train", "train.toml", "--set", "run.folder=left", "--set", "train.epochs=100000",
                                    "--progress", "plain", "--progress-every", "0"], cwd=self.base, env=environment(), text=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for line in process.stderr:
            if line.startswith("epoch "):
                break
        owner = json.loads(self.read("left/owner.json"))["process"]
        self.assertNotEqual(owner, process.pid)
        process.kill()
        # Its standard error is the training's too: it ends with the last of them.
        process.communicate(timeout=60)
        self.assertFalse(os.path.exists(f"/proc/{owner}/exe") and "train" in open(f"/proc/{owner}/cmdline").read())
        self.assertFalse(os.path.exists(self.path("left/owner.json")))


if __name__ == "__main__":
    main()
