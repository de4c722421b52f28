#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""prometheus.py RUN... [--out FILE.prom]: what runs say of themselves (status.json, metrics.jsonl), as text for Prometheus. FILE goes
to the folder of the node exporter's textfile collector, from a timer or a job's script; it is replaced as a whole, so that no
half of it is ever read. Standard output without --out."""

import argparse
import json
import os
import pathlib
import sys
import tempfile
import time

STATES = ("running", "finished", "stopped", "failed")
# Field of status.json -> metric, kind, help.
STATUS = {
    "epoch": ("epoch", "gauge", "The epoch that is trained, from 1"),
    "epochs": ("epochs", "gauge", "Epochs that the run may take"),
    "step": ("steps_total", "counter", "Optimiser steps since the run's first start"),
    "loss": ("loss", "gauge", "Training loss of the last steps"),
    "samples_per_second": ("samples_per_second", "gauge", "Samples that are trained on in a second, over all ranks"),
    "seconds_left": ("remaining_seconds", "gauge", "Estimated time until the last epoch"),
    "ranks": ("ranks", "gauge", "Ranks of the job"),
    "threads": ("threads", "gauge", "Threads of a rank"),
    "started": ("started_timestamp_seconds", "gauge", "When the run was started"),
    "alive": ("alive_timestamp_seconds", "gauge", "When the run last gave a sign of life"),
}
EPOCH = {
    "train_loss": ("train_loss", "Training loss of the last whole epoch"),
    "validation_loss": ("validation_loss", "Validation loss after the last whole epoch"),
    "validation_mean": ("validation_score", "Mean of the tasks' validation scores after the last whole epoch"),
    "learning_rate": ("learning_rate", "Learning rate of the last whole epoch"),
}


class Metrics:
    """Samples by metric, written metric by metric as the format wants it."""

    def __init__(self):
        self.families = {}

    def add(self, name, kind, told, value, **labels):
        if isinstance(value, (int, float)):
            self.families.setdefault(f"qmtl_{name}", (kind, told, []))[2].append((labels, value))

    def text(self):
        lines = []
        for name, (kind, told, samples) in self.families.items():
            lines += [f"# HELP {name} {told}", f"# TYPE {name} {kind}"]
            for labels, value in samples:
                quoted = ",".join(f'{key}="{escaped(text)}"' for key, text in labels.items())
                lines.append(f"{name}{{{quoted}}} {value:.17g}" if isinstance(value, float) else f"{name}{{{quoted}}} {value}")
        return "\n".join(lines) + "\n"


def escaped(text):
    return str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def last_epoch(file):
    """The newest record of a whole epoch; a line that is being written is left for the next time."""
    found = None
    if file.exists():
        for line in file.read_text().splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if record.get("kind") == "epoch":
                found = record
    return found


def add_run(metrics, folder):
    file = folder / "status.json"
    try:
        status = json.loads(file.read_text())
    except OSError as error:
        sys.exit(f"prometheus.py: {file}: expected a run folder with a status.json, found none ({error.strerror})")
    except ValueError as error:
        sys.exit(f"prometheus.py: {file}: expected JSON, found something else ({error})")
    labels = {"run": str(folder)}
    for field, (name, kind, told) in STATUS.items():
        metrics.add(name, kind, told, status.get(field), **labels)
    for state in sorted({*STATES, status.get("state", "")} - {""}):
        metrics.add("state", "gauge", "1 for the state that the run is in", int(state == status.get("state")), **labels, state=state)
    record = last_epoch(folder / "metrics.jsonl")
    if record is None:
        return
    for field, (name, told) in EPOCH.items():
        metrics.add(name, "gauge", told, record.get(field), **labels)
    for task, score in record.get("tasks", {}).items():
        metrics.add("task_validation_score", "gauge", "A task's validation score after the last whole epoch", score, **labels, task=task)
    for phase, spent in record.get("timing", {}).get("phases", {}).items():
        for which in ("mean", "max"):
            metrics.add("phase_seconds", "gauge", "Time of a phase in the last whole epoch, mean and largest of the ranks", spent.get(which),
                        **labels, phase=phase, of=which)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=pathlib.Path, metavar="RUN")
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    metrics = Metrics()
    for folder in options.runs:
        add_run(metrics, folder)
    metrics.add("scraped_timestamp_seconds", "gauge", "When these figures were read", time.time())
    if options.out is None:
        sys.stdout.write(metrics.text())
        return
    handle, name = tempfile.mkstemp(dir=options.out.parent, prefix=options.out.name)
    with os.fdopen(handle, "w") as file:
        file.write(metrics.text())
    os.chmod(name, 0o644)
    os.replace(name, options.out)


if __name__ == "__main__":
    main()
