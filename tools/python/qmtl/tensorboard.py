# SPDX-License-Identifier: Apache-2.0
"""The history of a run folder as TensorBoard shows it: python3 -m qmtl.tensorboard RUN, then tensorboard --logdir RUN/tensorboard.

Scalars by epoch (losses, metrics of the tasks, learning rate, norms of gradients, times), those of logged steps, and the
configuration as text. With --follow while a training runs, until it ends. Needs the package tensorboard, not TensorFlow.
The module needs nothing else of the package, so that it also runs as a file where that is not built."""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import sys
import time
from typing import Any

if __package__:
    from .errors import DataError, Error, UsageError
else:
    from errors import DataError, Error, UsageError  # type: ignore
    del sys.path[0]  # or `import torch` of another package would find the module beside this one

PERIOD = 2.0  # seconds between two looks at a run
SILENT = 30.0  # seconds without a sign of life after which a run counts as killed: it gives one every 3


def scalars(line: dict[str, Any]) -> dict[str, float]:
    """Name and value of what a line of metrics.jsonl says: "loss/train", "tasks/NAME", "tasks/NAME/METRIC", ..."""
    step = line.get("kind") == "step"
    names = {"train_loss": "loss/train", "validation_loss": "loss/validation", "validation_mean": "tasks/mean",
             "learning_rate": "rate/learning_rate", "loss": "steps/loss"}
    found: dict[str, Any] = {}
    for key, value in line.items():
        if key in names:
            found["steps/learning_rate" if step and key == "learning_rate" else names[key]] = value
        elif key == "tasks":
            found.update({f"tasks/{task}": one for task, one in value.items()})
        elif key == "metrics":
            found.update({f"tasks/{task}/{metric}": one for task, all_of in value.items() for metric, one in all_of.items()})
        elif key == "losses":
            found.update({f"steps/loss/{task}": one for task, one in value.items()})
        elif key == "gradient_norms":
            found.update({f"gradient_norms/{part}": one for part, one in value.items()})
        elif key == "task_weights":
            found.update({f"task_weights/{task}": one for task, one in value.items()})
        elif key == "timing" and not step:
            found["time/samples_per_second"] = value.get("samples_per_second")
            found["time/seconds"] = value.get("seconds")
            found.update({f"time/{phase}": one.get("mean") for phase, one in value.get("phases", {}).items()})
    return {name: float(value) for name, value in found.items() if isinstance(value, (int, float))}


class Events:
    """An event file, by the writer of the package tensorboard itself."""

    def __init__(self, folder: pathlib.Path) -> None:
        try:
            from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ImportError as missing:
            raise UsageError(f"expected the Python package tensorboard, found that it cannot be imported ({missing}); "
                             "python3 -m pip install tensorboard") from missing
        self.event, self.summary, self.tensor = event_pb2.Event, summary_pb2, tensor_pb2
        self.writer = EventFileWriter(str(folder))

    def write(self, step: int, when: float, values: list[Any]) -> None:
        self.writer.add_event(self.event(step=step, wall_time=when, summary=self.summary.Summary(value=values)))

    def scalars(self, step: int, when: float, values: dict[str, float]) -> None:
        self.write(step, when, [self.summary.Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])

    def text(self, tag: str, when: float, text: str) -> None:
        """As the text plugin reads it: a tensor of one string, shown as Markdown."""
        plugin = self.summary.SummaryMetadata.PluginData(plugin_name="text")
        string = 7  # DT_STRING
        block = "".join(f"    {line}\n" for line in text.splitlines())
        self.write(0, when, [self.summary.Summary.Value(
            tag=tag, metadata=self.summary.SummaryMetadata(plugin_data=plugin),
            tensor=self.tensor.TensorProto(dtype=string, string_val=[block.encode()],
                                           tensor_shape={"dim": [{"size": 1}]}))])


class Run:
    """A run folder while it is written."""

    def __init__(self, folder: pathlib.Path, out: pathlib.Path) -> None:
        self.metrics, self.status, self.folder, self.out = folder / "metrics.jsonl", folder / "status.json", folder, out
        if not self.metrics.is_file():
            raise DataError(f"{self.metrics}: expected the metrics of a run, found no such file")
        self.begin()

    def begin(self) -> None:
        """From the first line, into a folder of events alone: two files of one run would be shown as one mixed curve."""
        if self.out.exists():
            strange = [one.name for one in self.out.iterdir() if not one.name.startswith("events.out.tfevents.")]
            if strange:
                raise UsageError(f"{self.out}: expected a folder of event files alone, found {strange[0]} in it")
            shutil.rmtree(self.out)
        self.events = Events(self.out)
        self.read, self.lines, self.last = 0, 0, b""
        self.when = started = self.started()
        config = self.folder / "config.toml"
        if config.is_file():
            self.events.text("configuration", started, config.read_text(encoding="utf-8", errors="replace"))

    def started(self) -> float:
        """When the program first started, or what comes closest to it."""
        try:
            with (self.folder / "environment.jsonl").open(encoding="utf-8") as file:
                return float(json.loads(file.readline())["time"])
        except (OSError, ValueError, KeyError, TypeError):
            return self.metrics.stat().st_mtime

    def copy(self) -> int:
        """Copies what is new; the number of lines. A resumed training cuts its metrics back: then from the beginning."""
        with self.metrics.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(self.read - len(self.last), 0))
            if size < self.read or file.read(len(self.last)) != self.last:
                self.begin()
                file.seek(0)
            text = file.read()
        whole = text[:text.rfind(b"\n") + 1]  # a line without its end is being written
        new = whole.splitlines()
        for line in new:
            self.lines += 1
            try:
                found = json.loads(line)
                of_epoch = found.get("kind", "epoch") == "epoch"
                if of_epoch:
                    self.when += float(found.get("timing", {}).get("seconds") or 0)
                self.events.scalars(int(found["epoch" if of_epoch else "step"]), self.when, scalars(found))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise DataError(f"{self.metrics}:{self.lines}: expected a JSON object with an epoch or a step: "
                                f"{error}") from error
        self.read += len(whole)
        if whole:
            self.last = whole[-64:]
        self.events.writer.flush()
        return len(new)

    def is_running(self) -> bool:
        try:
            status = json.loads(self.status.read_text(encoding="utf-8"))
            return bool(status["state"] == "running" and time.time() - float(status["alive"]) < SILENT)
        except (OSError, ValueError, KeyError, TypeError):
            return False


def write_events(run: str | os.PathLike[str], out: str | os.PathLike[str] | None = None, follow: bool = False) -> int:
    """Writes event files of a run folder into `out` (RUN/tensorboard), replacing those there; the number of lines of
    metrics.jsonl that were read. `follow`: goes on until the training ends. Raises DataError naming file and line."""
    folder = pathlib.Path(run)
    source = Run(folder, pathlib.Path(out) if out is not None else folder / "tensorboard")
    try:
        source.copy()
        while follow and source.is_running():
            time.sleep(PERIOD)
            source.copy()
        if follow:
            source.copy()
    finally:
        source.events.writer.close()
    return source.lines


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m qmtl.tensorboard", description=__doc__.split("\n\n")[0])
    parser.add_argument("run", help="a run folder")
    parser.add_argument("--out", help="where the event files go; default: RUN/tensorboard")
    parser.add_argument("--follow", action="store_true", help="go on until the training ends")
    given = parser.parse_args(arguments)
    try:
        lines = write_events(given.run, given.out, given.follow)
    except Error as error:
        print(f"tensorboard: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    print(f"{lines} lines of metrics -> {given.out or os.path.join(given.run, 'tensorboard')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
