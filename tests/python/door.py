# SPDX-License-Identifier: Apache-2.0
"""The way of the tests to the Python package: QMTL_PYTHON_PACKAGE (a build with QMTL_PYTHON=ON), else the environment that
tests/python/setup makes, else what is installed for this Python."""

import gc
import importlib.util
import os
import pathlib
import resource
import sys
import tracemalloc

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tools"))
ENVIRONMENT = ROOT / "build" / "python-venv" / "bin" / "python"
LEFT_OUT = 77  # ctest shows the test as skipped

TASKS = {"side": "binary", "third": {"kind": "multiclass", "outputs": 3}, "distance": "regression"}
CONFIG = {"seed": 3, "backbone": {"layers": [{"type": "dense", "width": 6, "activation": "tanh"}]},
          "circuit": {"qubits": 5, "layers": 1}, "block": {"size": 3, "stride": 1}, "train": {"epochs": 4, "batch": 20}}
# A head of every kind and reading, each small enough for numerical slopes.
HEADS = {
    "qmtl": {"circuit": {"qubits": 4}, "block": {"size": 2}},
    "shift-atan": {"circuit": {"qubits": 4}, "block": {"size": 2}, "head": {"angle_map": "shift-atan"}},
    "pi-tanh": {"circuit": {"qubits": 4}, "block": {"size": 2}, "head": {"angle_map": "pi-tanh"}},
    "linear map": {"circuit": {"qubits": 4}, "block": {"size": 2}, "head": {"angle_map": "linear"}},
    "trained gain": {"circuit": {"qubits": 4}, "block": {"size": 2}, "head": {"train_gain": True}},
    "uploads": {"circuit": {"qubits": 3, "uploads": 2, "layers": 2}, "block": {"size": 2}},
    "global": {"circuit": {"qubits": 3, "rotations": ["ry", "rz"]}, "block": {"placement": "global", "entangler": "cx-ring"}},
    "weights": {"circuit": {"qubits": 4}, "block": {"size": 2, "readout": "weights"}},
    "first": {"circuit": {"qubits": 4}, "block": {"size": 2, "readout": "first"}},
    "hybrid": {"circuit": {"qubits": 3}, "head": {"kind": "hybrid"}},
    "separate": {"circuit": {"qubits": 3}, "block": {"placement": "global"}, "head": {"kind": "separate"}},
    "linear": {"head": {"kind": "linear", "width": 3}},
    "mlp": {"head": {"kind": "mlp", "width": 3, "hidden": 4}},
    "local": {"circuit": {"qubits": 4}, "block": {"size": 2}, "head": {"kind": "local"}},
}


def leave_out(why):
    print(f"left out: {why}")
    sys.exit(LEFT_OUT)


def environment(*others):
    """Goes on in the environment, unless a build's package is tested; ends the test where one of the other packages is
    not there."""
    built = os.environ.get("QMTL_PYTHON_PACKAGE")
    if not built and os.access(ENVIRONMENT, os.X_OK) and pathlib.Path(sys.prefix) != ENVIRONMENT.parents[1]:
        os.execv(ENVIRONMENT, [str(ENVIRONMENT), *sys.argv])
    for name in others:
        try:
            __import__(name)
        except ImportError as missing:
            leave_out(f"{name} is needed ({missing})")
    return built


def module(name):
    """A module of the package that needs nothing else of it, without what is compiled."""
    folder = ROOT / "tools" / "python" / "qmtl"
    sys.path.insert(0, str(folder))  # which it takes away again
    found = importlib.util.spec_from_file_location(f"qmtl_{name}", folder / f"{name}.py")
    made = importlib.util.module_from_spec(found)
    sys.modules[made.__name__] = made
    found.loader.exec_module(made)
    return made


def the_package(*others):
    """Makes `import qmtl` work, or ends the test where the package or one of the other packages is not there."""
    built = environment("numpy", *others)
    if built:
        sys.path.insert(0, built)
    try:
        import qmtl
    except ModuleNotFoundError as missing:
        if missing.name != "qmtl" or built:
            raise
        leave_out("the Python package is neither built (QMTL_PYTHON=ON) nor installed (tests/python/setup)")
    return qmtl


def growth(calls):
    """Bytes of Python and kB of the whole process that 10,000 of calls(times) leave behind, after 500 to warm up. tracemalloc itself
    grows the process by some hundred kB."""
    calls(500)
    gc.collect()
    tracemalloc.start()
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before = tracemalloc.get_traced_memory()[0]
    calls(10000)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return grown, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident


def points(rows=90):
    """Points of a plane: which side of a line, which third of a circle, how far from the middle (missing for every
    seventh); and which are for validation and test."""
    import numpy as np
    i = np.arange(rows)
    x = np.stack([i * 37 % 90 - 45, i * 53 % 90 - 45], axis=1).astype(np.float32) / 45
    third = np.minimum(np.floor((np.arctan2(x[:, 1], x[:, 0]) + np.pi) / 2.0943952), 2)
    distance = np.where(i % 7 == 0, np.nan, np.hypot(x[:, 0], x[:, 1]))
    y = np.stack([x.sum(axis=1) > 0, third, distance], axis=1).astype(np.float32)
    return x, y, np.where(i % 5 < 3, 0, i % 5 - 2).astype(np.uint8)
