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

peers.require("qiskit_ibm_runtime", "qiskit_ionq", "qrmi", "ibm_quantum_schemas", "numpy", "cirq_ionq", "ionq_core",
              "pennylane_ionq",
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

    def __init__(self, *options, key=KEY):
        self.folder = tempfile.TemporaryDirectory()
        super().__init__(os.path.join(self.folder.name, "log.jsonl"), *options, key=key)

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


@case
def cirq_ionq_runs_circuits():
    import cirq
    import cirq_ionq

    with Emulator("--queue", "polls:1") as emulator:
        service = cirq_ionq.Service(remote_host=emulator.places["iam"], api_key=KEY, default_target="simulator",
                                    max_retry_seconds=1)
        qubits = cirq.LineQubit.range(3)
        circuit = cirq.Circuit(cirq.ry(0.9)(qubits[0]), cirq.X(qubits[1]), cirq.CX(qubits[1], qubits[2]),
                               cirq.measure(*qubits, key="m"))

        def check_counts(result, what):
            # Cirq's integers have the first qubit as the most significant bit.
            counts = result.histogram(key="m")
            check(set(counts) == {0b011, 0b111} and sum(counts.values()) == SHOTS, what, counts)
            check_frequency(counts[0b111], SHOTS, math.sin(0.45) ** 2, what)

        for target in ("simulator", "qpu.forte-1"):
            check_counts(service.run(circuit, repetitions=SHOTS, target=target, seed=1), f"cirq-ionq, {target}")
        both = service.run_batch([circuit, circuit], repetitions=SHOTS, target="qpu.forte-1")
        check(len(both) == 2, "batch", both)
        for result in both:
            check_counts(result, "cirq-ionq, aggregated probabilities of a batch")
        dry = service.create_job(circuit, repetitions=10, target="qpu.forte-1", dry_run=True)
        check([dry.status(), dry.status()] == ["started", "completed"], "dry run")
        listed = service.list_jobs(limit=50)
        check(len({job.job_id() for job in listed}) == len(listed) == 4, "jobs", [job.job_id() for job in listed])
        stopped = service.create_job(circuit, repetitions=10, target="qpu.forte-1")
        stopped.cancel()
        check(stopped.status() == "canceled", stopped.status())
        stopped.delete()
        calibration = service.get_current_calibration()
        check(calibration.num_qubits() == 156 and calibration.target() == "qpu.forte-1", "calibration")
        check(calibration.calibration_time() and len(calibration.connectivity()) == 156 * 155, "calibration")
        check(len(service.list_calibrations()) == 1, "calibrations")


@case
def ionq_core_submits_and_reads_results():
    import ionq_core
    from ionq_core.api.backends import get_backend, get_backends
    from ionq_core.api.characterizations import get_characterizations_for_backend
    from ionq_core.api.default import (cancel_job, create_job, create_session, delete_job, end_session, estimate_job_cost,
                                       get_job, get_job_cost, get_job_probabilities, get_session_jobs, get_sessions)
    from ionq_core.api.whoami import get_whoami
    from ionq_core.models import CircuitJobCreationPayload, CreateSessionRequest, JSONMultiCircuitJob

    # This client knows the newer form of results only.
    with Emulator("--queue", "polls:1", "--ionq-results", "artifacts") as emulator:
        client = ionq_core.IonQClient(api_key=KEY, base_url=emulator.places["ionq"], max_retries=0)
        check(get_whoami.sync(client=client).key_name == "emulated", "whoami")
        check(len(get_backends.sync(client=client)) == 6, "backends")
        check(get_backend.sync("qpu.forte-1", client=client).status == "available", "backend")
        check(get_characterizations_for_backend.sync("qpu.forte-1", client=client).characterizations[0].qubits == 156,
              "characterizations")
        estimate = estimate_job_cost.sync(client=client, backend="qpu.forte-1", type_="ionq.circuit.v1", qubits=2,
                                          shots=10000, field_1q_gates=3, field_2q_gates=2)
        rate = estimate.rate_card.rates[0]
        check(abs(estimate.estimated_total_cost - 10000 * (3 * rate.cost_1q_gate + 2 * rate.cost_2q_gate)) < 1e-9,
              estimate)
        check(estimate.estimate_context.shots == 10000, estimate)
        turn = [{"gate": "ry", "target": 0, "rotation": 0.9}, {"gate": "x", "target": 1}]
        session = create_session.sync(client=client, body=CreateSessionRequest.from_dict({"backend": "qpu.forte-1"}))
        common = {"backend": "qpu.forte-1", "shots": SHOTS, "session_id": session.id}
        body = CircuitJobCreationPayload.from_dict({**common, "type": "ionq.circuit.v1", "name": "n", "metadata": {"a": "b"},
                                                    "input": {"qubits": 2, "gateset": "qis", "circuit": turn}})
        done = ionq_core.wait_for_job(client, create_job.sync(client=client, body=body).id, poll_interval=0.01)
        check(done.status == "completed" and done.metadata.additional_properties == {"a": "b"}, done)
        found = get_job_probabilities.sync(done.id, client=client).to_dict()
        check(set(found) == {"2", "3"}, found)
        check_frequency(round(SHOTS * found["3"]), SHOTS, math.sin(0.45) ** 2, "ionq-core")
        check(get_job_cost.sync(done.id, client=client).cost.value >= 1, "cost")
        several = JSONMultiCircuitJob.from_dict({**common, "type": "ionq.multi-circuit.v1", "input": {
            "qubits": 2, "gateset": "qis", "circuits": [{"name": "a", "circuit": turn}, {"name": "b", "circuit": turn[1:]}]}})
        parent = ionq_core.wait_for_job(client, create_job.sync(client=client, body=several).id, poll_interval=0.01)
        check(len(parent.child_job_ids) == 2, parent)
        check(get_job_probabilities.sync(parent.child_job_ids[1], client=client).to_dict() == {"2": 1.0}, "the second child")
        check(len(list(ionq_core.iter_jobs(client, limit=1))) == 2, "jobs, one a page")
        check(len(get_session_jobs.sync(session.id, client=client).jobs) == 2, "jobs of the session")
        check(get_sessions.sync(client=client).sessions[0].active, "sessions")
        check(end_session.sync(session.id, client=client).status == "ended", "the session's end")
        body.session_id = ionq_core.types.UNSET
        stopped = create_job.sync(client=client, body=body).id
        check(cancel_job.sync(stopped, client=client).status == "canceled", "cancel")
        check(get_job.sync(stopped, client=client).status == "canceled", "cancelled")
        check(delete_job.sync(stopped, client=client).status == "deleted", "delete")


@case
def pennylane_ionq_runs_circuits():
    import pennylane
    from pennylane_ionq import api_client

    with Emulator("--queue", "none") as emulator:
        usual, api_client.APIClient.BASE_URL = api_client.APIClient.BASE_URL, emulator.places["ionq"]
        try:
            for device in (pennylane.device("ionq.simulator", wires=2, shots=SHOTS, api_key=KEY),
                           pennylane.device("ionq.qpu", wires=2, shots=SHOTS, api_key=KEY, backend="forte-1")):
                @pennylane.qnode(device)
                def circuit():
                    pennylane.RY(0.9, wires=0)
                    pennylane.PauliX(wires=1)
                    return pennylane.probs(wires=[0, 1])

                found = circuit()
                check(found[0] == found[2] == 0, device, found)
                check_frequency(round(SHOTS * float(found[3])), SHOTS, math.sin(0.45) ** 2, "pennylane-ionq")
        finally:
            api_client.APIClient.BASE_URL = usual


@case
def keys_with_signs_of_addresses_are_taken_as_they_are():
    import ionq_core
    import requests
    from ionq_core.api.whoami import get_whoami

    key = "a%41-key+with/odd=signs&more"
    with Emulator(key=key) as emulator:
        form = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": key}
        check(requests.post(emulator.places["iam"] + "/identity/token", data=form).status_code == 200, "IBM's token")
        form["apikey"] = key.replace("%41", "A")
        check(requests.post(emulator.places["iam"] + "/identity/token", data=form).status_code == 400, "another key")
        client = ionq_core.IonQClient(api_key=key, base_url=emulator.places["ionq"], max_retries=0)
        check(get_whoami.sync(client=client).key_name == "emulated", "whoami")


def main():
    warnings.simplefilter("ignore")
    names = ["qiskit", "qiskit-ibm-runtime", "ibm-quantum-schemas", "qiskit-ionq", "qrmi", "cirq-ionq", "ionq-core",
             "pennylane-ionq"]
    print("clients:", ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names))
    for function in CASES:
        function()
        print("passed:", function.__name__.replace("_", " "))


if __name__ == "__main__":
    main()
