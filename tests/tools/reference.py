#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/REFERENCE.md begins with what `--help` of every subcommand prints, io/CONFIGURATION.md holds what `qmtl keys
--markdown` does. `reference.py --write` renews both."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("QMTL_PROGRAM", str(ROOT / "build" / "release" / "qmtl"))
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


def compare(page, expected):
    before, rest = page.read_text().split(BEGIN)
    kept, after = rest.split(END)
    if sys.argv[1:] == ["--write"]:
        page.write_text(before + BEGIN + expected + END + after)
    elif kept != expected:
        sys.exit(f"{page.name}: expected what the program prints, found something else; run tests/tools/reference.py --write")


def main():
    compare(ROOT / "tools" / "REFERENCE.md", "\n" + reference() + "\n")
    keys = printed("keys", "--markdown")
    assert keys.count("\n| `") > 70, f"expected the table of keys, found {keys[:200]}"
    compare(ROOT / "io" / "CONFIGURATION.md", keys + "\n")
    print("the references are what the program prints")


if __name__ == "__main__":
    main()
