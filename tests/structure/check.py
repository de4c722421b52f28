#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what the layout of the source tree promises: top-level folders, include arrows, headers that compile alone,
a licence line in every file, no comment that cites a page from elsewhere.

Prints every violation with its file and line and ends with 1 if there is any. --self-test checks the checker.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile

from standard_headers import missing_includes

FOLDERS = {"runtime", "distributed", "io", "hardware", "tools", "tests", "benchmarks"}
SOURCES = {".h", ".hpp", ".c", ".cc", ".cpp"}

# room -> rooms that its files may include; of several rooms that a path lies in, the innermost counts
BELOW = {"hardware", "distributed", "io", "runtime"}
ARROWS = {
    "runtime": {"runtime"},
    "runtime/base": {"runtime/base"},
    "distributed": {"distributed", "runtime"},
    "io": {"io", "runtime"},
    "hardware": {"hardware", "runtime"},
    "tools/workflows": {"tools/workflows", *BELOW},
    "tools/program": {"tools/program", "tools/workflows", *BELOW},
    "tools/library": {"tools/library", "tools/workflows", *BELOW},
    "tools/python": {"tools/python", "tools/library/include"},
    "benchmarks": {"benchmarks", "tools", *BELOW},
    "tests": {"tests", "benchmarks", "tools", *BELOW},
}
# the same for the folders of a room; "" are the files beside them
LAYERS = {
    "runtime": {
        "base": {"base"},
        "circuit": {"base", "circuit"},
        "engine": {"base", "engine", "circuit"},
        "model": {"base", "model", "engine", "circuit"},
        "train": {"base", "train", "model", "engine", "circuit"},
        "noise": {"base", "noise", "engine", "circuit"},
        "edge": {"base", "edge"},
    },
    "runtime/circuit": {
        "": {""},
        "qasm": {"", "qasm"},
        "ansatz": {"", "ansatz", "qasm"},
        "cones": {"", "cones"},
        "pauli": {"", "pauli", "cones"},
        "plan": {"", "plan", "pauli", "cones"},
    },
    "io": {
        "files": {"files"},
        "hdf5": {"hdf5", "files"},
        "config": {"config", "files"},
        "sources": {"sources", "files", "hdf5"},
        "data": {"data", "sources", "files", "hdf5"},
        "import": {"import", "data", "sources", "config", "files"},
        "draft": {"draft", "import", "sources", "config", "hdf5"},
        "runs": {"runs", "data", "sources", "config", "files", "hdf5"},
        "edge": {"edge", "files"},
        "onnx": {"onnx", "runs", "files"},
    },
}
# value structs that layers above their own pass through
SEAMS = {"runtime/train/state.h"}
# libraries that live in one room: pattern of the header -> rooms that may include it
LIBRARIES = [
    ("MPI", re.compile(r"^mpi(_.*)?\.h$"), {"distributed", "tests", "benchmarks"}),
    ("HDF5", re.compile(r"^(hdf5(_hl)?\.h|H5\w*\.h|hdf5/.*)$"), {"io", "tests"}),
    ("ONNX", re.compile(r"^(onnx|google/protobuf)/"), {"io"}),
    ("HTTP", re.compile(r"^(curl/.*|httplib\.h)$"), {"hardware", "tests"}),
]
# What an output carries byte for byte: generated C its kernels, a report its page.
EMBEDDED = ("runtime/edge/kernels/", "tools/workflows/report/page.")
LICENCE = "SPDX-License-Identifier: Apache-2.0"
PAGE = re.compile(r"\bDESIGN(\.md| section)\b")
# The public headers: what they include, their users must have.
PUBLIC = pathlib.PurePosixPath("tools/library/include/qmtl")
PUBLIC_ERROR = "../../../../runtime/base/error.h"
# Parsed once and precompiled, unless QMTL_LONG asks to compile every header with nothing before it.
STANDARD = ["algorithm", "array", "bit", "cmath", "cstddef", "cstdint", "functional", "limits", "map", "memory", "optional",
            "set", "span", "stdexcept", "string", "string_view", "tuple", "utility", "vector"]
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')

