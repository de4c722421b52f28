# SPDX-License-Identifier: Apache-2.0
"""Quantum multi-task heads from Python: `Head` inside somebody else's training, `train` and `Model` for whole
models; qmtl.torch, qmtl.jax and qmtl.sklearn where those packages are installed."""

from ._core import Epoch, Progress, Task, export_forms, instruction_set
from ._core import version as _version
from .doctor import Finding, doctor
from .errors import DataError, EndpointError, Error, UsageError
from .head import Head
from .metrics import read_metrics
from .model import Model, Replay, report, run, train
from .threads import set_threads

__version__ = _version()
from_qasm3 = Head.from_qasm3
__all__ = ["DataError", "EndpointError", "Epoch", "Error", "Finding", "Head", "Model", "Progress", "Replay", "Task",
           "UsageError", "doctor", "export_forms", "from_qasm3", "instruction_set", "read_metrics", "report", "run", "set_threads",
           "train"]
