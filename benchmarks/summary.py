# SPDX-License-Identifier: Apache-2.0
"""The comparisons' main rows in one table: summary.py FOLDER... > summary.md, each folder with a results/compare.json.

For every rival of the reference at equal width: the reference's score minus its, with the 95 % interval (* where it excludes
0), and the rival's head parameters over the reference's."""
import json
import pathlib
import sys

RIVALS = ("linear", "hybrid", "separate", "local", "mlp")


def signed(value):
    return f"{value:+.3f}".replace("-", "−")


def row(folder):
    result = json.loads((folder / "results" / "compare.json").read_text())
    variants = {v["name"]: v for v in result["variants"]}
    differences = {d["b"]: d for d in result["differences"] if d["of"] == "mean"}
    own = variants[result["reference"]]
    cells = [folder.name, str(own["width"]), str(own["parameters"]["head"]),
             f"{own['summary']['mean']:.3f} ± {own['summary']['sd']:.3f}"]
    for name in RIVALS:
        d, rival = differences[name], variants[name]
        star = " *" if d["low"] > 0 or d["high"] < 0 else ""
        ratio = rival["parameters"]["head"] / own["parameters"]["head"]
        cells.append(f"{signed(d['mean'])} [{signed(d['low'])}, {signed(d['high'])}]{star}; {ratio:.2g}")
    return "| " + " | ".join(cells) + " |"


def main():
    print("| set | width | head parameters | qmtl | " + " | ".join(f"minus {name}; its parameters" for name in RIVALS) + " |")
    print("|---|---:|---:|---:|" + "---:|" * len(RIVALS))
    for folder in map(pathlib.Path, sys.argv[1:]):
        if (folder / "results" / "compare.json").exists():
            print(row(folder))


if __name__ == "__main__":
    main()