# A gate is a row of a table that readers loop over (runtime/circuit/gates.h, hardware/device_gates.h): in how many files an
# enumeration's gates may be named. Lower the numbers where they can be; who needs another file has found a row's lack.
NAMED = {"Gate": 18, "DeviceGate": 6}


def source_files(root):
    for folder in sorted(FOLDERS):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SOURCES and path.is_file() and "third_party" not in path.parts:
                yield path.relative_to(root)


def room_of(included, file, root):
    """The path inside the tree that a quoted include means, or None for one of another library."""
    beside = file.parent / included
    if (root / beside).exists() and not (root / included).exists():
        return pathlib.PurePosixPath(os.path.normpath(beside))
    first = included.split("/")[0]
    return pathlib.PurePosixPath(included) if first in FOLDERS and "/" in included else None


def lies_in(path, room):
    return path.parts[:room.count("/") + 1] == tuple(room.split("/"))


def arrows_of(file):
    """The innermost room of a file and the rooms that it may include."""
    rooms = [room for room in ARROWS if lies_in(file, room)]
    room = max(rooms, key=len, default=file.parts[0])
    return room, ARROWS.get(room, {room})


def folder_in(path, room):
    """The folder of a room that a path lies in: "" for a file beside the room's folders."""
    inside = path.parts[room.count("/") + 1:]
    return inside[0] if len(inside) > 1 else ""


def layer_violations(where, file, target):
    for room, layers in LAYERS.items():
        if not (lies_in(file, room) and lies_in(target, room)):
            continue
        layer, included = folder_in(file, room), folder_in(target, room)
        if layer in layers and included in layers and included not in layers[layer]:
            allowed = ", ".join(name or "files beside the folders" for name in sorted(layers[layer]))
            yield f"{where}{room}/{layer} includes {target}: it may include {allowed}"


def violations_of(file, text, root):
    room, allowed = arrows_of(file)
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        included = match.group(2)
        where = f"{file}:{number}: "
        if file.parent == PUBLIC and not (included.startswith("qmtl/") or match.group(1) == "<" and "/" not in included
                                          and "." not in included or included == PUBLIC_ERROR):
            yield f"{where}a public header includes {included}: it may include the standard library and qmtl/"
        for library, pattern, rooms in LIBRARIES:
            if pattern.match(included) and file.parts[0] not in rooms:
                yield f"{where}includes <{included}>: {library} is only for {', '.join(sorted(rooms))}"
        target = room_of(included, file, root)
        if target is None:
            continue
        if not any(lies_in(target, other) for other in allowed):
            yield f"{where}{room} includes {target}: it may include {', '.join(sorted(allowed))}"
        elif str(target) in SEAMS:
            continue
        else:
            yield from layer_violations(where, file, target)


def check_folders(root):
    ignored = {line.strip("/ ") for line in (root / ".gitignore").read_text().splitlines()}
    for path in sorted(root.iterdir()):
        if path.is_dir() and not path.name.startswith((".", "build")) and path.name not in FOLDERS | ignored:
            yield f"{path.name}/: not one of the top-level folders {', '.join(sorted(FOLDERS))}"


def needs_licence(file, text):
    if str(file).startswith(EMBEDDED):
        return False
    return (file.suffix in SOURCES | {".py", ".sh", ".S", ".ld"} or file.name == "CMakeLists.txt"
            or file.name.endswith(".cpp.in") or text.startswith("#!"))


def check_text(file, text):
    """Every source, script and CMakeLists.txt names its licence, and cites no page that is not here."""
    if needs_licence(file, text) and LICENCE not in "".join(text.splitlines()[:2]):
        yield f"{file}:1: expected '// {LICENCE}' ('#' in scripts) as first line, after a #! line as second"
    for number, line in enumerate(text.splitlines(), 1):
        if PAGE.search(line):
            yield f"{file}:{number}: cites a page that is not in this repository; say here what it says"


