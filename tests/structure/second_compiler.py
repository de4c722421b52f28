#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second pair of eyes on a sample of the sources: clang++ (syntax and warnings) and clang-tidy (.clang-tidy) on as much of
compile_commands.json as time allows, another sample every day; --all for all of it, the sources before their tests. Files that are
compiled together are looked at together: most of the time goes into headers. Ends with 77 (skipped) where neither program is
installed. The kernels are left out: they are compiled once per instruction set, which takes minutes.
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
PROGRAMS = ("clang++", "clang-tidy")
KERNELS = ("runtime/engine/kernels.cpp", "runtime/engine/unitary.cpp")
ONLY_GCC = ("-fno-tree-loop-distribute-patterns", "-Wno-restrict", "-Wno-stringop-overflow", "-Wno-stringop-overread", "-Winvalid-pch")


def sources(build):
    """What is compiled -> the project's .cpp files in it, one or those that are compiled together, and how."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        together = re.findall(r'^#include "(.*\.cpp)"', path.read_text(), re.M) if path.parent.name == "Unity" else [path]
        files = [file for file in map(pathlib.Path, together) if file.is_relative_to(ROOT) and not file.is_relative_to(build)]
        if any(file.suffix == ".cpp" and str(file.relative_to(ROOT)) not in KERNELS for file in files):
            found[path] = files, entry
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


def complaint(program, path, files, entry):
    """What clang++ or clang-tidy says of a file that is compiled, or None."""
    flags = flags_of(entry)
    if program.endswith("clang++"):
        command = [program, "-fsyntax-only", *flags, str(path)]
    else:
        # What tests cost is their assertions.
        fewer = "-performance-*" if all(file.is_relative_to(ROOT / "tests") for file in files) else ""
        command = [program, "--quiet", f"--config-file={ROOT / '.clang-tidy'}", str(path), "--", "-x", "c++", *flags]
        if len(files) > 1:
            fewer += ",-bugprone-suspicious-include"  # the file that has the others in it
            command.insert(1, r"--header-filter=/(runtime|distributed|io|hardware|tools|tests)/.*\.(h|cpp)$")
        if fewer:
            command.insert(1, f"--checks={fewer.strip(',')}")
    done = subprocess.run(command, capture_output=True, text=True)
    names = " ".join(str(file.relative_to(ROOT)) for file in files)
    return f"{pathlib.Path(program).name} {names}:\n{done.stdout}{done.stderr}" if done.returncode else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--seconds", type=float, default=300, help="no further file is begun after so many")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", choices=PROGRAMS, help="one of the programs")
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="what is compiled with these instead of a sample")
    options = parser.parse_args()
    programs = [found for name in PROGRAMS if options.only in (None, name) and (found := shutil.which(name))]
    if not programs:
        print(f"expected {options.only or ' or '.join(PROGRAMS)}, found neither: skipped")
        return 77
    known = sources(options.build.resolve())
    chosen = sorted(known, key=lambda path: (known[path][0][0].is_relative_to(ROOT / "tests"), path))
    named = {file.resolve() for file in options.files}
    if named:
        chosen = [path for path in chosen if named & set(known[path][0])]
    elif not options.all:
        random.Random(datetime.date.today().toordinal()).shuffle(chosen)
    begin, seen, wrong = time.monotonic(), 0, 0
    for path in chosen:
        if not options.all and not named and time.monotonic() - begin > options.seconds:
            break
        files, entry = known[path]
        for said in filter(None, (complaint(program, path, files, entry) for program in programs)):
            print(said, file=sys.stderr, flush=True)
            wrong += 1
        seen += len(files)
    every = sum(len(files) for files, _ in known.values())
    print(f"{seen} of {every} files seen by {', '.join(pathlib.Path(program).name for program in programs)}, {wrong} complaints")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
