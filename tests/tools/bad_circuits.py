#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Circuits that cannot be: each ends with exit code 2 and one message that says where, what was found and what to do."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import CONFIGURATION, Program, main

STAGE = "[circuit]\nqubits = 6\n[[circuit.layer]]\n"
UPLOAD = STAGE + 'upload = "ry"\n'
BLOCK = "[block]\nsize = 3\nstride = 1\n"


def qasm(text):
    return STAGE + f"qasm = '{text}'\n" + BLOCK


def observable(text):
    return UPLOAD + BLOCK + f'observables = ["{text}"]\n'


# kind: (what is wrong, the configuration's circuit, where, what to do)
KINDS = {
    "a qubit out of range": [
        ("of a layer", UPLOAD + "qubits = [0, 9]\n" + BLOCK, "circuit.layer[0].qubits[1] = 9", "from 0 to 5"),
        ("of a pair", UPLOAD + 'entangler = "cx"\npairs = [[0, 9]]\n' + BLOCK, "circuit.layer[0].pairs[0][1] = 9",
         "from 0 to 5"),
        ("of OpenQASM", qasm("h q[0]; rx(z[0]) q[9];"), "circuit.layer[0].qasm: qubit of gate 2 (rx) = 9", "from 0 to 5"),
        ("of a register of OpenQASM", qasm("qubit[2] q; h q[2];"), "circuit.layer[0].qasm:1:17", "0"),
        ("of a task", UPLOAD + BLOCK + "[task.sum]\nregister = [0, 9]\n", "task.sum.register[1] = 9", "qubit 0..5"),
        ("of a block", UPLOAD + "[block]\nregisters = [[0, 1], [2, 3], [4, 9], [0, 1], [0, 1]]\n",
         "block.registers[2][1] = 9", "qubit 0..5"),
        ("of an observable", observable("Z0 Z7"), 'block.observables[0] = "Z0 Z7"', "from 0 to 2"),
    ],
    "an unknown gate": [
        ("of a layer", UPLOAD + 'gates = ["ry", "rq"]\n' + BLOCK, "circuit.layer[0].gates[1]", "one of rx, ry, rz"),
        ("between qubits", UPLOAD + 'entangler = "cxx"\n' + BLOCK, "circuit.layer[0].entangler", "one of cx, cz"),
        ("of an upload", STAGE + 'upload = "rxyz"\n' + BLOCK, "circuit.layer[0].upload", "one of rx, ry, rz, p"),
        ("of OpenQASM", qasm("rx(z[0]) q[0]; foo q[1];"), "circuit.layer[0].qasm:1:16", "a definition of it"),
    ],
    "inputs that nothing reads, and gates made of themselves": [
        ("a gap", qasm("rx(z[0] + w[2]) q[0];"), "circuit.layer[0].qasm: the trained number w[0]", "leave it out"),
        ("declared", qasm("input float[64] z; input float[64] theta[3]; qubit[6] q; rx(z + theta[0] + theta[2]) q[0];"),
         "the trained number theta[1]", "leave it out"),
        ("a layer's list", UPLOAD + "inputs = [0, 1, 2, 3, 4, 9]\n" + BLOCK,
         "circuit.layer[0].inputs: expected gates that read all 10 inputs of the circuit, found none for input 5 and 3 more",
         "from 0 without gaps"),
        ("a layer's first", UPLOAD + "first_input = 1\n" + BLOCK, "circuit.layer[0].first_input: expected gates that read all 7",
         "found none for input 0; number"),
        ("pairs that skip", STAGE + 'upload = "rzz"\npairs = [[0, 1], [1, 5]]\n' + BLOCK, "circuit.layer[0].pairs",
         "found none for input 2 and 2 more"),
        ("behind another layer", UPLOAD + '[[circuit.layer]]\nupload = "rx"\nfirst_input = 7\n' + BLOCK,
         "circuit.layer[1].first_input", "all 13 inputs of the circuit, found none for input 6; number"),
        ("of a task", UPLOAD + BLOCK + '[[task.sum.layer]]\nupload = "rx"\ninputs = [0, 6, 8]\n', "task.sum.layer[0].inputs",
         "found none for input 7; number"),
        ("skipped in OpenQASM", qasm("rx(z[0]) q[0]; rx(z[1] * z[3]) q[1];"), "circuit.layer[0].qasm: expected gates",
         "found none for input 2; number"),
        ("declared in OpenQASM", qasm("input float[64] z[30]; qubit[6] q; rx(z[0]) q[0]; rx(z[1]) q[1];"),
         "all 30 inputs of the circuit, found none for input 2 and 27 more", "declare no others"),
        ("a gate of itself", qasm("gate a q { a q; } a q[0];"), "circuit.layer[0].qasm:1:", "made of itself"),
        ("two gates of each other", qasm("gate a q { b q; } gate b q { a q; } a q[0];"), "circuit.layer[0].qasm:1:",
         "made of itself"),
        ("no input at all", UPLOAD + "inputs = [0, 1, 2, 3, 4, []]\n" + BLOCK, "circuit.layer[0]: inputs[5] is empty",
         "at least one input"),
    ],
    "a wrong arity": [
        ("a pair's gate on one", UPLOAD + 'gates = ["cx"]\n' + BLOCK, "circuit.layer[0].gates[0]", "one of rx, ry, rz"),
        ("one's gate on pairs", UPLOAD + 'entangler = "rx"\n' + BLOCK, "circuit.layer[0].entangler", "one of cx, cz"),
        ("three without saying which", UPLOAD + 'entangler = "ccx"\n' + BLOCK, "circuit.layer[0]: ccx acts on 3",
         "pairs = [[0, 1, 2], ...]"),
        ("a pair of three", UPLOAD + 'entangler = "cx"\npairs = [[0, 1, 2]]\n' + BLOCK, "pairs[0] has 3", "cx acts on 2"),
        ("qubits of OpenQASM", qasm("cx q[0];"), "circuit.layer[0].qasm:1:8", "expected 2 qubits, found 1"),
        ("angles of OpenQASM", qasm("rx q[0];"), "circuit.layer[0].qasm:1:4", "expected 1 angles, found 0"),
        ("one qubit twice", qasm("cx q[1], q[1];"), "circuit.layer[0].qasm:1:14", "expected different qubits"),
        ("an upload of three angles", STAGE + 'upload = "u"\n' + BLOCK, "circuit.layer[0].upload", "one of rx, ry, rz, p"),
        ("inputs", UPLOAD + "inputs = [0, 1]\n" + BLOCK, "circuit.layer[0].inputs", "expected 6 entries"),
        ("observables of a task", UPLOAD + BLOCK + '[task.kind]\nobservables = ["Z0"]\n', "task.kind.observables",
         "expected 3, one for each output"),
    ],
    "a register too large for probabilities": [
        ("eleven qubits", "[circuit]\nqubits = 12\n[[circuit.layer]]\nupload = \"ry\"\n[task.sum]\nqubits = 11\n"
         'observables = ["P00000000000"]\n', "task.sum.observables[0]", "at most 10 qubits"),
        ("bits of another register", UPLOAD + '[task.sum]\nqubits = 3\nobservables = ["P01"]\n', "task.sum.observables[0]",
         "expected 3 bits"),
    ],
    "a string that is not Hermitian": [
        ("two Paulis of one qubit", observable("X0 Y0"), 'block.observables[0] = "X0 Y0"', "each position once"),
        ("an imaginary weight", observable("1i Z0"), "at character 2", "with real weights"),
        ("a complex weight", observable("(0.5+1j) Z0"), "at character 1", "with real weights"),
        ("a ladder operator", observable("S0"), "at character 1", "with real weights"),
        ("no number", observable("nan Z0"), "at character 1", "expected a number"),
    ],
    "OpenQASM that is no straight line of gates": [
        ("a loop", qasm("for int i in [0:3] { h q[i]; }"), "circuit.layer[0].qasm:1:1: 'for'", "write loops"),
        ("a condition", qasm("h q[0]; while (true) { x q[0]; }"), "circuit.layer[0].qasm:1:9: 'while'", "straight line"),
        ("a branch", qasm("if (c == 1) x q[0];"), "circuit.layer[0].qasm:1:1: 'if'", "straight line"),
        ("a reset", qasm("reset q[0];"), "circuit.layer[0].qasm:1:1: 'reset'", "straight line"),
        ("a modifier", qasm("ctrl @ x q[0], q[1];"), "circuit.layer[0].qasm:1:1: 'ctrl'", "write loops, modifiers"),
        ("a measurement", qasm("qubit[2] q; bit[2] c; h q[0]; c[0] = measure q[0];"), "circuit.layer[0].qasm:1:38",
         "say what is read by observables"),
        ("a measurement between gates", qasm("bit c; h q[0]; measure q[0] -> c; h q[0];"), "circuit.layer[0].qasm:1:16",
         "--to circuit"),
        ("an older version", qasm("OPENQASM 2.0; qreg q[2]; x q[0];"), "circuit.layer[0].qasm:1:10", "expected OPENQASM 3"),
        ("in a file", STAGE + 'file = "loop.qasm"\n' + BLOCK, "loop.qasm:3:1: 'for'", "write loops"),
        ("no file", STAGE + 'file = "none.qasm"\n' + BLOCK, "none.qasm", "check the path"),
    ],
}


