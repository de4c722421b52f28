# SPDX-License-Identifier: Apache-2.0
"""Quantum multi-task heads from Python: `Head` inside somebody else's training, `train` and `Model` for whole
models; qmtl.torch, qmtl.jax and qmtl.sklearn where those packages are installed."""

from ._core import Epoch, Task, export_forms, instruction_set
from ._core import version as _version
from .doctor import Finding, doctor
from .errors import DataError, EndpointError, Error, UsageError
from .head import Head
from .metrics import read_metrics
from .model import Model, train
from .threads import set_threads

__version__ = _version()
__all__ = ["DataError", "EndpointError", "Epoch", "Error", "Finding", "Head", "Model", "Task", "UsageError", "doctor",
           "export_forms", "instruction_set", "read_metrics", "set_threads", "train"]
