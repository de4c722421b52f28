#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pages of tools/package/manual.py: one for every command, with each option of its help, and troff has nothing to say."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tools"))
from harness import PROGRAM, main


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory(prefix="qmtl-test-")
        cls.addClassCleanup(cls.holder.cleanup)
        cls.folder = pathlib.Path(cls.holder.name)
        subprocess.run([sys.executable, str(ROOT / "tools" / "package" / "manual.py"), PROGRAM, cls.holder.name], check=True,
                       capture_output=True)

    @staticmethod
    def printed(*arguments):
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=True, timeout=60).stdout

    def test_every_command_has_a_page_with_all_its_options(self):
        commands = re.findall(r"^  ([a-z]+) +\S", self.printed("--help"), re.MULTILINE)
        self.assertEqual({page.stem for page in self.folder.iterdir()}, {"qmtl", *(f"qmtl-{name}" for name in commands)})
        for name in commands:
            with self.subTest(name):
                page = (self.folder / f"qmtl-{name}.1").read_text().replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")
                told = self.printed(name, "--help")
                listed = re.findall(r"^  (-\w \[ )?(--[a-z-]+)", told[told.index("\n\n"):], re.MULTILINE)
                for letter, option in listed:
                    self.assertIn("\n.B " + (letter[:2] + ", " if letter else "") + option, page)
                words = set(re.findall(r"[A-Za-z]{4,}", told))
                self.assertEqual(words - set(re.findall(r"[A-Za-z]{4,}", page)) - {"Usage", "Common", "Example", "Options"}, set())

    @unittest.skipIf(shutil.which("groff") is None, "needs groff")
    def test_troff_reads_them_without_a_word(self):
        for page in sorted(self.folder.iterdir()):
            done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", str(page)], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), page.name)


if __name__ == "__main__":
    main()
