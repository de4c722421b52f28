# SPDX-License-Identifier: Apache-2.0
"""Devices as they are on other days, by another generator than `qmtl forecast` has: for what holds forecasts against them."""

import json
import math
import random


def moved(properties, seed, uncertainty):
    """The device on one day: a log-normal factor on every time, every readout error, and the error of every pulse and coupler."""
    draw = random.Random(seed)
    made = json.loads(json.dumps(properties))
    factors = {}

    def by(place):
        return factors.setdefault(place, math.exp(uncertainty * draw.gauss(0, 1)))

    for q, qubit in enumerate(made["qubits"]):
        listed = {number["name"] for number in qubit}
        for number in qubit:
            name = number["name"]
            if name in ("T1", "T2") and number["value"] is not None:
                number["value"] *= by((q, name))
            elif name in ("prob_meas0_prep1", "prob_meas1_prep0", "readout_error") and number["value"] is not None:
                number["value"] = min(0.5, number["value"] * by((q, name)))
        if {"prob_meas0_prep1", "prob_meas1_prep0"} <= listed:
            qubit[:] = [number for number in qubit if number["name"] != "readout_error"]
    for gate in made["gates"]:
        for number in gate["parameters"]:
            if number["name"] == "gate_error" and number["value"] is not None and number["value"] < 1:
                number["value"] = min(1.0, number["value"] * by(tuple(sorted(gate["qubits"]))))
    return made
