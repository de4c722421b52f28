# SPDX-License-Identifier: Apache-2.0
"""Threads of the library's own, beside those of other packages."""

from __future__ import annotations

from . import _core


def set_threads(most: int | None) -> None:
    """At most so many threads in all calls of this process, at least 1; None: every core of the affinity mask, as at
    the start. No result depends on it. Raises UsageError for fewer than 1."""
    _core.set_threads(most)