def check_version(cmake, changelog):
    """CMakeLists.txt has the version; the changelog's newest entry is that version."""
    version = re.search(r"project\(qmtl VERSION ([\d.]+)", cmake).group(1)
    newest = re.search(r"^## \[(.+?)\]", changelog, re.MULTILINE)
    if not newest or newest.group(1) != version:
        yield f"CHANGELOG.md: expected '## [{version}]' of CMakeLists.txt as newest entry, found {newest and newest.group(1)}"


def text_files(root):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).is_file():
            yield pathlib.PurePosixPath(name)


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


def compile_alone(job):
    root, header, compiler, flags, folder, before = job
    languages = [(compiler, "c++", ["-std=c++20", *before])]
    if header.parts[:2] == ("runtime", "edge") and header.suffix == ".h":
        languages.append((os.environ.get("CC", "cc"), "c", ["-std=c99"]))
    for program, language, standard in languages:
        source = folder / (re.sub(r"\W", "_", str(header)) + "." + language.replace("c++", "cpp"))
        source.write_text(f'#include "{header}"\n')
        result = subprocess.run(
            [*program.split(), *standard, "-O0", "-Wall", "-Wextra", f"-I{root}", f"-I{root / PUBLIC.parent}", *flags,
             "-fsyntax-only", str(source)], capture_output=True, text=True, cwd=folder)
        if result.returncode != 0:
            return f"{header}: does not compile alone:\n{result.stderr.strip()}"
    return None


def reader_of(header, root):
    """Reads what `header` includes by its quoted path, or None."""
    def read(included):
        for folder in (root, root / header.parent, root / PUBLIC.parent):
            if (folder / included).is_file():
                return (folder / included).read_text(errors="replace")
        return None
    return read


def headers_of(root):
    # A -inl.h of Highway is compiled once per instruction set by the source that includes it.
    return [f for f in source_files(root) if f.suffix in {".h", ".hpp"} and not f.name.endswith("-inl.h")]


def types_of(text):
    """Types that a header defines, with their namespaces. Declarations in namespaces are not indented."""
    space = []
    for line in text.splitlines():
        if opened := re.match(r"(?:inline )?namespace ([\w:]+) \{", line):
            space.append(opened.group(1))
        elif re.match(r"\}  // namespace \w", line) and space:
            space.pop()
        elif defined := re.match(r"(?:template <.*> )?(?:struct|class|enum class|enum) (\w+)(?: final)?(?: :[^:;]*)? \{", line):
            yield "::".join([*space, defined.group(1)])


def check_types(texts):
    """One name, one type: two of a name in one namespace are silently taken for each other by the linker."""
    first = {}
    for file, text in texts:
        for name in types_of(text):
            if first.setdefault(name, file) != file:
                yield f"{file}: {name} is defined in {first[name]} too; give one of them another name"


def check_gates(texts):
    """So few files name single gates that one more gate is a row."""
    naming = {kind: [] for kind in NAMED}
    for file, text in texts:
        for kind, files in naming.items():
            if re.search(rf"\b{kind}::", text):
                files.append(str(file))
    for kind, files in naming.items():
        if len(files) > NAMED[kind]:
            yield (f"{kind}:: is named in {len(files)} files, expected at most {NAMED[kind]}: {', '.join(files)}; ask the "
                   "table's row instead")


def check(root, compiler, folder):
    problems = list(check_folders(root))
    problems += check_gates((f, (root / f).read_text(errors="replace")) for f in source_files(root)
                            if f.parts[0] in {"runtime", "io", "hardware", "tools"})
    problems += check_types((f, (root / f).read_text(errors="replace")) for f in headers_of(root) if f.parts[0] != "tests")
    problems += check_version((root / "CMakeLists.txt").read_text(), (root / "CHANGELOG.md").read_text())
    for file in text_files(root):
        problems += check_text(file, (root / file).read_text(errors="replace"))
    for file in source_files(root):
        problems += violations_of(file, (root / file).read_text(errors="replace"), root)
    flags = library_flags()
    for header in headers_of(root):
        problems += missing_includes(str(header), reader_of(header, root))
    binding = binding_flags()
    if binding is None:
        print("left out: tools/python's headers, which nanobind is not installed for")
    before = [] if os.environ.get("QMTL_LONG") else precompile(compiler, folder)
    jobs = [(root, header, compiler, flags + (binding or []), folder, before) for header in headers_of(root)
            if binding is not None or not lies_in(header, "tools/python")]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        problems += [problem for problem in pool.map(compile_alone, jobs) if problem]
    return problems, len(jobs)


