# SPDX-License-Identifier: Apache-2.0
"""How far a training is, for who waits for it: a line that changes in a terminal or a notebook, else a line now and then."""

from __future__ import annotations

import sys
import time
from typing import Any

from ._core import Epoch, Progress

SECONDS_BETWEEN_LINES = 10.0  # where what is written stays
SECONDS_BETWEEN_CHANGES = 0.1


def duration(seconds: float) -> str:
    whole = int(min(max(seconds, 0), 359999))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}" if whole >= 3600 else f"{whole // 60:02d}:{whole % 60:02d}"


def line(progress: Progress, best: Epoch | None, width: int = 20) -> str:
    """'epoch 3/50 [####......] 12 % loss 0.213, best 0.91 (epoch 2), 00:12 left'"""
    share = progress.step / progress.steps if progress.steps else 1.0
    bar = "#" * int(width * share)
    text = f"epoch {progress.epoch}/{progress.epochs} [{bar:.<{width}}] {100 * share:3.0f} % loss {progress.loss:.4g}"
    if best is not None:
        text += f", best {best.validation_mean:.4g} (epoch {best.number})"
    return f"{text}, {duration(progress.seconds_left)} left"


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    shell = sys.modules.get("IPython")
    shell = shell.get_ipython() if shell else None
    return shell is not None and hasattr(shell, "kernel")


class Bar:
    """Follows a training; `step` and `epoch` are its callbacks, `close` ends the line."""

    def __init__(self, stream: Any = None) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.notebook = stream is None and in_notebook()
        self.changes = self.notebook or getattr(self.stream, "isatty", lambda: False)()
        self.best: Epoch | None = None
        self.ended: Epoch | None = None
        self.begun = time.monotonic()
        self._shown, self._written = 0.0, 0
        self._handle: Any = None

    def step(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._shown >= (SECONDS_BETWEEN_CHANGES if self.changes else SECONDS_BETWEEN_LINES):
            self._shown = now
            self._write(line(progress, self.best))

    def epoch(self, epoch: Epoch) -> None:
        self.ended = epoch
        if epoch.best:
            self.best = epoch

    def close(self) -> None:
        """Says how it ended, whatever was shown last."""
        if self.ended is not None:
            text = f"{self.ended.number} epochs in {duration(time.monotonic() - self.begun)}, loss {self.ended.train_loss:.4g}"
            if self.best is not None:
                text += f", best {self.best.validation_mean:.4g} (epoch {self.best.number})"
            self._write(text)
        if self.changes and not self.notebook and self._written:
            self.stream.write("\n")
            self.stream.flush()

    def _write(self, text: str) -> None:
        if self.notebook:
            from IPython.display import display
            content = {"text/plain": text}
            if self._handle is None:
                self._handle = display(content, raw=True, display_id=True)
            else:
                self._handle.update(content, raw=True)
            return
        # Spaces cover what was there before.
        self.stream.write(f"\r{text:<{self._written}}" if self.changes else text + "\n")
        self._written = len(text)
        self.stream.flush()
