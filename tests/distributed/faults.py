#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whatever ends a training, it goes on to the same bits, and no more is lost than the steps since the last save.

Ranks are killed at named places (runtime/base/crash_point.h), signalled, stopped; disks fill up or become read-only; files of
checkpoints are damaged. A covering sample runs always, all cases with QMTL_LONG=1, which prints a table. Cases that need
root, network namespaces or Slurm say so where they are left out.
"""

import json
import os
import shutil
import signal
import subprocess
import unittest

from fault_case import EPOCH_STEPS, FIRST_SAVED, LONG, FaultCase, crash, main, numbered, on_rank

# In the order in which a save passes them.
SAVE_STAGES = ("written", "verified", "renamed", "linked", "listed")


class Killed(FaultCase):
    def killed(self, place, rank, ranks, after, **bounds):
        folder = self.fresh()
        result = self.run_program("train", "train.toml", *self.into(folder), ranks=ranks, prefix=crash(place, rank))
        code = result.returncode % 256 if ranks else 128 - result.returncode
        what = f"kill -9 of rank {rank} of {ranks or 1} at {place}"
        self.assertEqual(code, 137, what + "\n" + result.stderr)
        if ranks:
            self.assertIn("signal 9", result.stderr, what)
        self.finish(what, folder, code, result.stderr, after, **bounds)

    def test_at_every_stage_of_a_save(self):
        for number in (1, 2, 4) if LONG else (2,):
            for stage in SAVE_STAGES:
                with self.subTest(stage=stage, number=number):
                    # Until the manifest is written it lists the checkpoint before; the new one is found by its name.
                    step = (number if stage == "listed" else number - 1) * EPOCH_STEPS
                    self.killed(f"save:{stage}:{number}", 0, 3 if LONG and number == 2 else 0, 2 if LONG else 0,
                                at_least=step, at_most=step)

    def test_at_the_start_in_a_step_and_in_a_reduction(self):
        if LONG:
            cases = [(f"{place}:{number}", rank) for place, numbers in
                     (("start", (1,)), ("open", (1,)), ("step", (1, 5, 10)), ("reduce", (1, 6, 11)))
                     for number in numbers for rank in range(3)]
        else:
            cases = [("start:1", 1), ("step:8", 0), ("reduce:5", 2)]
        for place, rank in cases:
            with self.subTest(place=place, rank=rank):
                kind, number = place.split(":")
                steps = int(number) - 1 if kind in ("step", "reduce") else 0
                # The save of the epoch that has just ended may not be complete when the next step is taken.
                at_least = max(0, (steps // EPOCH_STEPS - 1)) * EPOCH_STEPS
                self.killed(place, rank, 3, 2 if rank == 1 else 0, at_least=at_least, at_most=steps)


class Signalled(FaultCase):
    def test_a_signal_to_one_rank_stops_all_after_a_checkpoint(self):
        for name, number in numbered(("SIGTERM", "SIGINT", "SIGUSR1") if LONG else ("SIGTERM",)):
            for rank in range(3) if LONG else (1,):
                with self.subTest(signal=name, rank=rank):
                    folder = self.fresh()
                    result = self.run_program("train", "train.toml", *self.into(folder), ranks=3,
                                              prefix=crash("step:5", rank, number))
                    self.assertEqual(result.returncode, 75, result.stderr)
                    self.finish(f"{name} to rank {rank} of 3 in step 5", folder, 75, result.stderr, 2, at_least=5,
                                at_most=5)

    def test_a_signal_to_mpirun(self):
        # SIGUSR1 is passed on; at the others mpirun itself ends with 1 and kills the ranks about two seconds later.
        for name, number in numbered(("SIGUSR1", "SIGTERM", "SIGINT") if LONG else ("SIGUSR1",)):
            with self.subTest(signal=name):
                folder = self.fresh()
                process = self.start(folder, "--set", "train.epochs=100000", ranks=2)
                code, log = self.after_line(process, FIRST_SAVED, lambda: process.send_signal(number))
                self.assertIn(code, (75,) if name == "SIGUSR1" else (1, 75), log)
                self.finish_long(f"{name} to mpirun", folder, code, log)

    def test_a_second_signal_ends_a_run_that_hangs(self):
        folder = self.fresh()
        # Rank 1 stands still in step 8, so rank 0 waits for it for ever.
        prefix = on_rank(0, "echo $$ > rank0.pid") + on_rank(1, "echo $$ > rank1.pid; export QMTL_CRASH_AT=step:8 "
                                                             f"QMTL_CRASH_SIGNAL={int(signal.SIGSTOP)}")
        process = self.start(folder, ranks=2, prefix=prefix)

        def twice():
            rank0, rank1 = (int(self.read(f"rank{rank}.pid")) for rank in (0, 1))
            while process.poll() is None and ("T (stopped)" not in state_of(rank1)
                                              or self.newest_step(folder) != 2 * EPOCH_STEPS):
                pass
            for _ in range(2):
                os.kill(rank0, signal.SIGTERM)
                while alive(rank0) and "ShdPnd:\t0000000000000000" not in state_of(rank0):
                    pass

        code, log = self.after_line(process, "epoch 2/", twice)
        self.assertEqual(code, 143, log)
        self.finish("SIGTERM twice to rank 0 while rank 1 is stopped", folder, code, log, at_least=6, at_most=6)


def state_of(pid):
    try:
        with open(f"/proc/{pid}/status") as file:
            return file.read()
    except OSError:
        return "T (stopped)\nShdPnd:\t0000000000000000"


def alive(pid):
    return os.path.exists(f"/proc/{pid}")


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("mount"), "mounting a small file system needs root")
class Disks(FaultCase):
    def mounted(self, size):
        """A run folder on a file system of its own; None where mounting is not allowed."""
        folder = self.fresh()
        os.makedirs(self.path(folder))
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.path(folder)],
                              capture_output=True, text=True)
        if made.returncode != 0:
            self.skipTest("mounting is not allowed here: " + made.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", self.path(folder)], check=True)
        return folder

    def remount(self, folder, options):
        subprocess.run(["mount", "-o", "remount," + options, self.path(folder)], check=True)

    def test_a_disk_that_fills_up(self):
        size = os.path.getsize(self.path("whole/checkpoints/last.h5"))
        for ranks in (0, 2) if LONG else (2,):
            # Room for the manifest, the metrics and two checkpoints, but not for the third.
            folder = self.mounted((size // 4096 + 1) * 4096 * 2 + 10 * 4096)
            result = self.refuse(3, ["step-", "disk is full"], "train", "train.toml", *self.into(folder), ranks=ranks)
            self.assertEqual([n for n in os.listdir(self.path(folder + "/checkpoints")) if "partial" in n], [])
            step = self.newest_step(folder)
            self.remount(folder, "size=64m")
            self.finish(f"the disk fills up, {ranks or 1} ranks", folder, 3, result.stderr, at_least=EPOCH_STEPS)
            self.assertLess(step, self.whole["steps"])

    def test_a_file_system_that_becomes_read_only(self):
        for moment in ("before", "between") if LONG else ("between",):
            folder = self.mounted("64m")
            if moment == "before":
                self.remount(folder, "ro")
                result = self.refuse(3, ["ead-only"], "train", "train.toml", *self.into(folder))
                log = result.stderr
            else:
                stopped = self.run_program("train", "train.toml", *self.into(folder),
                                           prefix=crash("step:5", 0, signal.SIGTERM))
                self.assertEqual(stopped.returncode, 75, stopped.stderr)
                self.remount(folder, "ro")
                log = self.refuse(3, ["ead-only"], "train", "train.toml", "--resume", *self.into(folder), ranks=2).stderr
            self.remount(folder, "rw")
            self.finish(f"a read-only file system, {moment} runs", folder, 3, log)


class Damaged(FaultCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Stopped after step 11: checkpoints of steps 6, 9 and 11 are there.
        stopped = cls.run_program("train", "train.toml", *cls.into("stopped"), prefix=crash("step:11", 0, signal.SIGTERM))
        if stopped.returncode != 75:
            raise RuntimeError("expected a stopped run: " + stopped.stderr)

    def damaged(self, what, damage, warnings, after=0):
        folder = self.fresh()
        # Links stay links: last.h5 and the newest step file are one file and get damaged together.
        subprocess.run(["cp", "-a", self.path("stopped"), self.path(folder)], check=True)
        damage(folder)
        report, log = self.go_on(folder, after)
        for warning in warnings:
            self.assertIn(warning, log, what)
        self.assert_whole(folder, report, what + "\n" + log)
        first = [line for line in log.splitlines() if line.startswith("qmtl: warning: ") and folder in line]
        text = first[0].split(": ", 2)[2] if first else "-"
        type(self).rows.append((what, 0, "-", text[:110]))

    def change(self, folder, name, change):
        path = self.path(f"{folder}/checkpoints/{name}")
        with open(path, "r+b") as file:
            content = change(file.read())
            file.seek(0)
            file.truncate()
            file.write(content)

    def flip(self, at):
        return lambda content: content[:at] + bytes([content[at] ^ 4]) + content[at + 1:]

    def test_damaged_files_are_named_and_the_one_before_is_used(self):
        used = "going on from the checkpoint of step 9"
        cases = [
            ("newest checkpoint cut off", lambda f: self.change(f, "last.h5", lambda c: c[:len(c) // 2]),
             ["last.h5", "step-11.h5", used]),
            ("a bit of the newest checkpoint flipped", lambda f: self.change(f, "last.h5", self.flip(5000)),
             ["last.h5", "step-11.h5", used]),
            ("newest checkpoint empty", lambda f: self.change(f, "last.h5", lambda c: b""), ["last.h5", used]),
            ("newest checkpoint missing",
             lambda f: [os.remove(self.path(f"{f}/checkpoints/{name}")) for name in ("last.h5", "step-11.h5")],
             ["last.h5: the manifest lists it, but it is missing", used]),
            ("the two newest damaged",
             lambda f: [self.change(f, name, self.flip(4000)) for name in ("last.h5", "step-9.h5")],
             ["step-11.h5", "step-9.h5", "going on from the checkpoint of step 6"]),
            ("a bit of the manifest flipped", lambda f: self.change(f, "manifest.json", self.flip(300)), ["manifest.json"]),
            ("manifest cut off", lambda f: self.change(f, "manifest.json", lambda c: c[:100]), ["manifest.json"]),
            ("manifest missing", lambda f: os.remove(self.path(f"{f}/checkpoints/manifest.json")), []),
            ("manifest of an earlier run", lambda f: self.change(f, "manifest.json", lambda c: self.old_manifest()), []),
            ("best checkpoint damaged", lambda f: self.replace(f, "best.h5", b"nothing"), ["best.h5: made again from"]),
            ("best checkpoint missing", lambda f: os.remove(self.path(f"{f}/checkpoints/best.h5")),
             ["best.h5: made again from"]),
            ("an old file in place of the newest", self.bring_back, ["brought back an older file"]),
        ]
        for case in cases:
            with self.subTest(case=case[0]):
                self.damaged(*case)

    def replace(self, folder, name, content):
        os.remove(self.path(f"{folder}/checkpoints/{name}"))
        self.write(f"{folder}/checkpoints/{name}", content)

    def bring_back(self, folder):
        self.replace(folder, "last.h5", self.read("stopped/checkpoints/step-9.h5"))

    def old_manifest(self):
        folder = self.fresh()
        self.train(folder, "--set", "train.epochs=1")
        return self.read(f"{folder}/checkpoints/manifest.json")

    def test_a_damaged_data_set_ends_all_ranks_and_leaves_the_run_as_it_is(self):
        # Random bits and lengths of files of both kinds: tests/io/test_damage.cpp.
        whole = self.read("tiny.h5")
        self.addCleanup(self.write, "tiny.h5", whole)
        for what, content, ranks in (("a bit of the data set flipped", self.flip(len(whole) // 2)(whole), 2),
                                     ("data set cut off", whole[:len(whole) // 512 * 512], 3), ("data set empty", b"", 0)):
            with self.subTest(what=what):
                folder = self.fresh()
                subprocess.run(["cp", "-a", self.path("stopped"), self.path(folder)], check=True)
                self.write("tiny.h5", content)
                log = self.refuse(3, ["tiny.h5"], "train", "train.toml", "--resume", *self.into(folder), ranks=ranks).stderr
                self.write("tiny.h5", whole)
                self.finish(what, folder, 3, log, 2, at_least=11, at_most=11)

    def test_the_manifest_names_what_is_there(self):
        listed = json.loads(self.read("stopped/checkpoints/manifest.json"))["checkpoints"]
        self.assertEqual([entry["step"] for entry in listed[:2]], [11, 11])
        self.assertEqual({entry["file"] for entry in listed},
                         {name for name in os.listdir(self.path("stopped/checkpoints")) if name.endswith(".h5")})
        for entry in listed:
            self.assertEqual(os.path.getsize(self.path("stopped/checkpoints/" + entry["file"])), entry["bytes"])
            found = json.loads(self.succeed("inspect", "stopped/checkpoints/" + entry["file"], "--json").stdout)
            self.assertEqual((found["steps"], found["epochs"], found["content_hash"]),
                             (entry["step"], entry["epoch"], entry["content_hash"]))


class Saving(FaultCase):
    def test_how_often_is_saved_changes_no_bit(self):
        for rules in (["checkpoint.every_steps=1"], ["checkpoint.every_seconds=1e-9"],
                      ["checkpoint.every_epochs=0", "checkpoint.every_steps=4", "checkpoint.keep=100"],
                      ["checkpoint.every_epochs=4", "checkpoint.keep=0"]):
            with self.subTest(rules=rules):
                folder = self.fresh()
                report = self.train(folder, *self.into(folder), *[part for rule in rules for part in ("--set", rule)],
                                    ranks=0 if "keep=0" in rules[-1] else 2)
                self.assert_whole(folder, report)
                steps = sorted(int(name[5:-3]) for name in os.listdir(self.path(folder + "/checkpoints"))
                               if name.startswith("step-"))
                if rules[0] == "checkpoint.every_steps=1":
                    self.assertEqual(steps, [16, 17, 18])
                if "checkpoint.every_steps=4" in rules:
                    self.assertTrue({4, 8, 12, 16, 18} <= set(steps), steps)
                if "checkpoint.keep=0" in rules:
                    self.assertEqual(steps, [])


if __name__ == "__main__":
    main()
