#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`qmtl completion`: in bash every command is offered its own options, as --help has them, and what these take."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from harness import PROGRAM, main

# Completes the words of a line and prints each offer on a line, then the options that compopt was given.
DRIVER = """
source "$1"; shift
compopt() { offered+=" $*"; }
offered=''
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_qmtl
printf '%s\\n' "${COMPREPLY[@]}"
echo "compopt:$offered"
"""


@unittest.skipIf(shutil.which("bash") is None, "needs bash")
class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory(prefix="qmtl-test-")
        cls.addClassCleanup(cls.holder.cleanup)
        cls.script = os.path.join(cls.holder.name, "qmtl")
        with open(cls.script, "w") as file:
            file.write(cls.printed("completion", "bash"))

    @staticmethod
    def printed(*arguments):
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=True, timeout=60).stdout

    def offers(self, *words):
        """What is offered for the last word, and what bash is told to add."""
        done = subprocess.run(["bash", "--norc", "-c", DRIVER, "driver", self.script, *words], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        *offers, told = done.stdout.splitlines()
        return [offer for offer in offers if offer], told.removeprefix("compopt:")

    def test_commands_are_those_of_the_help(self):
        commands = re.findall(r"^  ([a-z]+) +\S", self.printed("--help"), re.MULTILINE)
        self.assertGreater(len(commands), 10)
        self.assertEqual(self.offers("qmtl", "")[0], [*commands, "help", "--help", "--version"])
        self.assertEqual(self.offers("qmtl", "sup")[0], ["supervise"])

    def test_options_of_every_command_are_those_of_its_help(self):
        for command in self.offers("qmtl", "")[0][:-3]:
            for line in ([command], [command, "tune"]) if command == "replay" else ([command],):
                with self.subTest(line):
                    told = self.printed(*line, "--help")
                    listed = re.findall(r"^  (?:-\w \[ )?(--[a-z-]+)", told[told.index("\n\n"):], re.MULTILINE)
                    self.assertIn("--threads", listed)
                    self.assertEqual(sorted(self.offers("qmtl", *line, "-")[0]), sorted(set(listed)))

    def test_what_options_take(self):
        for line, expected in ((("export", "run", "--to", "on"), ["onnx"]), (("export", "run", "--to", "=", "q"), ["qasm3", "qasm2"]),
                               (("train", "--simd", "av"), ["avx512", "avx2"]), (("eval", "--progress", "="), ["auto", "line", "plain", "off"]),
                               (("replay", "f"), ["fetch"]), (("completion", ""), ["bash", "zsh"]), (("presets", "sim-1"), None),
                               (("supervise", "--", "mpirun", "x"), [])):
            with self.subTest(line):
                found = self.offers("qmtl", *line)[0]
                if expected is None:
                    self.assertGreater(len(found), 3)
                else:
                    self.assertEqual(found, expected)

    def test_keys_of_set_are_followed_by_their_value(self):
        found, told = self.offers("qmtl", "train", "run.toml", "--set", "train.epo")
        self.assertEqual(found, ["train.epochs="])
        self.assertIn("-o nospace", told)
        keys = set(re.findall(r"^(\S+)$", self.printed("keys"), re.MULTILINE))
        self.assertLessEqual({key.rstrip("=") for key in self.offers("qmtl", "train", "--set", "")[0]}, keys)

    def test_files_folders_and_numbers(self):
        self.assertEqual(self.offers("qmtl", "train", "")[1], "")  # readline's own
        self.assertIn("-o dirnames", self.offers("qmtl", "compare", "x", "--folder", "")[1])
        self.assertIn("+o default", self.offers("qmtl", "train", "--threads", "")[1])

    def test_another_shell_is_refused(self):
        done = subprocess.run([PROGRAM, "completion", "csh"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("bash or zsh", done.stderr)
        self.assertIn("bashcompinit", self.printed("completion", "zsh"))


if __name__ == "__main__":
    main()
