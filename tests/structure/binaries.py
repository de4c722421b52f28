#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every built and every installed program and library: where the loader looks for libraries, and what is read-only."""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

PROGRAM, SHARED = 2, 3  # ELF types: at a fixed address, anywhere


def read(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def binaries(folder):
    """Linked ELF files below the folder: no objects, no archives, nothing that CMake tried out, no other processor's."""
    for path in sorted(folder.rglob("*")):
        if "CMakeFiles" in path.parts or path.is_symlink() or not path.is_file():
            continue
        with open(path, "rb") as file:
            head = file.read(20)
        # 64 bits, little-endian, x86-64 or AArch64.
        if head[:6] == b"\x7fELF\x02\x01" and head[16] in (PROGRAM, SHARED) and head[18] in (0x3E, 0xB7):
            yield path, head[16]


def problems(path, kind):
    dynamic = read("readelf", "--dynamic", "--wide", str(path))
    for line in dynamic.splitlines():
        if "(RUNPATH)" in line or "(RPATH)" in line:
            folders = line[line.index("[") + 1 : line.rindex("]")].split(":")
            for folder in folders:
                if not folder.startswith(("/", "$ORIGIN")):
                    yield f"its library path {folders} has the entry '{folder}', which depends on the current folder"
    if "BIND_NOW" not in dynamic:
        yield "its table of functions stays writable (no BIND_NOW)"
    if "GNU_RELRO" not in read("readelf", "--program-headers", "--wide", str(path)):
        yield "its tables stay writable (no RELRO)"
    if kind == PROGRAM:
        yield "it stands at a fixed address (not PIE)"


def guards(path):
    """What glibc's checked functions and the compiler's canary leave among the symbols that a binary asks for."""
    asked = re.findall(r" UND (\w+)", read("readelf", "--dyn-syms", "--wide", str(path)))
    if "__stack_chk_fail" not in asked:
        yield "its stack is not guarded (no -fstack-protector-strong)"
    if not any(word.startswith("__") and word.endswith("_chk") for word in asked):
        yield "its copies are not checked (no _FORTIFY_SOURCE)"


def check(folder, found):
    for path, kind in binaries(folder):
        found.append(path)
        for problem in problems(path, kind):
            yield f"{path.relative_to(folder)}: {problem}"


def self_test(compiler, folder):
    """Each rule finds a program that breaks it."""
    source = folder / "main.c"
    source.write_text("int main(void) { return 0; }\n")
    good = ["-Wl,-z,relro,-z,now", "-pie", "-fPIE"]
    cases = {
        "": good,
        "current folder": good + ["-Wl,-rpath,/usr/lib:", "-Wl,--enable-new-dtags"],
        "library path": good + ["-Wl,-rpath,lib"],
        "BIND_NOW": ["-Wl,-z,relro,-z,lazy", "-pie", "-fPIE"],
        "RELRO": ["-Wl,-z,norelro,-z,now", "-pie", "-fPIE"],
        "PIE": ["-Wl,-z,relro,-z,now", "-no-pie", "-fno-pie"],
    }
    for number, (wanted, flags) in enumerate(cases.items()):
        place = folder / str(number)
        place.mkdir()
        subprocess.run([compiler, str(source), "-o", str(place / "program"), *flags], check=True)
        said = " ".join(check(place, []))
        assert wanted in said if wanted else not said, (flags, said)
    source.write_text("""#include <string.h>
int main(int argc, char** argv) { char text[8]; strcpy(text, argv[argc - 1]); return text[0]; }
""")
    for number, (wanted, flags) in enumerate({"": ["-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"],
                                              "stack": ["-fno-stack-protector", "-D_FORTIFY_SOURCE=2"],
                                              "copies": ["-fstack-protector-strong"]}.items()):
        program = folder / f"guarded{number}"
        subprocess.run([compiler, "-O1", "-U_FORTIFY_SOURCE", str(source), "-o", str(program), *flags], check=True)
        said = " ".join(guards(program))
        assert wanted in said if wanted else not said, (flags, said)


parser = argparse.ArgumentParser()
parser.add_argument("--build", type=pathlib.Path, required=True)
parser.add_argument("--cc", default="cc")
options = parser.parse_args()
with tempfile.TemporaryDirectory() as scratch:
    scratch = pathlib.Path(scratch)
    (scratch / "rules").mkdir()
    self_test(options.cc, scratch / "rules")
    built, installed = [], []
    wrong = list(check(options.build, built))
    prefix = scratch / "prefix"
    read("cmake", "--install", str(options.build), "--prefix", str(prefix), "--component", "program")
    wrong += list(check(prefix, installed))
    program = next(path for path in installed if path.name == "qmtl")
    # What the loader does, besides what the file says: nothing is looked for in the current folder.
    wrong += [f"qmtl: {problem}" for problem in guards(program)]
    looked = subprocess.run([program, "--version"], cwd=scratch, env={"LD_DEBUG": "libs", "PATH": "/usr/bin:/bin"},
                            capture_output=True, text=True, check=True).stderr
    wrong += [f"qmtl: the loader looks for a library in the current folder: {line.strip()}"
              for line in looked.splitlines() if "trying file=" in line and "trying file=/" not in line]
    assert "calling init: " in looked, "expected the loader's report"
for line in wrong:
    print(line, file=sys.stderr)
print(f"{len(built)} built and {len(installed)} installed binaries")
sys.exit(bool(wrong))
