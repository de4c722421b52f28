#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sbom.py [--out FILE]: what the program is built with and linked to, as CycloneDX 1.5, from the Debian packages of
tools/packages.txt that are installed here. Standard output without --out."""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Debian package of the development files -> what it is called by its makers, its licence (SPDX), how it is used.
LIBRARIES = {
    "libopenmpi-dev": ("Open MPI", "BSD-3-Clause-Open-MPI", "linked"),
    "libeigen3-dev": ("Eigen", "MPL-2.0", "compiled in"),
    "libhdf5-dev": ("HDF5", "LicenseRef-HDF5", "linked"),
    "libboost-program-options-dev": ("Boost.Program_options", "BSL-1.0", "linked"),
    "libtbb-dev": ("oneTBB", "Apache-2.0", "linked"),
    "libhwy-dev": ("Highway", "Apache-2.0", "linked"),
    "libtomlplusplus-dev": ("toml++", "MIT", "linked"),
    "nlohmann-json3-dev": ("JSON for Modern C++", "MIT", "compiled in"),
    "libfmt-dev": ("{fmt}", "MIT", "linked"),
    "libspdlog-dev": ("spdlog", "MIT", "linked"),
    "zlib1g-dev": ("zlib", "Zlib", "linked"),
    "libpng-dev": ("libpng", "libpng-2.0", "linked"),
    "libturbojpeg0-dev": ("libjpeg-turbo", "BSD-3-Clause AND IJG AND Zlib", "linked"),
    "libjs-chart.js": ("Chart.js", "MIT", "compiled in"),
    "libcurl4-openssl-dev": ("curl", "curl", "linked"),
    "libcpp-httplib-dev": ("cpp-httplib", "MIT", "linked"),
    "libssl-dev": ("OpenSSL", "Apache-2.0", "linked"),
    "libprotobuf-dev": ("Protocol Buffers", "BSD-3-Clause", "linked"),
    "libonnx-dev": ("ONNX", "Apache-2.0", "linked"),
}
# What builds, and is no part of what is built.
TOOLS = {"g++", "cmake", "ninja-build", "pkg-config", "git", "ca-certificates", "openmpi-bin", "protobuf-compiler"}


def packages():
    for line in (ROOT / "tools" / "packages.txt").read_text().splitlines():
        name, *kind = line.split()
        if name != "#" and not name.startswith("#") and kind in ([], ["rooms"]):
            yield name


def version_of(package):
    """Debian's version here, or None where it is not installed."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 and done.stdout else None


def licence(text):
    if " " in text:
        return {"expression": text}
    return {"license": {"name": text} if text.startswith("LicenseRef") else {"id": text}}


def component(package):
    title, terms, use = LIBRARIES[package]
    found = version_of(package)
    purl = f"pkg:deb/debian/{package.replace('+', '%2B')}"
    upstream = re.sub(r"^\d+:|[-+~].*$", "", found) if found else None
    described = {"type": "library", "bom-ref": purl, "name": title, "licenses": [licence(terms)],
                 "purl": purl + (f"@{found.replace(':', '%3A').replace('+', '%2B')}" if found else ""),
                 "properties": [{"name": "qmtl:use", "value": use}]}
    if upstream:
        described["version"] = upstream
    return described


def document():
    names = list(packages())
    unknown = [name for name in names if name not in LIBRARIES and name not in TOOLS]
    if unknown:
        sys.exit(f"sbom.py: expected every package of tools/packages.txt in its tables, found none for {', '.join(unknown)}")
    cmake = (ROOT / "CMakeLists.txt").read_text()
    version = re.search(r"project\(qmtl VERSION ([\d.]+)", cmake).group(1)
    parts = [component(name) for name in names if name in LIBRARIES]
    whole = {"type": "application", "bom-ref": "qmtl", "name": "qmtl", "version": version,
             "licenses": [licence("Apache-2.0")], "purl": f"pkg:generic/qmtl@{version}"}
    content = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
               "metadata": {"component": whole}, "components": parts,
               "dependencies": [{"ref": "qmtl", "dependsOn": [part["bom-ref"] for part in parts]}]}
    # The same parts give the same number.
    content["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))}"
    return content


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    text = json.dumps(document(), indent=2) + "\n"
    if options.out:
        options.out.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
