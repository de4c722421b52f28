#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""m3_by_mthree.py FOLDER: the mitigated expectations of a replay with `--mitigate m3` beside those that mthree makes of the same
counts and calibration, and beside the definition of M3 solved in double precision. Prints {"compared": how many, "largest":
difference from mthree's, "defined": from the definition's}. Runs in the environment of peers.py."""

import json
import pathlib
import sys

import mthree
import numpy


def marginal(counts, bits):
    """Counts of some classical bits, the first of them rightmost."""
    found = {}
    for read, count in counts.items():
        pattern = "".join(read[len(read) - 1 - bit] for bit in reversed(bits))
        found[pattern] = found.get(pattern, 0) + count
    return found


def value_of(terms, bits, pattern):
    """What a pattern of the bits, the first rightmost, says of an output."""
    ones = {bit for bit in bits if pattern[len(bits) - 1 - bits.index(bit)] == "1"}
    return sum(term["weight"] * (-1) ** len(ones & set(term["bits"])) for term in terms)


def defined(counts, qubits, calibration):
    """Quasi-probabilities that the assignment between observed patterns, columns normalised, makes the shares of."""
    patterns = sorted(counts)
    matrix = numpy.ones((len(patterns), len(patterns)))
    for i, read in enumerate(patterns):
        for j, prepared in enumerate(patterns):
            for r, p, qubit in zip(reversed(read), reversed(prepared), qubits):
                wrong = calibration[qubit][int(p)]
                matrix[i, j] *= wrong if r != p else 1 - wrong
    matrix /= matrix.sum(0)
    shares = numpy.array([counts[pattern] for pattern in patterns], float)
    return dict(zip(patterns, numpy.linalg.solve(matrix, shares / shares.sum())))


def main():
    folder = pathlib.Path(sys.argv[1])
    report = json.loads((folder / "replay.json").read_text())
    kept = report["expectations"]
    if "file" in kept:
        kept = json.loads((folder / kept["file"]).read_text())
    calibration = {int(qubit): errors for qubit, errors in kept["calibration"].items()}
    matrices = [None] * (max(calibration) + 1)
    for qubit, (p10, p01) in calibration.items():
        matrices[qubit] = numpy.array([[1 - p10, p01], [p10, 1 - p01]])
    mitigation = mthree.M3Mitigation(None)
    mitigation.single_qubit_cals = [None if m is None else m.astype(numpy.float32) for m in matrices]
    mitigation.num_qubits = len(matrices)
    # The work is in one job, or in several with different shots; their sweeps are the programs in order.
    rows, tags = [], []
    for line in (folder / "journal.jsonl").read_text().splitlines()[1:]:
        entry = json.loads(line)
        if entry["state"] == "fetched" and entry["tag"] not in tags:
            tags.append(entry["tag"])
    for tag in sorted(tags, key=lambda tag: int(tag.split("-")[2])):
        rows += json.loads((folder / "results" / f"{tag}.json").read_text())["counts"]
    work = rows[len(rows) - len(kept["programs"]):]
    largest, apart, compared = 0.0, 0.0, 0
    for o, output in enumerate(kept["outputs"]):
        bits = sorted({bit for term in output["terms"] for bit in term["bits"]})
        qubits = [kept["programs"][output["program"]]["qubits"][bit] for bit in bits]
        for sample, ours in enumerate(kept["mitigated"]["value"]):
            counts = marginal(work[output["program"]][sample], bits)
            quasi = mitigation.apply_correction(counts, qubits, method="direct")
            theirs = sum(share * value_of(output["terms"], bits, pattern) for pattern, share in quasi.items())
            largest = max(largest, abs(theirs - ours[o]))
            exact = defined(counts, qubits, calibration).items()
            apart = max(apart, abs(sum(share * value_of(output["terms"], bits, pattern) for pattern, share in exact) - ours[o]))
            compared += 1
    print(json.dumps({"compared": compared, "largest": float(largest), "defined": float(apart)}))


if __name__ == "__main__":
    main()
