#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Debian packages: the source package is made and lintian has nothing to say; with QMTL_LONG=1 they are built, and, for root with
debootstrap, installed on a bare Debian, where the main job is one command."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LONG = os.environ.get("QMTL_LONG") == "1"
MISSING = [tool for tool in ("git", "dh", "dpkg-buildpackage", "lintian") if not shutil.which(tool)]
JOB = ("mpirun -q --oversubscribe --bind-to none -n 2 qmtl train /usr/share/qmtl/digits/digits.toml --set train.epochs=2 --json --quiet && "
       "man -w qmtl-train 2>/dev/null; ls /usr/share/man/man1/qmtl-train.1.gz /usr/share/bash-completion/completions/qmtl")


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}"
    return done.stdout


@unittest.skipIf(MISSING or not (ROOT / ".git").exists(), f"needs a git checkout and {', '.join(MISSING)} (tools/packages.txt, package)")
class Debian(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory(prefix="qmtl-test-")
        cls.addClassCleanup(cls.holder.cleanup)
        cls.out = pathlib.Path(cls.holder.name)
        cls.version = re.search(r"project\(qmtl VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)

    def test_the_source_package(self):
        run(ROOT / "tools" / "package" / "deb", "--source", "--out", self.out)
        folder = self.out / f"qmtl-{self.version}" / "debian"
        control = (folder / "control").read_text()
        needed = {line.split()[0] for line in (ROOT / "tools" / "packages.txt").read_text().splitlines()
                  if line and not line.startswith("#") and line.split()[1:] in ([], ["rooms"])}
        listed = set(re.search(r"Build-Depends:(.*?)\nStandards", control, re.DOTALL).group(1).replace("\n", " ").replace(",", " ").split())
        self.assertLessEqual(needed - {"g++", "git", "ca-certificates"}, listed)
        self.assertTrue((folder / "changelog").read_text().startswith(f"qmtl ({self.version}-1) "))
        # What the library's users are linked with must come along.
        library = re.search(r"Package: libqmtl-dev.*?Description", control, re.DOTALL).group(0)
        for package in ("libtbb-dev", "libfmt-dev", "libspdlog-dev", "zlib1g-dev", "libhwy-dev", "libhdf5-dev", "libtomlplusplus-dev",
                        "libpng-dev", "libturbojpeg0-dev", "libcurl4-openssl-dev", "libprotobuf-dev", "libonnx-dev"):
            self.assertIn(package, library)
            self.assertIn(package, needed)

    @unittest.skipUnless(LONG, "in the long form")
    def test_the_packages_on_a_bare_debian(self):
        run(ROOT / "tools" / "package" / "deb", "--out", self.out)
        packages = sorted(self.out.glob("*.deb"))
        self.assertEqual(len([p for p in packages if "dbgsym" not in p.name]), 3)
        if os.geteuid() != 0 or not shutil.which("debootstrap"):
            self.skipTest("the packages are built; installing them on a bare Debian needs root and debootstrap")
        bare = self.out / "bare"
        run("debootstrap", "--variant=minbase", "bookworm", bare)
        for place in ("etc/apt", "etc/ssl", "usr/local/share/ca-certificates"):
            if os.path.isdir(f"/{place}"):
                shutil.copytree(f"/{place}", bare / place, dirs_exist_ok=True, symlinks=True)
        for package in packages:
            shutil.copy(package, bare / "root")
        install = "apt-get update && apt-get install -y /root/qmtl_*.deb"
        script = (f'mount -t proc proc "{bare}/proc"; mount --rbind /dev "{bare}/dev"; mount --rbind /sys "{bare}/sys"; '
                  f'exec chroot "{bare}" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive '
                  f"OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 bash -euc 'cd /root; {install}; {JOB}'")
        told = run("unshare", "--mount", "--propagation", "private", "bash", "-euc", script)
        self.assertIn('"run_hash": "', told)
        print(re.search(r'"run_hash": "\w+"', told).group(0), file=sys.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
