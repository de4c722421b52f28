# SPDX-License-Identifier: Apache-2.0
"""What goes wrong, with the words and the exit code of the program. Wrong arrays are TypeError and ValueError."""

from __future__ import annotations


class Error(Exception):
    """Anything that the library refuses. `exit_code` is the program's for the same."""

    exit_code = 1


class UsageError(Error, ValueError):
    """Wrong usage or configuration: the message names the key, what was expected and what was found."""

    exit_code = 2


class DataError(Error, ValueError):
    """Bad data or a bad file: the message names the file, or row and column."""

    exit_code = 3


class EndpointError(Error, RuntimeError):
    """What a quantum service refuses."""

    exit_code = 4


def from_code(exit_code: int, message: str) -> Error:
    """The exception of an exit code, not raised."""
    for kind in (UsageError, DataError, EndpointError):
        if kind.exit_code == exit_code:
            return kind(message)
    return Error(message)
