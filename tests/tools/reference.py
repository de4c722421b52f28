#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/REFERENCE.md begins with what `--help` of every subcommand prints. `reference.py --write` renews it."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("QMTL_PROGRAM", str(ROOT / "build" / "release" / "qmtl"))
PAGE = ROOT / "tools" / "REFERENCE.md"
BEGIN, END = "<!-- begin of what the program prints -->\n", "<!-- end of what the program prints -->\n"


def printed(*arguments):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip() + "\n"


def reference():
    main = printed("--help")
    commands = re.findall(r"^  ([a-z]+) +\S", main, re.MULTILINE)
    assert len(commands) > 10, f"expected the subcommands in qmtl --help, found {commands}"
    text = f"```\n{main}```\n"
    for command in commands:
        text += f"\n## qmtl {command}\n```\n{printed(command, '--help')}```\n"
    return text


def main():
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    kept, after = rest.split(END)
    expected = "\n" + reference() + "\n"
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(before + BEGIN + expected + END + after)
    elif kept != expected:
        sys.exit(f"{PAGE.name}: expected what --help prints, found something else; run tests/tools/reference.py --write")
    print("the reference is what the program prints")


if __name__ == "__main__":
    main()