def self_test(root, folder):
    """Every rule finds what breaks it and leaves what keeps it."""
    cases = [
        ("runtime/engine/a.cpp", '#include "io/config/config.h"', True),
        ("runtime/engine/a.cpp", '#include "runtime/model/spec.h"', True),
        ("runtime/engine/a.cpp", '#include "runtime/circuit/circuit.h"', False),
        ("runtime/model/a.cpp", '#include "runtime/base/error.h"', False),
        ("runtime/train/a.cpp", "#include <mpi.h>", True),
        ("runtime/train/a.cpp", "#include <hdf5.h>", True),
        ("distributed/a.cpp", "#include <mpi.h>", False),
        ("distributed/a.cpp", '  #  include "io/runs/checkpoint.h"', True),
        ("io/a.cpp", '#include "hardware/noise.h"', True),
        ("io/a.cpp", "#include <H5Fpublic.h>", False),
        ("tools/library/include/qmtl/a.h", "#include <Eigen/Core>", True),
        ("tools/library/include/qmtl/a.h", "#include <mpi.h>", True),
        ("tools/library/include/qmtl/a.h", '#include "io/config/config.h"', True),
        ("tools/library/include/qmtl/a.h", "#include <span>", False),
        ("tools/library/include/qmtl/a.h", '#include "qmtl/rows.h"', False),
        ("hardware/a.cpp", "#include <curl/curl.h>", False),
        ("io/a.cpp", "#include <curl/curl.h>", True),
        ("runtime/base/a.cpp", '#include "runtime/circuit/circuit.h"', True),
        ("runtime/base/a.h", '#include "runtime/base/error.h"', False),
        ("tools/program/a.cpp", '#include "tests/oracle/oracle.h"', True),
        ("tools/program/a.cpp", '#include "io/data/dataset.h"', False),
        ("tools/program/a.cpp", '#include "tools/workflows/replay/run.h"', False),
        ("tools/workflows/report/a.cpp", '#include "tools/library/model.h"', True),
        ("tools/workflows/replay/a.cpp", '#include "tools/program/options.h"', True),
        ("tools/workflows/replay/a.cpp", '#include "tools/library/model.h"', True),
        ("tools/workflows/export/a.cpp", '#include "tools/workflows/training/load.h"', False),
        ("tools/workflows/export/a.cpp", '#include "hardware/split.h"', False),
        ("tools/library/a.cpp", '#include "tools/program/options.h"', True),
        ("tools/library/a.cpp", '#include "tools/workflows/replay/run.h"', False),
        ("tools/python/a.cpp", '#include "tools/library/source/rows.h"', True),
        ("tools/python/a.cpp", '#include "io/config/config.h"', True),
        ("tools/python/a.cpp", '#include "qmtl/head.h"', False),
        ("tools/python/a.cpp", '#include "tools/python/source/arrays.h"', False),
        ("tools/library/a.cpp", '#include "tools/python/source/arrays.h"', True),
        ("tests/workflows/a.cpp", '#include "tools/workflows/replay/run.h"', False),
        ("benchmarks/a.cpp", '#include "tools/workflows/studies/workload.h"', False),
        ("tests/engine/a.cpp", '#include "runtime/engine/engine.h"', False),
        ("io/data/a.cpp", '#include "io/sources/csv.h"', False),
        ("io/data/a.cpp", '#include "io/runs/predictions.h"', True),
        ("runtime/circuit/a.h", '#include "runtime/circuit/plan/plan.h"', True),
        ("runtime/circuit/pauli/a.h", '#include "runtime/circuit/plan/cost.h"', True),
        ("runtime/circuit/pauli/a.h", '#include "runtime/circuit/circuit.h"', False),
    ]
    wrong = [f"{file}: {line}" for file, line, broken in cases
             if bool(list(violations_of(pathlib.PurePosixPath(file), line, root))) != broken]
    texts = [
        ("io/a.cpp", f"// {LICENCE}\nint a;\n", False),
        ("io/a.cpp", f"int a;\nint b;\n// {LICENCE}\n", True),
        ("io/a.cpp", "int a;\n", True),
        ("tools/do", f"#!/bin/sh\n# {LICENCE}\n", False),
        ("tools/do", "#!/bin/sh\n", True),
        ("io/CMakeLists.txt", "project(io)\n", True),
        ("io/words.txt", "a\n", False),
        ("runtime/edge/kernels/a.h", "int a;\n", False),
        ("io/a.h", f"// {LICENCE}\n/// As in DE" + "SIGN section 2.\n", True),
        ("io/a.h", f"// {LICENCE}\n/// The design section by section.\n", False),
    ]
    wrong += [f"{file}: {text!r}" for file, text, broken in texts
              if bool(list(check_text(pathlib.PurePosixPath(file), text))) != broken]
    for changelog, broken in (("## [1.2.0]\n## [1.1.0]\n", False), ("## [1.1.0]\n## [1.2.0]\n", True), ("", True)):
        if bool(list(check_version("project(qmtl VERSION 1.2.0 LANGUAGES C)", changelog))) != broken:
            wrong.append(f"CHANGELOG.md {changelog!r}")
    header = "namespace qmtl {\nstruct Part {\n};\n}  // namespace qmtl\n"
    if not list(check_types([("a.h", header), ("b.h", header)])):
        wrong.append("a type that is defined twice is not reported")
    if list(check_types([("a.h", header), ("b.h", header.replace("namespace qmtl", "namespace qmtl::engine"))])):
        wrong.append("types of two namespaces are taken for one")
    for names, broken in ((["DeviceGate::rx"] * 6, False), (["DeviceGate::rx"] * 7, True), (["DeviceGate::cx"] * 9 + ["Gate::cx"], True),
                          (["Gate::rx"] * 18, False), (["Gate::rx"] * 19, True), (["DeviceGate gate"] * 30, False)):
        if bool(list(check_gates((f"{n}.cpp", name) for n, name in enumerate(names)))) != broken:
            wrong.append(f"how many files name gates: {names}")
    if not compile_alone((root, pathlib.PurePosixPath("no/such/header.h"), "c++", [], folder, [])):
        wrong.append("a header that cannot be compiled is not reported")
    brought = {"a.h": '#include "b.h"\nstd::string f(std::size_t n);\n', "b.h": "#include <string>\n"}
    for text, missing in ((brought["a.h"], []), (brought["a.h"] + "std::vector<int> g();\n", ["vector"]),
                          (brought["a.h"] + "// std::vector\n", []), ("std::no_such_name x;\n", ["no_such_name"])):
        found = list(missing_includes("a.h", {**brought, "a.h": text}.get))
        if len(found) != len(missing) or not all(name in line for name, line in zip(missing, found)):
            wrong.append(f"missing includes of {text!r}: {found}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--cxx", default=shutil.which("c++") or "g++")
    parser.add_argument("--folder", type=pathlib.Path, help="where to compile; default: a temporary folder")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    root = options.root.resolve()
    folder = (options.folder or pathlib.Path(tempfile.mkdtemp(prefix="qmtl-structure-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if options.self_test:
        problems, summary = self_test(root, folder), "the rules find what breaks them"
    else:
        problems, headers = check(root, options.cxx, folder)
        summary = f"folders and include arrows hold, {headers} headers compile alone"
    if options.folder is None:
        shutil.rmtree(folder)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(problems)} violations" if problems else summary)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
