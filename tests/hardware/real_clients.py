#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The official clients of IBM and IonQ, and QRMI, against `qmtl emulate`: what they submit is understood, and what
they read back are the counts that they should be."""

import importlib.metadata
import json
import math
import os
import sys
import tempfile
import warnings

import peers

peers.require("qiskit_ibm_runtime", "qiskit_ionq", "qrmi", "ibm_quantum_schemas", "numpy",
              skipped="the emulator with the official clients of IBM and IonQ")

import numpy  # noqa: E402
import qiskit  # noqa: E402
import replay_case  # noqa: E402
from replay_case import CRN, KEY  # noqa: E402

SHOTS = 2000
CASES = []


def case(function):
    CASES.append(function)
    return function


class Emulator(replay_case.Emulator):
    """A running `qmtl emulate` with a log of its own, which must end well."""

    def __init__(self, *options):
        self.folder = tempfile.TemporaryDirectory()
        super().__init__(os.path.join(self.folder.name, "log.jsonl"), *options)

    def __exit__(self, *error):
        super().__exit__(*error)
        self.folder.cleanup()
        if self.process.returncode != 0:
            sys.exit(f"emulate ended with {self.process.returncode}")


def check(condition, *what):
    if not condition:
        raise AssertionError(" ".join(str(part) for part in what))


def check_frequency(found, shots, probability, what):
    """Six standard deviations of a frequency: a chance of 2e-9."""
    bound = 6 * math.sqrt(max(probability * (1 - probability), 1e-9) / shots) + 1e-12
    check(abs(found / shots - probability) < bound, what, "expected", probability, "found", found / shots)


# cos, sin of half of 0.9: P(1) of ry(0.9); qubit 1 is x, so that the order of bits shows.
QASM = """OPENQASM 3.0;
include "stdgates.inc";
input float[64] a0;
qubit[3] q;
bit[3] c;
ry(a0) q[0];
x q[1];
c[0] = measure q[0];
c[1] = measure q[1];
c[2] = measure q[2];
"""
ANGLES = [0.0, 0.9, math.pi]


def packed(values):
    """The strict form of parameter values, made by the client's own encoder."""
    from qiskit_ibm_runtime.json import RuntimeEncoder

    return json.loads(json.dumps(numpy.array(values), cls=RuntimeEncoder))


def sampler_params(values, support_qiskit):
    return {
        "pubs": [[QASM, values, SHOTS]],
        "version": 2,
        "support_qiskit": support_qiskit,
        "options": {},
    }


def check_row(counts, angle, what):
    ones = sum(number for bits, number in counts.items() if bits[2] == "1")
    check(sum(counts.values()) == SHOTS, what, counts)
    check(all(bits[:2] == "01" for bits in counts), what, "expected 01x, found", counts)
    check_frequency(ones, SHOTS, math.sin(angle / 2) ** 2, what)


@case
def ibm_schemas_accept_our_parameters():
    from ibm_quantum_schemas.sampler.version_0_1.params import ParamsModel
    from ibm_quantum_schemas.sampler.version_0_1.primitive_result import PrimitiveResultWrapperModel
    import requests

    params = sampler_params(packed([[angle] for angle in ANGLES]), True)
    ParamsModel.model_validate(params)
    with Emulator("--queue", "none") as emulator:
        token = requests.post(emulator.places["iam"] + "/identity/token",
                              data={"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": KEY}).json()
        headers = {"Authorization": "Bearer " + token["access_token"], "Service-CRN": CRN}
        job = requests.post(emulator.places["ibm"] + "/jobs", headers=headers,
                            json={"program_id": "sampler", "backend": "emulated", "params": params}).json()
        result = requests.get(f"{emulator.places['ibm']}/jobs/{job['id']}/results", headers=headers).json()
        PrimitiveResultWrapperModel.model_validate(result)


