#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""IQM's own client against `qmtl emulate`: it finds the device, what it submits is understood, and what it reads back are
the counts that they should be; and it takes every circuit that our endpoint sends."""

import importlib.metadata
import json
import math
import sys
import tempfile
import warnings

import peers

peers.require("iqm.iqm_client", skipped="the emulator with IQM's client", environment="iqm-venv", variable="QMTL_IQM_PYTHON")

from iqm.iqm_client.iqm_client import IQMClient  # noqa: E402
from iqm.pulse import Circuit, CircuitOperation  # noqa: E402
from iqm.station_control.interface.models import CircuitJobDefinition  # noqa: E402
from replay_case import KEY, Emulator, ReplayCase, harness  # noqa: E402

SHOTS = 2000


def prx(qubit, angle, phase=0.0):
    return CircuitOperation(name="prx", locus=(qubit,), args={"angle": angle, "phase": phase})


def cz(*pair):
    return CircuitOperation(name="cz", locus=pair, args={})


def measure(*qubits, key="m"):
    return CircuitOperation(name="measure", locus=qubits, args={"key": key})


class Client(ReplayCase):
    def setUp(self):
        self.log = self.path(self.id().split(".")[-1] + ".log")

    def client(self, emulator):
        return IQMClient.from_url(emulator.places["iqm"] + "/", quantum_computer="garnet", token=KEY)

    def check_frequency(self, found, probability, what):
        """Six standard deviations of a frequency: a chance of 2e-9."""
        self.assertLess(abs(found / SHOTS - probability),
                        6 * math.sqrt(max(probability * (1 - probability), 1e-9) / SHOTS) + 1e-12, what)

    def test_it_finds_the_device_and_reads_what_it_submitted(self):
        with Emulator(self.log, "--coupling", "line-5", "--name", "garnet", "--queue", "polls:2") as emulator:
            client = self.client(emulator)
            self.assertEqual(client.get_static_quantum_architecture().qubits, [f"QB{n}" for n in range(1, 6)])
            calibrated = client.get_dynamic_quantum_architecture()
            self.assertEqual({tuple(sorted(locus)) for locus in calibrated.gates["cz"].loci},
                             {(f"QB{n}", f"QB{n + 1}") for n in range(1, 5)})
            half = math.pi / 2
            # A turned qubit beside one that is 1; then H-CZ-H as prx, which makes (|00> + |11>) / sqrt 2.
            turned = Circuit(name="turned", instructions=(prx("QB2", 0.9), prx("QB3", math.pi), measure("QB2", "QB3")))
            bell = Circuit(name="bell", instructions=(
                prx("QB1", half, half), prx("QB2", half, half), cz("QB1", "QB2"), prx("QB2", -half, half),
                measure("QB1", key="a"), measure("QB2", key="b")))
            job = client.submit_circuits([turned, bell], shots=SHOTS)
            for _ in range(20):
                if job.update() == "completed":
                    break
            self.assertEqual(job.status, "completed")
            counts = client.get_job_measurement_counts(job.job_id)
            self.assertEqual([result.measurement_keys for result in counts], [["m"], ["a", "b"]])
            p = math.sin(0.45) ** 2
            self.check_frequency(counts[0].counts["11"], p, counts[0])
            self.check_frequency(counts[0].counts["01"], 1 - p, counts[0])
            self.assertEqual(set(counts[1].counts), {"00", "11"})
            self.check_frequency(counts[1].counts["11"], 0.5, counts[1])
            shots = client.get_job_measurements(job.job_id)
            self.assertEqual(len(shots[0]["m"]), SHOTS)
            self.assertEqual(sum(row == [1, 1] for row in shots[0]["m"]), counts[0].counts["11"])
            self.assertEqual(sum(row[0] for row in shots[1]["a"]), counts[1].counts["11"])

    def test_wrong_keys_and_circuits_are_refused_in_its_own_words(self):
        with Emulator(self.log, "--coupling", "line-5", "--name", "garnet") as emulator:
            with self.assertRaisesRegex(Exception, "(?i)token|unauthor"):
                IQMClient.from_url(emulator.places["iqm"] + "/", quantum_computer="garnet", token=KEY + "x")
            client = self.client(emulator)
            with self.assertRaisesRegex(Exception, "locus"):
                client.submit_circuits([Circuit(name="far", instructions=(cz("QB1", "QB5"), measure("QB1")))], shots=10)

    def test_a_replay_sends_what_the_client_would(self):
        """A whole replay through the endpoint; the client's model takes each job's payload as it was sent."""
        with Emulator(self.log, "--coupling", "line-8", "--name", "garnet") as emulator:
            self.write("iqm.toml", emulator.endpoint("iqm", quantum_computer="garnet"))
            scores = self.scores("run", "run", "--endpoint", "iqm.toml", "--name", "iqm", "--max-cost", "1e7", "--samples",
                                 "12", "--shots", "300", "--replicates", "200", "--longest-poll", "0.2", "--head-split",
                                 "cones")
            self.assertEqual(scores["complete"], 12)
            client = self.client(emulator)
            jobs = [entry["job"] for entry in emulator.log() if entry["method"] == "POST" and entry.get("job")]
            self.assertEqual(len(jobs), scores["jobs"])
            for job in jobs:
                definition = client._executor.get_job_payload(job, "circuit")
                self.assertIsInstance(definition, CircuitJobDefinition)
                client.create_circuit_job_definition(definition.circuits, shots=definition.shots)  # checks every locus


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print("iqm-client", importlib.metadata.version("iqm-client"))
    harness.main()