class Circuits(Program):
    def test_every_kind_has_one_message_with_place_and_cure(self):
        self.write("loop.qasm", "OPENQASM 3.0;\nqubit[2] q;\nfor uint i in [0:1] { h q[i]; }\n")
        begin, end = CONFIGURATION.index("[circuit]"), CONFIGURATION.index("[train]")
        for kind, cases in KINDS.items():
            for what, circuit, place, cure in cases:
                with self.subTest(kind=kind, what=what):
                    self.write("bad.toml", CONFIGURATION[:begin] + circuit + CONFIGURATION[end:])
                    self.refuse(2, [place, cure], "train", "bad.toml", "--set", "run.folder=never")
                    self.assertFalse(os.path.exists(self.path("never")))

    def test_inputs_that_reach_no_output_are_warned_of(self):
        """A gate reads them, and another task may come to read its qubits; no task reads qubits 4 and 5."""
        begin, end = CONFIGURATION.index("[circuit]"), CONFIGURATION.index("[train]")
        self.write("beside.toml", CONFIGURATION[:begin] + UPLOAD + 'gates = ["ry"]\n[block]\n'
                   "registers = [[0, 1], [2, 3], [0, 1], [2, 3], [0, 1]]\n" + CONFIGURATION[end:])
        told = self.succeed("train", "beside.toml", "--set", "run.folder=beside")
        self.assertIn("2 of 6 encoded angles can reach no output: 4, 5", told.stderr)

    def test_some_of_the_tasks_keep_the_inputs_of_all(self):
        """The task sum reads numbers 6 to 8, which stay where it is left out: warned of, as the other tasks are trained alone."""
        begin, end = CONFIGURATION.index("[circuit]"), CONFIGURATION.index("[train]")
        self.write("some.toml", CONFIGURATION[:begin] + UPLOAD + "inputs = [0, 1, 2, 9, 10, 11]\n" + BLOCK + "".join(
            f'[[task.{task}.layer]]\nupload = "rx"\nfirst_input = {first}\n' for task, first in (("sum", 6), ("value", 3)))
            + CONFIGURATION[end:])
        self.succeed("plan", "some.toml")
        told = self.succeed("plan", "some.toml", "--set", 'data.tasks=["kind", "value"]')
        self.assertIn("3 of 12 encoded angles can reach no output: 6, 7, 8", told.stdout + told.stderr)


if __name__ == "__main__":
    main()