@case
def qrmi_submits_and_reads_results():
    import qrmi

    with Emulator("--queue", "polls:1") as emulator:
        prefix = "emulated_QRMI_IBM_QCS_"
        os.environ.update({
            prefix + "ENDPOINT": emulator.places["ibm"],
            prefix + "IAM_ENDPOINT": emulator.places["iam"],
            prefix + "IAM_APIKEY": KEY,
            prefix + "SERVICE_CRN": CRN,
            prefix + "SESSION_MODE": "dedicated",
            prefix + "SESSION_MAX_TTL": "600",
            prefix + "TIMEOUT_SECONDS": "600",
        })
        resource = qrmi.QuantumResource("emulated", qrmi.ResourceType.IBMQuantumComputeService)
        check(resource.status().status == qrmi.ResourceStatusCode.Online, "the backend is not online")
        lock = resource.acquire()
        target = json.loads(resource.target().value)
        check(target["configuration"]["n_qubits"] == 156, "configuration", target["configuration"])
        for values in ([[angle] for angle in ANGLES], {"a0": ANGLES}, packed([[angle] for angle in ANGLES])):
            payload = qrmi.Payload.QiskitPrimitive(input=json.dumps(sampler_params(values, False)), program_id="sampler")
            task = resource.task_start(payload)
            states = []
            for _ in range(10):
                states.append(resource.task_status(task))
                if states[-1] == qrmi.TaskStatus.Completed:
                    break
            check(states[0] == qrmi.TaskStatus.Queued and states[-1] == qrmi.TaskStatus.Completed, states)
            result = json.loads(resource.task_result(task).value)
            data = result["results"][0]["data"]["c"]
            for angle, samples in zip(ANGLES, data["samples"], strict=True):
                counts = {}
                for sample in samples:
                    bits = format(int(sample, 16), "03b")
                    counts[bits] = counts.get(bits, 0) + 1
                check_row(counts, angle, f"qrmi, {type(values).__name__}, angle {angle}")
            resource.task_logs(task)
            resource.task_stop(task)
        resource.release(lock)
        posts = [line for line in emulator.log() if line["method"] == "POST" and line["path"].endswith("/jobs")]
        check(len(posts) == 3, "expected 3 submits, found", posts)


@case
def qiskit_ibm_runtime_reads_results():
    import requests

    with Emulator("--queue", "polls:1", "--coupling", "line-5", "--basis", "cz,rz,sx,x") as emulator:
        os.environ.update({"IAM_URL": emulator.places["iam"], "QISKIT_FUNCTIONS_EXPERIMENTAL": "1"})
        from qiskit_ibm_runtime import QiskitRuntimeService

        base = emulator.places["iam"]
        service = QiskitRuntimeService(channel="ibm_quantum_platform", token=KEY, url=base, instance=CRN,
                                       url_resolver=lambda *a, **k: base + "/api/v1")
        backend = service.backend("emulated")
        check(backend.num_qubits == 5, "qubits", backend.num_qubits)
        check(backend.status().operational, "status")
        check(backend.target.build_coupling_map() is not None, "coupling")
        check(backend.properties().readout_error(0) == 0, "properties")
        isa = "OPENQASM 3.0;\ninclude \"stdgates.inc\";\ninput float[64] a0;\nbit[2] c;\nrz(1.5707963267948966) $1;\n" \
              "sx $1;\nrz(a0) $1;\nsx $1;\nx $0;\nc[0] = measure $0;\nc[1] = measure $1;\n"
        token = requests.post(base + "/identity/token",
                              data={"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": KEY}).json()
        headers = {"Authorization": "Bearer " + token["access_token"], "Service-CRN": CRN}
        body = {"program_id": "sampler", "backend": "emulated", "tags": ["t"],
                "params": {"pubs": [[isa, packed([[[a], [0.4]] for a in ANGLES]), SHOTS]], "version": 2, "support_qiskit": True,
                           "options": {}}}
        answer = requests.post(base + "/api/v1/jobs", headers=headers, json=body)
        check(answer.status_code == 200, answer.text)
        job = service.job(answer.json()["id"])
        result = job.result()
        bits = result[0].data.c
        check(bits.shape == (3, 2) and bits.num_bits == 2 and bits.num_shots == SHOTS, bits)
        for i, angle in enumerate(ANGLES):
            for j, value in enumerate([angle, 0.4]):
                counts = bits[i, j].get_counts()
                check(all(text[1] == "1" for text in counts), "bit 0 is x", counts)
                # sx rz(a) sx on |0> is ry(pi - a) up to phases.
                check_frequency(sum(n for text, n in counts.items() if text[0] == "1"), SHOTS,
                                math.sin((math.pi - value) / 2) ** 2, f"qiskit-ibm-runtime, angle {value}")
        check(job.tags == ["t"] and str(job.status()) in ("DONE", "JobStatus.DONE"), job.tags, job.status())
        check(job.metrics()["timestamps"]["finished"], "metrics")
        check([found.job_id() for found in service.jobs(job_tags=["t"])] == [job.job_id()], "jobs by tag")
        job.update_tags(["u"])
        check(service.job(job.job_id()).tags == ["u"], "tags")
        other = requests.post(base + "/api/v1/jobs", headers=headers, json=body).json()["id"]
        service.job(other).cancel()
        check(str(service.job(other).status()).endswith("CANCELLED"), service.job(other).status())
        service.delete_job(other)
        check(service.usage()["usage_consumed_seconds"] >= 0, "usage")


