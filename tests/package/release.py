#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The release archive: every file of the checkout and no other, the same bytes from the same commit, sums that fit; and the list of
what the program is built with, which its format's own validator takes where cyclonedx-python-lib is installed."""

import hashlib
import importlib.util
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def git(*arguments):
    return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True).stdout


@unittest.skipUnless((ROOT / ".git").exists() and shutil.which("git"), "needs a git checkout")
class Release(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory(prefix="qmtl-test-")
        cls.addClassCleanup(cls.holder.cleanup)
        cls.base = pathlib.Path(cls.holder.name)
        cls.version = re.search(r"project\(qmtl VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
        for name in ("one", "two"):
            subprocess.run([ROOT / "tools" / "package" / "release", "--out", cls.base / name], check=True, capture_output=True)
        cls.archive = cls.base / "one" / f"qmtl-{cls.version}.tar.gz"

    def test_the_same_bytes_again(self):
        for file in (self.base / "one").iterdir():
            self.assertEqual(file.read_bytes(), (self.base / "two" / file.name).read_bytes(), file.name)

    def test_sums(self):
        lines = (self.base / "one" / "SHA256SUMS").read_text().splitlines()
        self.assertEqual(len(lines), 2)
        for line in lines:
            expected, name = line.split()
            self.assertEqual(hashlib.sha256((self.base / "one" / name).read_bytes()).hexdigest(), expected, name)

    def test_every_file_and_no_other(self):
        listed = {name for name in git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0") if name}
        expected = {f"qmtl-{self.version}/{name}" for name in listed if (ROOT / name).exists()}
        with tarfile.open(self.archive) as archive:
            members = archive.getmembers()
            self.assertEqual({member.name for member in members}, expected)
            for member in members:
                source = ROOT / member.name.split("/", 1)[1]
                self.assertEqual(bool(member.mode & 0o100), bool(source.stat().st_mode & 0o100), member.name)
                self.assertEqual((member.uid, member.gid, member.uname), (0, 0, ""), member.name)

    def test_the_list_of_parts(self):
        file = self.base / "one" / f"qmtl-{self.version}.cdx.json"
        parts = json.loads(file.read_text())
        self.assertEqual(parts["metadata"]["component"]["version"], self.version)
        packages = {part["bom-ref"].split("/")[-1] for part in parts["components"]}
        needed = {line.split()[0] for line in (ROOT / "tools" / "packages.txt").read_text().splitlines()
                  if line and not line.startswith("#") and line.split()[1:] in ([], ["rooms"])}
        libraries = {name for name in needed if name.startswith(("lib", "zlib", "nlohmann"))}
        self.assertEqual(packages, libraries)
        for part in parts["components"]:
            self.assertRegex(part.get("version", "0"), r"^\d", part["name"])
        if importlib.util.find_spec("cyclonedx") is None:
            self.skipTest("the validator is not installed: pip install 'cyclonedx-python-lib[json-validation]'")
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator
        found = JsonStrictValidator(SchemaVersion.V1_5).validate_str(file.read_text())
        self.assertIsNone(found, found)


if __name__ == "__main__":
    unittest.main(verbosity=2)
