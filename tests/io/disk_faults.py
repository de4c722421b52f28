#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every system call that saving, logging and reading makes fails with every error, at its k-th time: no crash, no lost
checkpoint, and the run goes on to the hash of an undisturbed one. A covering sample; with QMTL_LONG=1 every k to 200."""

import errno
import itertools
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from harness import Program, main

LONG = "QMTL_LONG" in os.environ
LAST = 200
SHORT = -1  # takes or gives one byte at a time
SAVING = ("open", "write", "fsync", "close", "rename", "link", "ftruncate", "mkdir", "unlink", "flock", "fstat", "stat", "pwrite")
READING = ("open", "read", "pread", "close", "fstat", "stat")
ERRORS = (errno.EIO, errno.ENOSPC, errno.EINTR, errno.EDQUOT, errno.EACCES, errno.EMFILE, errno.ENOLCK, SHORT)
# What nobody's disk does: these calls move bytes, the others do not.
MOVES = ("read", "pread", "write", "pwrite")


class DiskFaults(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shim = cls.path("failing_disk.so")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "failing_disk.c")
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", source, "-o", cls.shim, "-ldl"], check=True)
        cls.hash = cls.trained("undisturbed", "--set", "train.epochs=4")
        cls.trained("begun", "--set", "train.epochs=2")
        cls.write("new.csv", "a0,a1,a2,a3,a4,a5\n1,2,3,4,5,6\n")

    @classmethod
    def trained(cls, folder, *arguments, **options):
        return cls.hash_in(cls.must("train", "train.toml", "--quiet", "--json", "--set", f"run.folder={folder}", *arguments, **options))

    @staticmethod
    def hash_in(done):
        return done.stdout.partition('"run_hash":')[2].split('"')[1]

    def disturbed(self, call, error, at, once, file, *arguments):
        """The command with the fault, and whether there was one."""
        seen = self.path("seen")
        if os.path.exists(seen):
            os.remove(seen)
        extra = {"LD_PRELOAD": self.shim, "QMTL_FAIL_CALL": call, "QMTL_FAIL_FILE": file, "QMTL_FAIL_AT": str(at), "QMTL_FAIL_ERROR": str(error),
                 "QMTL_FAIL_SEEN": seen}
        if once:
            extra["QMTL_FAIL_ONCE"] = "1"
        done = self.run_program(*arguments, extra=extra)
        return done, os.path.exists(seen)

    def faults(self, calls):
        """(call, error, once, k, ...) as they are tried."""
        choice = random.Random(3)
        for call, error, once in itertools.product(calls, ERRORS, (True, False)):
            if error == SHORT and call not in MOVES or error == errno.EINTR and not once:
                continue  # a call that is always interrupted never returns
            yield call, error, once, range(1, LAST + 1) if LONG else sorted({1, choice.randrange(2, 40)})

    def sampled(self, calls, one_in):
        found = list(self.faults(calls))
        return found if LONG else random.Random(5).sample(found, len(found) // one_in)

    def check_saving(self, call, error, once, at, begun):
        """Whether there was a fault at all. `begun`: the run has checkpoints already."""
        folder = self.path("disturbed")
        shutil.rmtree(folder, ignore_errors=True)
        if begun:
            shutil.copytree(self.path("begun"), folder)
        train = ("train", "train.toml", "--quiet", "--json", "--set", "run.folder=disturbed", "--set", "train.epochs=4")
        done, failed = self.disturbed(call, error, at, once, "disturbed", *train, *(["--resume"] if begun else []))
        case = f"{call} {at}{'' if once else ' and on'}: {errno.errorcode.get(error, 'short')}, {'resumed' if begun else 'fresh'}\n{done.stderr}"
        self.assertIn(done.returncode, (0, 2, 3) if not begun else (0, 3), case)
        self.assertNotIn("fault of this program", done.stderr, case)
        if done.returncode == 0:
            self.assertEqual(self.hash_in(done), self.hash, case)
        else:
            self.assertIn("qmtl: error:", done.stderr, case)
        if begun:
            # What was saved before is there, or something newer.
            again = self.run_program("inspect", "disturbed")
            self.assertEqual(again.returncode, 0, case + again.stderr)
        kept = [name for name in os.listdir(folder + "/checkpoints") if name.endswith(".h5")] if os.path.isdir(folder + "/checkpoints") else []
        after = self.run_program(*train, "--resume" if begun or kept else "--overwrite")
        self.assertEqual(after.returncode, 0, case + after.stderr)
        self.assertEqual(self.hash_in(after), self.hash, case)
        return failed

    def test_saving_and_logging(self):
        tried = 0
        for begun in (True, False):
            for call, error, once, places in self.sampled(SAVING, 10 if begun else 20):
                for at in places:
                    with self.subTest(call=call, error=errno.errorcode.get(error, "short"), once=once, at=at, begun=begun):
                        failed = self.check_saving(call, error, once, at, begun)
                        tried += failed
                        if not failed:
                            break
        print(f"{tried} faults of saving and logging")
        self.assertGreater(tried, 8)

    def test_a_lock_that_fails_is_no_lock_of_another(self):
        """Every place that takes one says which error it was, and nobody is named as the owner."""
        shutil.copytree(self.path("begun"), self.path("locked"))
        for command in (("train", "train.toml", "--set", "run.folder=fresh"), ("train", "train.toml", "--resume", "--set", "run.folder=locked"),
                        ("train", "train.toml", "--overwrite", "--set", "run.folder=locked"),
                        ("replay", "run", "locked", "--endpoint", "exact", "--shots", "20", "--replicates", "10")):
            for error in (errno.ENOLCK, errno.EIO, errno.EINVAL):
                with self.subTest(command=command, error=errno.errorcode[error]):
                    done, failed = self.disturbed("flock", error, 1, False, "owner.json", *command, "--quiet")
                    self.assertTrue(failed)
                    self.assertEqual(done.returncode, 3, done.stderr)
                    self.assertIn(f"cannot be locked: {errno.errorcode[error]}", done.stderr)
                    for word in ("owned", "another", "process"):
                        self.assertNotIn(word, done.stderr)
        self.assertEqual(self.run_program("inspect", "locked").returncode, 0)

    def test_reading(self):
        tried = 0
        commands = {"tiny.h5": ("inspect", "tiny.h5"), "best.h5": ("eval", "begun"), "new.csv": ("predict", "begun", "new.csv", "--out", "p.csv", "--overwrite"),
                    "tiny.csv": ("import", "import.toml", "--out", "again.h5", "--overwrite"), "train.toml": ("plan", "train.toml"),
                    "status.json": ("watch", "begun", "--once"), "metrics.jsonl": ("report", "begun", "--out", "r.html")}
        whole = {file: self.run_program(*command).returncode for file, command in commands.items()}
        self.assertEqual(set(whole.values()), {0})
        for file, command in commands.items():
            for call, error, once, places in self.sampled(READING, 4):
                for at in places:
                    with self.subTest(file=file, call=call, error=errno.errorcode.get(error, "short"), once=once, at=at):
                        done, failed = self.disturbed(call, error, at, once, file, *command)
                        self.assertIn(done.returncode, (0, 2, 3), done.stderr)
                        self.assertNotIn("fault of this program", done.stderr)
                        if call in MOVES and (error == SHORT or (error == errno.EINTR and file != "tiny.csv")):  # zlib gives up
                            self.assertEqual(done.returncode, 0, done.stderr)
                        tried += failed
                    if not failed:
                        break
        print(f"{tried} faults of reading")
        self.assertGreater(tried, 20)


if __name__ == "__main__":
    main()
