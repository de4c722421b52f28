# SPDX-License-Identifier: Apache-2.0
"""What this installation computes with."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import sys
from typing import NamedTuple

import numpy as np

from . import _core
from .head import Head


class Finding(NamedTuple):
    """A line of doctor(); `cure` is empty where nothing is wrong."""

    topic: str
    found: str
    cure: str = ""


def installed(name: str) -> str:
    distribution = {"sklearn": "scikit-learn"}.get(name, name)
    if importlib.util.find_spec(name) is None:
        return "not installed"
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "installed, version unknown"


def gradient_error() -> float:
    """Largest difference between a head's slopes and central differences, relative to the largest slope."""
    head = Head(["a"], {"circuit": {"qubits": 3}, "block": {"size": 2}, "train": {"precision": "double"}})
    z = np.linspace(-1.0, 1.0, head.width)[None, :]
    slopes, _ = head.vjp(z, np.ones((1, 1)))
    steps = 1e-4 * np.eye(head.width)
    differences = (head.forward(z + steps) - head.forward(z - steps))[:, 0] / 2e-4
    return float(np.max(np.abs(slopes[0] - differences)) / np.max(np.abs(slopes)))


def doctor(quiet: bool = False) -> list[Finding]:
    """Looks at what the package computes with, prints it (unless quiet) and returns it: versions, instruction set,
    cores, the other packages that have a door here, and a gradient checked against differences."""
    built, told = _core.version(), importlib.metadata.version("qmtl") if _has_metadata() else None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    error = gradient_error()
    forms = ", ".join(_core.export_forms())
    findings = [
        Finding("qmtl", built + (f", {os.path.dirname(__file__)}"),
                "" if told in (None, built) else f"the package says {told}: install it again"),
        Finding("python", f"{platform.python_version()}, {sys.executable}"),
        Finding("numpy", np.__version__),
        Finding("simd", _core.instruction_set()),
        Finding("threads", f"{cores} cores; qmtl.set_threads sets how many are used"),
        Finding("export", forms or "none: built without QMTL_HARDWARE; the program exports what Model.save writes"),
        *(Finding(name, installed(name)) for name in ("torch", "jax", "sklearn", "pandas")),
        # The truncation of a step of 1e-4 is about 1e-9 of the slope, its rounding 1e-12 / 1e-4.
        Finding("gradient", f"differs from differences by {error:.1e}",
                "" if error < 1e-6 else "this build computes wrong numbers: install it again, or report it"),
    ]
    if not quiet:
        for finding in findings:
            print(f"{'FIX' if finding.cure else 'ok':<4} {finding.topic:<9} {finding.found}")
            if finding.cure:
                print(f"{'':<14} -> {finding.cure}")
    return findings


def _has_metadata() -> bool:
    try:
        importlib.metadata.version("qmtl")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
