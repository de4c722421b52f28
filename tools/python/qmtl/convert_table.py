# SPDX-License-Identifier: Apache-2.0
"""What qmtl.convert tells of a table, and what its readers share."""

from __future__ import annotations

import importlib
import pathlib
from dataclasses import dataclass, field
from typing import Any

if __package__:
    from .errors import UsageError
else:
    from errors import UsageError  # type: ignore

MOST_COLUMNS = 100_000  # that lists and structures may become


@dataclass
class Column:
    """What became of a column of the result."""

    type: str
    missing: int = 0
    empty: int = 0  # texts without a character, which an import takes for missing


@dataclass
class Conversion:
    """What `convert` did."""

    file: pathlib.Path
    kind: str
    rows: int = 0
    columns: dict[str, Column] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def needed(module: str, packages: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as missing:
        raise UsageError(f"expected the Python package {packages} for such a file, found that it cannot be imported "
                         f"({missing}); python3 -m pip install {packages}") from missing
