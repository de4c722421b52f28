# SPDX-License-Identifier: Apache-2.0
"""The measured rows as tables and as JSON: tables.py circuits.json > circuits.md makes a table anew."""
import json
import pathlib
import statistics
import sys

GOAL = 20
COMPILED = "TensorCircuit-NG, jax"
NAMES = {"TensorCircuit-NG, jax": "TensorCircuit-NG, jit", "TensorCircuit-NG, torch": "TensorCircuit-NG, torch",
         "PennyLane default.qubit": "default.qubit", "PennyLane lightning.qubit": "lightning", "fastqml": "fastqml", "TorQ": "TorQ"}


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, (list, tuple)) else value


def json_text(found):
    """A row a line."""
    found = rounded(found)
    rows = found.pop("circuits")
    head = json.dumps(found)[:-1]
    return head + ', "circuits": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]}\n"


def case_of(row):
    return row["circuit"], row["qubits"], row["layers"]


def ratios(row):
    """{library: time over qmtl's}."""
    return {name: found["us"] / row["us"] for name, found in row["libraries"].items() if "us" in found}


def times(ratio):
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"


def cell(row, name, marks):
    found = row["libraries"].get(name)
    if found is None:
        return "not asked for"
    if "left" in found:
        return marks.setdefault(found["left"], f"[{len(marks) + 1}]")
    return times(found["us"] / row["us"])


def circuit_line(row, marks=None):
    marks = {} if marks is None else marks
    found = ratios(row)
    fastest = times(min(found.values())) if found else "-"
    cells = [row["circuit"], row["qubits"], row["layers"], row["gates"], row["trained"], row["inputs"], row["plan"],
             f"{max(row['double']):.0e}", f"{row['single'][0]:.0e}, {row['single'][1] / row['bound'][1]:.0e}", f"{row['us']:.3g}",
             *(cell(row, name, marks) for name in NAMES), f"**{fastest}**"]
    return "| " + " | ".join(map(str, cells)) + " |"


def summary(which, rows):
    """One paragraph on the fastest library."""
    fastest = sorted((min(ratios(row).values()), f"{row['circuit']} on {row['qubits']}, {row['layers']} times") for row in rows if ratios(row))
    if not fastest:
        return []
    below = [f"{name} ({times(ratio)})" for ratio, name in fastest if ratio < GOAL]
    return ["", f"{len(fastest)} rows {which}: the fastest library takes {times(fastest[0][0])} to {times(fastest[-1][0])} times as long as qmtl, in the median "
                f"{times(statistics.median(ratio for ratio, _ in fastest))}; {len(below)} below the goal of {GOAL}{': ' + ', '.join(below) if below else ''}."]


def circuits(found):
    marks = {}
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    lines = [f"{len({row['circuit'] for row in found['circuits']})} circuits, batch {found['batch']}, {found['instructions']}, one thread each, "
             f"processor time; {versions}.", "",
             "| circuit | qubits | repetitions | gates | trained | inputs | plan | double | single | us/sample | "
             + " | ".join(NAMES.values()) + " | fastest |", "|---|" + "---:|" * 5 + "---|" + "---:|" * (4 + len(NAMES))]
    lines += [circuit_line(row, marks) for row in found["circuits"]]
    lines += ["", *(f"{mark} {reason}." for reason, mark in marks.items())]
    lines += summary("with TensorCircuit-NG compiled", [row for row in found["circuits"] if "us" in row["libraries"].get(COMPILED, {})])
    lines += summary("without it", [row for row in found["circuits"] if "us" not in row["libraries"].get(COMPILED, {})])
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(circuits(json.loads(pathlib.Path(sys.argv[1]).read_text())), end="")
