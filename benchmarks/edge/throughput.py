#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One model four ways in one run, one thread: the edge runtime, generated C, ONNX Runtime (with the environment of
tests/hardware/setup) and `qmtl predict`; in processor time, which other work on the machine changes least:
benchmarks/edge/throughput.py [FOLDER FOR results]"""

import pathlib
import resource
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "tests" / "hardware")]
import models
import peers

BATCH = 1024
ROWS = 200_000


def printed(*command, cwd):
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return [float(line) for line in done.stdout.split()]


def timed(folder, about, inputs, outputs, *generated):
    program = folder / ("time_c" if generated else "time_edge")
    sources = [folder / "model.c"] if generated else [models.ROOT / "runtime" / "edge" / f"{n}.c"
                                                      for n in ("qmtl_edge", "edge_check", "edge_run")]
    subprocess.run(["cc", "-std=c99", "-O2", "-ffp-contract=off", f"-I{models.ROOT}", f"-I{folder}", f"-DINPUTS={inputs}",
                    f"-DOUTPUTS={outputs}", f"-DARENA={about['arena_bytes']}", *generated, HERE / "time.c", *sources, "-o",
                    program], check=True)
    return printed(program, folder / "head.qmh", 2000, cwd=folder)[0]


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def predict_seconds(folder, inputs, tasks, most):
    """A sample's share of `qmtl predict` on many rows: reading and writing the files belongs to it, starting does not."""
    seconds = []
    for rows in (1000, most):
        header, *block = [line.rsplit(",", tasks)[0] for line in (folder / "table.csv").read_text().splitlines()]
        (folder / "many.csv").write_text("\n".join([header, *(block * (rows // len(block) + 1))[:rows]]) + "\n")
        begin = processor_seconds()
        models.qmtl("predict", "run", "many.csv", "--out", "many.h5", "--overwrite", "--threads", "1", "--quiet", cwd=folder)
        seconds.append(processor_seconds() - begin)
    return (seconds[1] - seconds[0]) / (most - 1000)


def measure_one(folder, model, most):
    folder.mkdir()
    name, inputs, tasks = model[:3]
    about = models.make(folder, model)
    row = {"model": name, "edge": timed(folder, about, inputs, tasks),
           "c": timed(folder, about, inputs, tasks, "-DGENERATED=model_run", '-DGENERATED_HEADER="model.h"'),
           "predict": predict_seconds(folder, inputs, tasks, most), "onnx_1": None, "onnx_batch": None}
    if peers.python():
        row["onnx_1"], row["onnx_batch"] = printed(peers.python(), HERE / "onnx_time.py", "model.onnx", "x", inputs, BATCH,
                                                   cwd=folder)
    return row


def markdown(rows):
    columns = [("c", "generated C"), ("onnx_1", "ONNX Runtime, batch 1"), ("onnx_batch", f"ONNX Runtime, batch {BATCH}"),
               ("predict", "qmtl predict, with its files")]
    lines = ["| us of processor time a sample, one thread (times the edge runtime's) | edge runtime | " + " | ".join(n for _, n in columns) + " |",
             "|---|---:|" + "---:|" * len(columns)]
    for r in rows:
        cells = ["-" if r[key] is None else f"{1e6 * r[key]:.2f} ({r[key] / r['edge']:.2f})" for key, _ in columns]
        lines.append(f"| {r['model']} | {1e6 * r['edge']:.2f} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def measure(some, most=ROWS):
    """A row for each of these models; `qmtl predict` gets so many samples."""
    with tempfile.TemporaryDirectory() as name:
        return [measure_one(pathlib.Path(name) / f"m{i}", model, most) for i, model in enumerate(some)]


def main():
    if not peers.python():
        print("ONNX Runtime is left out: tests/hardware/setup makes its environment", file=sys.stderr)
    rows = measure(models.MODELS)
    models.show("throughput", rows, markdown(rows))


if __name__ == "__main__":
    main()
