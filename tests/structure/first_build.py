#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the README's first command does on a new machine, but for the compiling.

tools/quickstart and tools/build configure where only the packages that they install are there: the files of all other
packages of packages.txt are hidden in a mount namespace of the test's own, and the scripts are stopped when they begin to
build. With a program that is built already, quickstart trains and compares."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

PROGRAM = os.environ.get("QMTL_PROGRAM", "")
ROOT = pathlib.Path(__file__).resolve().parents[2]
STOPPED = 76

# Whiteouts of an overlay take files away without touching them. Needs the right to mount.
HIDE = """set -e
mount -t tmpfs none "$1"; mkdir "$1/upper" "$1/work"
while read -r file; do mkdir -p "$1/upper/$(dirname "${file#/usr/}")"; mknod "$1/upper/${file#/usr/}" c 0 0; done
mount -t overlay none -o lowerdir=/usr,upperdir="$1/upper",workdir="$1/work" /usr
shift
exec "$@" </dev/null"""
CMAKE = """#!/bin/bash
[[ $1 == --build ]] && exit {stopped}
exec {cmake} "$@"
"""


def packages(*kinds):
    """Those of packages.txt that install_missing installs for these kinds."""
    rows = [line.split() for line in (ROOT / "tools/packages.txt").read_text().splitlines()]
    return {row[0] for row in rows if row and not row[0].startswith("#") and set(row[1:]) <= set(kinds)}


def files_of(package):
    """Its files but the programs, which the scripts use, and what only Python reads."""
    done = subprocess.run(["dpkg", "-L", package], text=True, capture_output=True)
    return [file for file in done.stdout.splitlines() if file.startswith("/usr/") and not os.path.isdir(file) and os.path.lexists(file)
            and not re.search(r"^/usr/s?bin/|^/usr/share/doc/|/dist-packages/", file)]


def in_namespace(folder, hidden, *command):
    mounting = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    return subprocess.run([*mounting, "bash", "-c", HIDE, "hide", folder, *command], input="".join(f"{file}\n" for file in hidden),
                          text=True, capture_output=True)


@contextlib.contextmanager
def tree_with_cmake(script):
    """A copy of the sources, and a PATH that begins with this script as cmake."""
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        shutil.copytree(ROOT, base / "tree", symlinks=True,
                        ignore=lambda at, names: {"build", "runs", ".git"} & set(names) if at == str(ROOT) else set())
        for name in ("bin", "hidden"):
            (base / name).mkdir()
        (base / "bin/cmake").write_text(script)
        (base / "bin/cmake").chmod(0o755)
        yield base, f"{base / 'bin'}:{os.environ['PATH']}"


class FirstBuild(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            probe = in_namespace(folder, [], "true")
        if probe.returncode != 0 or not shutil.which("dpkg"):
            raise unittest.SkipTest(f"this machine allows no overlay in a mount namespace, or is not Debian: {probe.stderr.strip()}")

    def check(self, script, *kinds):
        other = packages("rooms", "test", "edge", "long") - packages(*kinds)
        hidden = sorted(file for package in other for file in files_of(package))
        self.assertTrue(hidden, f"none of {sorted(other)} is installed: nothing is tested")
        with tree_with_cmake(CMAKE.format(stopped=STOPPED, cmake=shutil.which("cmake"))) as (base, path):
            done = in_namespace(base / "hidden", hidden, "env", f"PATH={path}", base / "tree/tools" / script)
        self.assertEqual(done.returncode, STOPPED, f"{script} did not reach its build:\n{done.stdout}\n{done.stderr}")

    def test_the_first_command_configures_with_the_packages_that_it_installs(self):
        self.check("quickstart")

    def test_the_whole_program_configures_with_the_packages_that_it_installs(self):
        self.check("build", "rooms")


class FirstTraining(unittest.TestCase):
    def test_the_first_command_compares_both_heads_task_by_task(self):
        with tree_with_cmake("#!/bin/sh\nexit 0\n") as (base, path):
            program = base / "tree/build/release/qmtl"
            program.parent.mkdir(parents=True)
            program.symlink_to(PROGRAM)
            done = subprocess.run([base / "tree/tools/quickstart"], env={**os.environ, "PATH": path}, text=True, capture_output=True)
            self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")
            scores = [json.loads(subprocess.run([program, "eval", base / "tree/runs/quickstart" / head, "--split", "test", "--json"],
                                                text=True, capture_output=True, check=True).stdout) for head in ("quantum", "linear")]
        rows = [line.split() for line in done.stdout[done.stdout.index("\n== test split"):].splitlines()]
        self.assertIn(["task", "metric", "quantum", "linear", "baseline"], rows)
        for name, quantum in scores[0]["tasks"].items():
            values = quantum["value"], scores[1]["tasks"][name]["value"], quantum["baseline"]
            self.assertIn([name, quantum["metric"], *(f"{value:.4f}" for value in values)], rows)
        self.assertIn(["mean", *(f"{value:.4f}" for value in (scores[0]["mean"], scores[1]["mean"], scores[0]["baseline"]["mean"]))], rows)



if __name__ == "__main__":
    unittest.main(verbosity=2)
