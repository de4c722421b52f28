#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""edge.py [--out FOLDER] [--head FILE.qmh]: the edge runtime as one package that is an Arduino and a PlatformIO library, an
ESP-IDF component, a Zephyr module, a CMSIS-Pack and a Conan recipe, each by its own description in tools/package/edge; and a
vcpkg port beside it. Writes FOLDER/qmtl-edge-VERSION/ and its archives (default: build/package)."""

import argparse
import hashlib
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import time
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RUNTIME = ROOT / "runtime" / "edge"
# The model that examples and samples run where no other is named.
HEAD = ROOT / "tests" / "edge" / "golden" / "v1_0_pauli.qmh"
URL = "https://arxiv.org/abs/2604.13560"
# Words of a head file's header: runtime/edge/FORMAT.md.
MAGIC, ARENA, INPUTS, OUTPUTS = 0x31484d51, 5, 6, 7


def version():
    return re.search(r"project\(qmtl VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)


def commit_time():
    """Of the last commit, so that a commit gives one archive; of this file where there is no checkout."""
    found = subprocess.run(["git", "-C", str(ROOT), "log", "-1", "--format=%ct"], capture_output=True, text=True)
    return int(found.stdout) if found.returncode == 0 and found.stdout.strip() else int(pathlib.Path(__file__).stat().st_mtime)


def head_header(file):
    """A head file as a C header: its bytes, aligned for the runtime, and the sizes that its user needs."""
    data = file.read_bytes()
    words = struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])
    if len(words) < 24 or words[0] != MAGIC:
        sys.exit(f"edge.py: {file}: expected a head file (qmtl export --to edge), found something else")
    rows = [" ".join(f"0x{word:08x}u," for word in words[i:i + 8]) for i in range(0, len(words), 8)]
    return (f"/* {file.name}, made by tools/package/edge.py. Words, so that it is aligned; for little-endian processors. */\n"
            f"#ifndef HEAD_H\n#define HEAD_H\n\n#include <stdint.h>\n\n"
            f"enum {{ HEAD_INPUTS = {words[INPUTS]}, HEAD_OUTPUTS = {words[OUTPUTS]}, HEAD_ARENA = {4 * words[ARENA]} }};\n\n"
            f"static const uint32_t head[] = {{\n    " + "\n    ".join(rows) + "\n};\n\n#endif\n")


def expand(text, values):
    return re.sub(r"@([A-Z0-9_]+)@", lambda match: values[match.group(1)], text)


def copy_runtime(to):
    for file in sorted(RUNTIME.rglob("*")):
        inside = file.relative_to(RUNTIME)
        if file.is_file() and inside.parts[0] != "examples":
            (to / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, to / inside)


def pack_files():
    kinds = {".c": "source", ".h": "header", ".hpp": "header"}
    return "\n".join(f'        <file category="{kinds[file.suffix]}" name="src/{file.name}"/>'
                     for file in sorted(RUNTIME.iterdir()) if file.suffix == ".c" or file.name.startswith("qmtl_edge"))


def archive(folder, to, when, inside):
    """A zip whose bytes depend on the files and the commit alone."""
    stamp = time.gmtime(max(when, 315532800))[:6]
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as out:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                entry = zipfile.ZipInfo(inside + str(file.relative_to(folder)), stamp)
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                out.writestr(entry, file.read_bytes())


def make(out, head, url):
    number, when = version(), commit_time()
    name = f"qmtl-edge-{number}"
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    values = {"VERSION": number, "URL": url, "FILES": pack_files(), "DATE": time.strftime("%Y-%m-%d", time.gmtime(when))}
    templates = HERE / "edge"
    for file in sorted(templates.rglob("*")):
        inside = file.relative_to(templates)
        if not file.is_file() or inside.parts[0] == "vcpkg" or "__pycache__" in inside.parts:
            continue
        (folder / inside).parent.mkdir(parents=True, exist_ok=True)
        (folder / inside).write_text(expand(file.read_text(), values))
    copy_runtime(folder / "src")
    shutil.copyfile(ROOT / "LICENSE", folder / "LICENSE")
    for place in ("samples", "examples/Predict"):
        (folder / place / "head.h").write_text(head_header(head))
    zipped = out / f"{name}.zip"
    archive(folder, zipped, when, f"{name}/")
    archive(folder, out / f"qmtl.qmtl-edge.{number}.pack", when, "")
    port = out / "vcpkg" / "qmtl-edge"
    port.mkdir(parents=True, exist_ok=True)
    values |= {"ARCHIVE": zipped.name, "ARCHIVE_URL": zipped.as_uri(), "SHA512": hashlib.sha512(zipped.read_bytes()).hexdigest()}
    for file in (templates / "vcpkg").iterdir():
        (port / file.name).write_text(expand(file.read_text(), values))
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "package")
    parser.add_argument("--head", type=pathlib.Path, default=HEAD)
    parser.add_argument("--url", default=URL, help="the page that descriptions name")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print(make(options.out.resolve(), options.head, options.url))


if __name__ == "__main__":
    main()
