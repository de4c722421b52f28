#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second pair of eyes on a sample of the sources: clang++ (syntax and warnings) and clang-tidy (.clang-tidy) on as many
files of compile_commands.json as time allows, another sample every day; --all for all of them. Ends with 77 (skipped) where
neither is installed. The kernels are left out: they are compiled once per instruction set, which takes minutes.
"""

import argparse
import datetime
import json
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
KERNELS = ("runtime/engine/kernels.cpp", "runtime/engine/unitary.cpp")
ONLY_GCC = ("-fno-tree-loop-distribute-patterns", "-Wno-restrict", "-Wno-stringop-overflow", "-Wno-stringop-overread", "-Winvalid-pch")


def sources(build):
    """The project's .cpp files with how they are compiled; of those that are compiled together, how the whole is."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        together = re.findall(r'^#include "(.*\.cpp)"', path.read_text(), re.M) if path.parent.name == "Unity" else [path]
        for file in map(pathlib.Path, together):
            inside = file.is_relative_to(ROOT) and not file.is_relative_to(build)
            if inside and file.suffix == ".cpp" and str(file.relative_to(ROOT)) not in KERNELS:
                found[file] = entry
    return found


def flags_of(entry):
    words = shlex.split(entry["command"])
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word == "-isystem":
            kept.append(word)
        elif word in ("-include", "-o", "-c"):  # GCC's precompiled headers mean nothing to clang
            skip = word != "-c"
        elif word.startswith(("-D", "-I", "-std", "-W", "-f")) and word not in ONLY_GCC or kept and kept[-1] == "-isystem":
            kept.append(word)
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--seconds", type=float, default=300, help="no further file is begun after so many")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="these instead of a sample")
    options = parser.parse_args()
    tools = {name: shutil.which(name) for name in ("clang++", "clang-tidy")}
    if not any(tools.values()):
        print("expected clang++ or clang-tidy, found neither: skipped")
        return 77
    known = sources(options.build.resolve())
    chosen = [file.resolve() for file in options.files] or sorted(known)
    if not options.files:
        random.Random(datetime.date.today().toordinal()).shuffle(chosen)
    begin, seen, wrong = time.monotonic(), 0, []
    for file in chosen:
        if not options.all and not options.files and time.monotonic() - begin > options.seconds:
            break
        flags = flags_of(known[file])
        if tools["clang++"]:
            done = subprocess.run([tools["clang++"], "-fsyntax-only", *flags, str(file)], capture_output=True, text=True)
            if done.returncode:
                wrong.append(f"clang++ {file.relative_to(ROOT)}:\n{done.stderr}")
        if tools["clang-tidy"]:
            # What tests cost is their assertions.
            fewer = ["--checks=-performance-*"] if file.is_relative_to(ROOT / "tests") else []
            done = subprocess.run([tools["clang-tidy"], "--quiet", *fewer, str(file), "--", "-x", "c++", *flags],
                                  capture_output=True, text=True)
            if done.returncode:
                wrong.append(f"clang-tidy {file.relative_to(ROOT)}:\n{done.stdout}{done.stderr}")
        seen += 1
    print("\n".join(wrong), file=sys.stderr)
    print(f"{seen} of {len(known)} files seen by {', '.join(name for name, path in tools.items() if path)}, {len(wrong)} complaints")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
