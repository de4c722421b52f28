#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what the layout of the source tree promises: top-level folders, include arrows, headers that compile alone,
a licence line in every file, no comment that cites a page from elsewhere.

Prints every violation with its file and line and ends with 1 if there is any. check_rules.py checks this checker.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import headers

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
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')

# A gate is a row of a table that readers loop over (runtime/circuit/gates.h, hardware/device_gates.h): in how many files an
# enumeration's gates may be named. Lower the numbers where they can be; who needs another file has found a row's lack. What
# stays says which gates a circuit has, and nothing of what a gate is: beside the tables the published circuits, the named
# entanglers, the defaults of the short form and the workload of benchmarks; IonQ's gates, and how gates are written for devices.
NAMED = {"Gate": 6, "DeviceGate": 4}


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


def may_include(path, target):
    """Whether the arrows let a header include another; -inl.h are their own sources' alone."""
    file, target = pathlib.PurePosixPath(path), pathlib.PurePosixPath(target)
    return str(target) in SEAMS or (not target.name.endswith("-inl.h") and not list(layer_violations("", file, target))
                                    and any(lies_in(target, room) for room in arrows_of(file)[1]))


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
    looked_at = headers_of(root)
    problems += headers.include_problems(root, looked_at, PUBLIC.parent, may_include)
    binding = headers.binding_flags()
    if binding is None:
        print("left out: tools/python's headers, which nanobind is not installed for")
        looked_at = [header for header in looked_at if not lies_in(header, "tools/python")]
    compiling = headers.Compiler(root, compiler, headers.library_flags() + (binding or []), folder, PUBLIC.parent)
    problems += headers.parse_problems(compiling, looked_at, lambda header: "/".join(header.parts[:2]), os.environ.get("QMTL_LONG"))
    return problems, len(looked_at)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--cxx", default=shutil.which("c++") or "g++")
    parser.add_argument("--folder", type=pathlib.Path, help="where to compile; default: a temporary folder")
    options = parser.parse_args()
    root = options.root.resolve()
    folder = (options.folder or pathlib.Path(tempfile.mkdtemp(prefix="qmtl-structure-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    problems, looked_at = check(root, options.cxx, folder)
    if options.folder is None:
        shutil.rmtree(folder)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(problems)} violations" if problems else
          f"folders and include arrows hold, {looked_at} headers bring what they use")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
