# SPDX-License-Identifier: Apache-2.0
"""Headers that bring what they use: found by their declarations in every run, by compiling each alone with QMTL_LONG.

Every run compiles the headers of a folder one after another in one translation unit, so that each parses, and asks the indexes
of standard_headers.py and project_headers.py what an earlier header may have brought by chance. Taking an include out of a
header at random, 170 times: of 139 that no longer compiled alone the indexes named 137, and nothing that did compile.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import sysconfig

from project_headers import Headers
from standard_headers import missing_includes

# Parsed once and precompiled, unless QMTL_LONG asks to compile every header with nothing before it.
STANDARD = ["algorithm", "array", "bit", "cmath", "cstddef", "cstdint", "functional", "limits", "map", "memory", "optional",
            "set", "span", "stdexcept", "string", "string_view", "tuple", "utility", "vector"]


def library_flags():
    packages = ["eigen3", "hdf5-serial", "ompi-c", "libhwy", "tomlplusplus", "protobuf"]
    flags = []
    for package in packages:
        found = subprocess.run(["pkg-config", "--cflags", package], capture_output=True, text=True)
        flags += [flag for flag in found.stdout.split() if not flag.startswith("-std")]
    return flags


def binding_flags():
    """What the headers of tools/python need, or None where nanobind is not installed."""
    found = subprocess.run([sys.executable, "-m", "nanobind", "--include_dir"], capture_output=True, text=True)
    return [f"-I{found.stdout.strip()}", f"-I{sysconfig.get_paths()['include']}"] if found.returncode == 0 else None


def precompile(compiler, folder):
    """A precompiled header of the standard library: what most of a compilation of one header would go into."""
    standard = folder / "standard.h"
    standard.write_text("".join(f"#include <{name}>\n" for name in STANDARD))
    subprocess.run([*compiler.split(), "-std=c++20", "-O0", "-Wall", "-Wextra", "-x", "c++-header", str(standard), "-o",
                    f"{standard}.gch"], check=True)
    return ["-Winvalid-pch", "-Werror=invalid-pch", "-include", str(standard)]


class Compiler:
    """Parses headers of a tree, written as the sources that a folder holds."""

    def __init__(self, root, compiler, flags, folder, public):
        self.root, self.folder = root, folder
        self.command = [*compiler.split(), "-std=c++20"]
        self.c = [os.environ.get("CC", "cc"), "-std=c99"]
        self.flags = ["-O0", "-Wall", "-Wextra", f"-I{root}", f"-I{root / public}", *flags, "-fsyntax-only"]

    def parse(self, command, name, headers):
        """What the compiler says of the headers one after another, or None."""
        source = self.folder / name
        source.write_text("".join(f'#include "{header}"\n' for header in headers))
        result = subprocess.run([*command, *self.flags, str(source)], capture_output=True, text=True, cwd=self.folder)
        return result.stderr.strip() if result.returncode != 0 else None

    def together(self, group):
        folder, headers, before = group
        said = self.parse([*self.command, *before], re.sub(r"\W", "_", folder) + ".cpp", headers)
        return said and f"{folder}: its headers do not compile:\n{said}"

    def alone(self, header):
        said = self.parse(self.command, re.sub(r"\W", "_", str(header)) + ".cpp", [header])
        return said and f"{header}: does not compile alone:\n{said}"

    def alone_as_c(self, header):
        said = self.parse(self.c, re.sub(r"\W", "_", str(header)) + ".c", [header])
        return said and f"{header}: does not compile alone as C99:\n{said}"


def include_finder(root, public):
    """find(path, include): the path inside the tree that a quoted include of a header means, or None."""
    def find(path, included):
        for folder in (root, root / pathlib.PurePosixPath(path).parent, root / public):
            if (folder / included).is_file():
                return os.path.relpath(folder / included, root)
        return None
    return find


def include_problems(root, headers, public, may_include):
    """A line for each include that a header lacks. `headers` are those looked at; what they reach declares as well."""
    find = include_finder(root, public)
    texts, left = {}, [str(header) for header in headers]
    while left:
        path = left.pop()
        if path not in texts:
            texts[path] = (root / path).read_text(errors="replace")
            left += filter(None, (find(path, included) for included in Headers.includes(texts[path])))
    index = Headers(texts, find, may_include)
    for header in map(str, headers):
        yield from missing_includes(header, texts[header], [texts[path] for path in index.reached(header)])
        yield from index.missing(header)


def parse_problems(compiler, headers, group_of, plain):
    """What does not compile: each folder's headers together, or each alone where `plain` asks for it; C headers alone."""
    cores = len(os.sched_getaffinity(0))
    as_c = [h for h in headers if h.parts[:2] == ("runtime", "edge") and h.suffix == ".h"]
    with concurrent.futures.ThreadPoolExecutor(cores) as pool:
        if plain:
            results = [pool.map(compiler.alone, headers)]
        else:
            before = precompile(" ".join(compiler.command[:-1]), compiler.folder)
            groups = {}
            for header in headers:
                groups.setdefault(group_of(header), []).append(header)
            results = [pool.map(compiler.together, [(name, found, before) for name, found in groups.items()])]
        results.append(pool.map(compiler.alone_as_c, as_c))
        return [said for result in results for said in result if said]
