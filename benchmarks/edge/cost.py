#!/usr/bin/env python3
"""Flash, memory and instructions of an inference on a simulated Cortex-M4F at -Os: benchmarks/edge/cost.py [FOLDER FOR results]"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "tests" / "edge")]
import boards
import models

# Other people's runtimes on the same core, -Os, measured with QEMU 7.2: their own first examples, so compare what the
# runtime takes, not the arithmetic. TFLM: tensorflow/tflite-micro hello_world, float, 321 parameters; emlearn: its neural
# network generator, the same shape.
PEERS = [("TensorFlow Lite Micro, hello_world (321 parameters)", 23168 + 100, 4116, 3934),
         ("emlearn, the same network", 4996 + 124, 128, 3108)]


def sections(program, tool="arm-none-eabi-size"):
    text, data, bss = subprocess.run([tool, str(program)], capture_output=True, text=True,
                                     check=True).stdout.splitlines()[1].split()[:3]
    return int(text) + int(data), int(bss)


def instructions(program, plugin):
    ran = boards.M4F.run(program, emulator_options=["-plugin", str(plugin)])
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return int(re.search(r"instructions (\d+)", ran.stderr).group(1))


def inference(folder, sources, options, plugin):
    """Flash of the whole program and instructions of one more inference."""
    counts = []
    for repeat in (1, 11):
        program = folder / f"run{repeat}"
        boards.M4F.build(program, [HERE / "measure.c", *sources], f"-DREPEAT={repeat}", *options)
        counts.append(instructions(program, plugin))
    return sections(program)[0], (counts[1] - counts[0]) // 10


def row(folder, model, plugin):
    folder.mkdir()
    about = models.make(folder, model)
    name, inputs, outputs = model[:3]
    features = about["build_with"]
    common = [f"-DARENA={about['arena_bytes']}", f"-DINPUTS={inputs}", f"-DOUTPUTS={outputs}"]
    runtime = boards.RUNTIME[:3]
    objects = folder / "runtime.o"
    subprocess.run(["arm-none-eabi-gcc", *boards.M4F.options[:5], "-Os", "-std=c99", "-ffp-contract=off", "-ffreestanding",
                    "-fno-builtin", "-fno-tree-loop-distribute-patterns", features, f"-I{boards.ROOT}", "-r", "-nostdlib",
                    *map(str, runtime), "-o", str(objects)], check=True)
    flash, run = inference(folder, [*runtime, *boards.embed(folder, [folder / "head.qmh"])], [*common, features], plugin)
    c_flash, c_run = inference(folder, [folder / "model.c"],
                               [*common, f"-I{folder}", "-DGENERATED=model_run", '-DGENERATED_HEADER="model.h"'], plugin)
    return {"model": name, "circuit": about["circuit"], "head_bytes": about["flash_bytes"],
            "runtime_bytes": sections(objects)[0], "program_bytes": flash, "ram_bytes": about["ram_bytes"],
            "arena_bytes": about["arena_bytes"], "instructions": run, "expected_cycles": about["expected_cycles"],
            "c_program_bytes": c_flash, "c_instructions": c_run}


def markdown(rows):
    lines = ["| Cortex-M4F, -Os | runtime flash | head file | whole program | RAM (arena, x, y) | instructions an inference | "
             "generated C: whole program | its instructions |", "|---|---:|---:|---:|---:|---:|---:|---:|"]
    for r in rows:
        lines.append(f"| {r['model']} ({r['circuit']}) | {r['runtime_bytes']} | {r['head_bytes']} | {r['program_bytes']} | "
                     f"{r['ram_bytes']} | {r['instructions']} | {r['c_program_bytes']} | {r['c_instructions']} |")
    for name, flash, ram, run in PEERS:
        lines.append(f"| {name} | | | {flash} | {ram} | {run} | | |")
    return "\n".join(lines) + "\n"


def main():
    missing = boards.M4F.missing()
    if missing:
        sys.exit(f"cost: not installed: {', '.join(missing)} (apt install gcc-arm-none-eabi qemu-system-arm)")
    with tempfile.TemporaryDirectory() as name:
        base = pathlib.Path(name)
        plugin = base / "count.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", str(HERE / "count.c"), "-o", str(plugin)], check=True)
        rows = [row(base / f"m{i}", model, plugin) for i, model in enumerate(models.MODELS)]
    text = markdown(rows)
    print(text, end="")
    if len(sys.argv) > 1:
        results = pathlib.Path(sys.argv[1])
        results.mkdir(exist_ok=True)
        (results / "cost.json").write_text(json.dumps(rows, indent=1) + "\n")
        (results / "cost.md").write_text(text)


if __name__ == "__main__":
    main()
