#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""No way out of the program has a code that is not documented: no source ends it with 1, and what nobody caught ends it
with words and 3. The fuzzed command lines (tests/fuzz/command_lines.py) look for such codes from outside."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tools"))
from harness import Program, main  # noqa: E402

ROOMS = ("runtime", "io", "hardware", "distributed", "tools")
# Programs of their own, which users copy: not the one that is installed.
OTHERS = ("runtime/edge/examples", "tools/library/examples", "tools/python")
# Ends that the program's own handling of errors never sees.
ENDS = re.compile(r"\b(?:std::)?(?:quick_exit|_Exit|_exit|exit|abort|terminate)\s*\(\s*([^)]*)|\b(EXIT_FAILURE)\b|MPI_Abort\s*\([^,]*,\s*([^)]*)")


def ends_of(text):
    """(line, what) of every end of the process in a source, comments left out."""
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), text, flags=re.S)
    for number, line in enumerate(text.split("\n"), 1):
        line = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line.split("//")[0])
        for found in ENDS.finditer(line):
            yield number, found[0]


def documented(end):
    """Whether an end has one of the program's codes, is that of a child that never was the program, or a declaration."""
    return bool(re.search(r"\(\s*(0|code|int code|static_cast<int>\(Exit::\w+|MPI_COMM_WORLD, code)", end))


class ExitCodes(Program):
    def test_no_source_ends_the_program_with_another_code(self):
        found, wrong = 0, []
        for room in ROOMS:
            for path in sorted((ROOT / room).rglob("*")):
                name = str(path.relative_to(ROOT))
                if path.suffix not in (".cpp", ".h", ".c") or name.startswith(OTHERS):
                    continue
                for line, end in ends_of(path.read_text(encoding="utf-8")):
                    found += 1
                    if not documented(end):
                        wrong.append(f"{name}:{line}: {end}")
        self.assertEqual(wrong, [], "expected ends with the codes of runtime/base/error.h alone")
        self.assertGreater(found, 3, "the ends that are known are not found any more")

    def test_the_search_finds_what_it_is_for(self):
        for text in ("std::exit(1);", "exit(EXIT_FAILURE);", "  abort();", "std::terminate();", "MPI_Abort(MPI_COMM_WORLD, 1);", "_exit( 1 );"):
            self.assertTrue(any(not documented(end) for _, end in ends_of(text)), text)
        for text in ("// exit(1)", 'say("exit(1)");', "std::_Exit(code);", "MPI_Abort(MPI_COMM_WORLD, code);", "/* exit(1)\n */"):
            self.assertFalse(any(not documented(end) for _, end in ends_of(text)), text)

    def test_what_nobody_catches_ends_with_words_and_a_documented_code(self):
        # A library that throws where no frame of the program expects it: from the start of a thread of its own.
        source = self.path("throws.cpp")
        self.write("throws.cpp", """
            #include <dlfcn.h>
            #include <stdexcept>
            extern "C" int sched_getaffinity(int, unsigned long, void*) noexcept(false) {
              throw std::runtime_error("out of nowhere");
            }
        """)
        built = subprocess.run([os.environ.get("CXX", "c++"), "-shared", "-fPIC", source, "-o", self.path("throws.so")], capture_output=True, text=True)
        if built.returncode != 0:
            self.skipTest("needs a C++ compiler: " + built.stderr[:200])
        done = self.run_program("train", "train.toml", "--quiet", extra={"LD_PRELOAD": self.path("throws.so")})
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("a fault of this program: out of nowhere", done.stderr)


if __name__ == "__main__":
    main()