@case
def qiskit_ionq_runs_circuits():
    import qiskit_ionq

    with Emulator("--queue", "polls:1") as emulator:
        os.environ["IONQ_API_URL"] = emulator.places["ionq"]  # where the client asks for the number of qubits
        provider = qiskit_ionq.IonQProvider(token=KEY, url=emulator.places["ionq"])
        bell = qiskit.QuantumCircuit(3, 3, name="bell")
        bell.h(0)
        bell.cx(0, 2)
        bell.measure([0, 1, 2], [0, 1, 2])
        rotated = qiskit.QuantumCircuit(3, 3, name="rotated")
        rotated.ry(0.9, 0)
        rotated.x(1)
        rotated.rz(0.3, 0)
        rotated.rx(-0.2, 2)
        rotated.measure([0, 1, 2], [2, 1, 0])
        for name in ("ionq_simulator", "ionq_qpu.forte-1"):
            backend = provider.get_backend(name)
            job = backend.run(bell, shots=SHOTS)
            counts = job.result(wait=0.01).get_counts()
            check(set(counts) == {"000", "101"} and sum(counts.values()) == SHOTS, name, counts)
            check_frequency(counts["000"], SHOTS, 0.5, name)
            both = backend.run([bell, rotated], shots=SHOTS)
            first, second = both.result(wait=0.01).get_counts()
            check(set(first) == {"000", "101"}, name, first)
            check(all(bits[1] == "1" for bits in second), name, second)
            ones = sum(number for bits, number in second.items() if bits[0] == "1")
            check_frequency(ones, SHOTS, math.sin(0.45) ** 2, f"{name}: bit 2")
            last = sum(number for bits, number in second.items() if bits[2] == "1")
            check_frequency(last, SHOTS, math.sin(0.1) ** 2, f"{name}: bit 0")
            cancelled = backend.run(bell, shots=10)
            cancelled.cancel()
            check(str(cancelled.status()).endswith("CANCELLED"), cancelled.status())
        check(provider.get_backend("ionq_qpu.forte-1").calibration() is not None, "characterization")


def main():
    warnings.simplefilter("ignore")
    names = ["qiskit", "qiskit-ibm-runtime", "ibm-quantum-schemas", "qiskit-ionq", "qrmi"]
    print("clients:", ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names))
    for function in CASES:
        function()
        print("passed:", function.__name__.replace("_", " "))


if __name__ == "__main__":
    main()
