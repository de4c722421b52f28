#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Flash, memory and instructions of an inference on a simulated Cortex-M4F at -Os: benchmarks/edge/cost.py [FOLDER FOR results]"""

import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "tests" / "edge")]
import boards
import models

# What others take on the same core at -Os, measured with QEMU 7.2; whole program's flash, RAM, instructions a run. The
# first two are their own first examples: compare what the runtime takes, not the arithmetic. TFLM: tensorflow/tflite-micro
# hello_world, float, 321 parameters; emlearn: its neural network generator, the same shape. The others are programs for the
# first row's circuit alone, written for comparison.
PEERS = [("TensorFlow Lite Micro, hello_world (321 parameters)", 23168 + 100, 4116, 3934),
         ("emlearn, the same network", 4996 + 124, 128, 3108),
         ("8-qubit circuit gate by gate, the C library's sines", 5796, 2048, 237553),
         ("8-qubit circuit as a list of gates in a file", 3064, 2400, 178570),
         ("8-qubit circuit as code of its own", 1940, 2048, 62809)]

# What a circuit needs of the runtime's parts (runtime/edge/edge_file.h): state, pauli, expect.
CIRCUIT = 1 | 2 | 1024


def sections(program, tool="arm-none-eabi-size"):
    text, data, bss = subprocess.run([tool, str(program)], capture_output=True, text=True,
                                     check=True).stdout.splitlines()[1].split()[:3]
    return int(text) + int(data), int(bss)


def instructions(program, plugin):
    ran = boards.M4F.run(program, emulator_options=["-plugin", str(plugin)])
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return int(re.search(r"instructions (\d+)", ran.stderr).group(1))


def inference(folder, sources, options, plugin):
    """Flash of the whole program, instructions of one more inference, and of all before the first."""
    counts = []
    for repeat in (1, 11):
        program = folder / f"run{repeat}"
        boards.M4F.build(program, [HERE / "measure.c", *sources], f"-DREPEAT={repeat}", *options)
        counts.append(instructions(program, plugin))
    run = (counts[1] - counts[0]) // 10
    return sections(program)[0], run, counts[0] - run


def runtime_bytes(folder, features):
    """Loading, checking, running and the self test; nothing else may be needed of a library."""
    program = folder / "runtime.o"
    subprocess.run(["arm-none-eabi-gcc", *boards.M4F.options[:5], "-Os", "-std=c99", "-ffp-contract=off", "-ffreestanding",
                    "-fno-builtin", "-fno-tree-loop-distribute-patterns", f"-DQMTL_EDGE_FEATURES={features}",
                    f"-I{boards.ROOT}", "-r", "-nostdlib", *map(str, boards.RUNTIME[:3]), "-o", str(program)], check=True)
    missing = subprocess.run(["arm-none-eabi-nm", "-u", str(program)], capture_output=True, text=True, check=True).stdout
    assert not missing.strip(), f"undefined: {missing}"
    return sections(program)[0]


def row(folder, model, plugin):
    folder.mkdir()
    about = models.make(folder, model)
    name, inputs, outputs = model[:3]
    features = int(about["build_with"].split("=")[1])
    common = [f"-DARENA={about['arena_bytes']}", f"-DINPUTS={inputs}", f"-DOUTPUTS={outputs}"]
    sources = [*boards.RUNTIME[:3], *boards.embed(folder, [folder / "head.qmh"])]
    flash, run, start = inference(folder, sources, [*common, about["build_with"]], plugin)
    _, _, fast_start = inference(folder, sources, [*common, about["build_with"], "-DQMTL_EDGE_FAST_START"], plugin)
    c_flash, c_run, _ = inference(folder, [folder / "model.c"],
                               [*common, f"-I{folder}", "-DGENERATED=model_run", '-DGENERATED_HEADER="model.h"'], plugin)
    return {"model": name, "circuit": about["circuit"], "head_bytes": about["flash_bytes"],
            "circuit_runtime_bytes": runtime_bytes(folder, features & CIRCUIT),
            "runtime_bytes": runtime_bytes(folder, features), "program_bytes": flash, "ram_bytes": about["ram_bytes"],
            "arena_bytes": about["arena_bytes"], "instructions": run, "start": start, "fast_start": fast_start,
            "multiply_adds": about["multiply_adds"], "expected_cycles": about["expected_cycles"],
            "c_program_bytes": c_flash, "c_instructions": c_run}


def markdown(rows):
    lines = ["| Cortex-M4F, -Os; bytes, instructions an inference | runtime for the circuit | runtime for the model | head file | "
             "whole program | RAM (arena, x, y) | instructions | a multiplication and addition | "
             "start, in inferences (QMTL_EDGE_FAST_START) | expected by the exporter | "
             "generated C: whole program | instructions |", "|---|" + "---:|" * 11]
    for r in rows:
        circuit = "many circuits of a few qubits" if r["circuit"].count("strings") > 1 else r["circuit"]
        lines.append(f"| {r['model']} ({circuit}) | {r['circuit_runtime_bytes']} | {r['runtime_bytes']} | {r['head_bytes']} | "
                     f"{r['program_bytes']} | {r['ram_bytes']} | {r['instructions']} | {r['instructions'] / r['multiply_adds']:.1f} | "
                     f"{r['start'] / r['instructions']:.1f} ({r['fast_start'] / r['instructions']:.1f}) | {r['expected_cycles']:.0f} | "
                     f"{r['c_program_bytes']} | {r['c_instructions']} |")
    for name, flash, ram, run in PEERS:
        lines.append(f"| *{name}* | | | | {flash} | {ram} | {run} | | | | | |")
    return "\n".join(lines) + "\n"


def measure(some):
    """A row for each of these models; the simulated core must be there."""
    with tempfile.TemporaryDirectory() as name:
        base = pathlib.Path(name)
        plugin = base / "count.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", str(HERE / "count.c"), "-o", str(plugin)], check=True)
        return [row(base / f"m{i}", model, plugin) for i, model in enumerate(some)]


def main():
    missing = boards.M4F.missing()
    if missing:
        sys.exit(f"cost: not installed: {', '.join(missing)} (apt install gcc-arm-none-eabi qemu-system-arm)")
    rows = measure(models.MODELS)
    models.show("cost", rows, markdown(rows))


if __name__ == "__main__":
    main()
