# SPDX-License-Identifier: Apache-2.0
"""Tests against other people's programs run in an environment of their own: build/hardware-venv, made by
tests/hardware/setup, or the one of QMTL_PEERS_PYTHON. The tests in every run need nothing but Debian's packages.

    import peers
    peers.require("qiskit", "qiskit_aer", skipped="loading exports in Qiskit")
    import qiskit
"""

import importlib.util
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ENTERED = "QMTL_PEERS_ENTERED"


def is_there(module):
    """Whether a module can be imported; of a.b also when not even a is there."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def python(environment="hardware-venv", variable="QMTL_PEERS_PYTHON"):
    """The environment's interpreter, or nothing."""
    chosen = os.environ.get(variable) or os.path.join(ROOT, "build", environment, "bin", "python")
    return chosen if os.access(chosen, os.X_OK) else None


def require(*modules, skipped, environment="hardware-venv", variable="QMTL_PEERS_PYTHON"):
    """Returns inside an environment that has the modules: starts the running script again with its interpreter where
    that is needed. Without one, says what was skipped and ends the script with success; a broken one is a failure."""
    if os.environ.get(ENTERED) != sys.argv[0]:
        interpreter = python(environment, variable)
        if interpreter:
            os.environ[ENTERED] = sys.argv[0]
            os.execv(interpreter, [interpreter, *sys.argv])
        if os.environ.get(variable):
            sys.exit(f"{variable}: expected an interpreter, found {os.environ[variable]}")
    missing = [name for name in modules if not is_there(name)]
    if not missing:
        return
    if os.environ.get(ENTERED) == sys.argv[0]:
        sys.exit(f"{sys.executable} lacks {', '.join(missing)}: make the environment again with tests/hardware/setup")
    print(f"skipped: {skipped}; needs {', '.join(missing)} (tests/hardware/setup makes the environment)")
    sys.exit(0)


def installed_library(module, *pattern):
    """The file that lies by such a name in the folder of an installed module, or nothing."""
    interpreter = python()
    if not interpreter:
        return None
    find = f"import glob, os, {module}; print(*glob.glob(os.path.join(os.path.dirname({module}.__file__), *{pattern!r})), end='')"
    found = subprocess.run([interpreter, "-c", find], text=True, capture_output=True)
    return found.stdout or None


def ddsim_library():
    """The library of MQT Core's DDSIM device in the environment, or nothing."""
    return installed_library("mqt.core", "lib*", "libmqt-core-qdmi-ddsim-device.so")


def iqm_library():
    """IQM's own device library in the environment, or nothing."""
    return installed_library("iqm.qdmi", "data", "lib*", "libiqm-qdmi-device.so")
