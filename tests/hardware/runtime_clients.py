#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every class of qiskit-ibm-runtime against `qmtl emulate`: Sampler (plain, twirled, decoupled), Estimator and Executor,
their predecessors, sessions and batches. And IBM's models over every payload that a replay of ours sends and gets."""

import http.server
import json
import math
import os
import threading
import urllib.request
import warnings

import real_clients as clients  # enters the environment
from real_clients import Emulator, check, check_frequency
from replay_case import CRN, KEY, ReplayCase

import numpy  # noqa: E402
import qiskit  # noqa: E402
from qiskit.circuit import Parameter  # noqa: E402
from qiskit.quantum_info import SparsePauliOp, Statevector  # noqa: E402

SHOTS = 4096
ANGLES = [0.0, 0.9, math.pi]
CASES = []


def case(function):
    CASES.append(function)
    return function


class Backend:
    """An emulated backend as the client sees it, and a circuit for it whose qubits all say something."""

    def __enter__(self):
        self.emulator = Emulator("--queue", "polls:1", "--coupling", "line-5", "--basis", "cz,rz,sx,x").__enter__()
        base = self.emulator.places["iam"]
        os.environ.update({"IAM_URL": base, "QISKIT_FUNCTIONS_EXPERIMENTAL": "1"})
        from qiskit_ibm_runtime import QiskitRuntimeService

        service = QiskitRuntimeService(channel="ibm_quantum_platform", token=KEY, url=base, instance=CRN,
                                       url_resolver=lambda *a, **k: base + "/api/v1")
        self.backend = service.backend("emulated")
        self.circuit = qiskit.QuantumCircuit(3)
        self.circuit.ry(Parameter("a"), 0)
        self.circuit.cx(0, 1)
        self.circuit.x(2)
        passes = qiskit.generate_preset_pass_manager(1, backend=self.backend, seed_transpiler=1)
        self.isa = passes.run(self.circuit)
        self.measured = passes.run(self.circuit.measure_all(inplace=False))
        return self

    def __exit__(self, *error):
        self.emulator.__exit__(*error)

    def check_bits(self, bits, what):
        """Rows of ANGLES: qubit 2 is 1, qubits 0 and 1 are equal."""
        for row, angle in enumerate(ANGLES):
            counts = bits[row].get_counts()
            shots = sum(counts.values())
            check(shots >= SHOTS and set(counts) <= {"100", "111"}, what, counts)
            check_frequency(counts.get("111", 0), shots, math.sin(angle / 2) ** 2, f"{what}, angle {angle}")


def with_options(primitive, options):
    for name, value in options.items():
        *path, last = name.split(".")
        place = primitive.options
        for part in path:
            place = getattr(place, part)
        setattr(place, last, value)
    return primitive


@case
def samplers_sample():
    import qiskit_ibm_runtime
    from qiskit_ibm_runtime.executor_sampler import Sampler

    both = {"twirling.enable_gates": True, "twirling.enable_measure": True}
    decoupled = {"dynamical_decoupling.enable": True}
    rows = [(qiskit_ibm_runtime.SamplerV2, {}), (Sampler, {}), (Sampler, both),
            (Sampler, {**both, "twirling.strategy": "all"}), (Sampler, decoupled),
            (Sampler, {**both, **decoupled, "dynamical_decoupling.sequence_type": "XY4"})]
    with Backend() as at:
        for kind, options in rows:
            sampler = with_options(kind(mode=at.backend), options)
            result = sampler.run([(at.measured, [[angle] for angle in ANGLES])], shots=SHOTS).result()
            at.check_bits(result[0].data.meas, f"{kind.__module__} {options}")
        for mode in (qiskit_ibm_runtime.Batch, qiskit_ibm_runtime.Session):
            with mode(backend=at.backend) as opened:
                job = Sampler(mode=opened).run([(at.measured, [[math.pi]])], shots=10)
                check(job.result()[0].data.meas.get_counts() == {"111": 10}, mode)
                check(job.session_id == opened.session_id, mode)


@case
def estimators_estimate():
    import qiskit_ibm_runtime
    from qiskit_ibm_runtime.executor_estimator import Estimator

    observable = SparsePauliOp(["ZZI", "IXX", "ZII", "IYY", "III"], [1, 0.5, 2, -0.3, 0.25])
    with Backend() as at:
        laid_out = observable.apply_layout(at.isa.layout)
        exact = [Statevector(at.circuit.assign_parameters([angle])).expectation_value(observable).real
                 for angle in ANGLES]
        for kind, options in [(qiskit_ibm_runtime.EstimatorV2, {}), (Estimator, {}),
                              (Estimator, {"twirling.enable_gates": True}),
                              (Estimator, {"resilience.measure_mitigation": False}),
                              (Estimator, {"dynamical_decoupling.enable": True})]:
            estimator = with_options(kind(mode=at.backend), options)
            data = estimator.run([(at.isa, laid_out, [[angle] for angle in ANGLES])], precision=0.02).result()[0].data
            for found, wanted in zip(data.evs, exact, strict=True):
                # Each of the five strings has a standard deviation of at most 0.02 times its factor: five times
                # their sum, with room for what the client's correction of readings adds.
                check(abs(found - wanted) < 5 * 0.02 * 4, kind, options, data.evs, exact)


@case
def the_executor_executes():
    from qiskit_ibm_runtime import Executor
    from qiskit_ibm_runtime.quantum_program import QuantumProgram
    from samplomatic import build
    from samplomatic.transpiler import generate_boxing_pass_manager

    with Backend() as at:
        boxed = generate_boxing_pass_manager(enable_gates=True, enable_measures=True).run(at.measured)
        template, samplex = build(boxed)
        program = QuantumProgram(shots=SHOTS, passthrough_data={"mine": [1, {"two": numpy.arange(3.0)}]})
        program.append_circuit_item(at.measured, circuit_arguments=numpy.array([[angle] for angle in ANGLES]))
        program.append_samplex_item(template, samplex=samplex, shape=(8, 3), samplex_arguments={
            "parameter_values": numpy.array([[angle] for angle in ANGLES])})
        job = Executor(at.backend).run(program)
        result = job.result()
        check(numpy.array_equal(result.passthrough_data["mine"][1]["two"], numpy.arange(3.0)), "passthrough_data")
        plain, twirled = result[0]["meas"], result[1]["meas"] ^ result[1]["measurement_flips.meas"]
        check(plain.shape == (3, SHOTS, 3) and twirled.shape == (8, 3, SHOTS, 3), plain.shape, twirled.shape)
        check(result[1]["measurement_flips.meas"].any() and not result[1]["measurement_flips.meas"].all(), "flips")
        for row, angle in enumerate(ANGLES):
            for bits, shots in ((plain[row], SHOTS), (twirled[:, row].reshape(-1, 3), 8 * SHOTS)):
                check(bits[:, 2].all() and numpy.array_equal(bits[:, 0], bits[:, 1]), "bits", angle)
                check_frequency(int(bits[:, 0].sum()), shots, math.sin(angle / 2) ** 2, f"executor, angle {angle}")


@case
def what_cannot_be_drawn_is_refused_with_the_option_that_helps():
    from qiskit_ibm_runtime.executor_sampler import Sampler

    with Backend() as at:
        sampler = with_options(Sampler(mode=at.backend), {"twirling.enable_gates": True, "twirling.group": "local_c1"})
        try:
            sampler.run([(at.measured, [[0.1]])], shots=SHOTS)
            check(False, "expected a refusal")
        except Exception as error:
            check("twirling.group" in str(error), error)


class Recorder:
    """Stands between a client and the emulator and keeps bodies of jobs and their results."""

    def __init__(self, target):
        self.jobs, self.results = [], []
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def relay(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "expect")}
                request = urllib.request.Request(target + self.path, data=body or None, method=self.command,
                                                 headers=headers)
                try:
                    answer = urllib.request.urlopen(request)
                except urllib.error.HTTPError as error:
                    answer = error
                data = answer.read()
                if self.command == "POST" and self.path.endswith("/jobs"):
                    recorder.jobs.append(json.loads(body))
                if self.path.endswith("/results") and data:
                    recorder.results.append(json.loads(data))
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = relay

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_port}"


@case
def ibm_models_accept_every_payload_of_a_replay():
    from ibm_quantum_schemas.executor.version_2_0 import ParamsModel, QuantumProgramResultModel
    from ibm_quantum_schemas.sampler.version_0_1.params import ParamsModel as SamplerModel

    class Replay(ReplayCase):
        def runTest(self):
            with Emulator("--queue", "polls:1", "--coupling", "line-20", "--basis", "cz,rz,sx,x,rx,rzz") as emulator:
                recorder = Recorder(emulator.places["iam"])
                for more in ({}, {"program": "sampler"}, {"results": "packed"}):
                    keys = {"kind": "ibm", "api_key_env": "REPLAY_KEY", "url": recorder.base + "/api/v1",
                            "iam_url": recorder.base, "crn": CRN, "backend": "emulated", **more}
                    self.write("service.toml", "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items()))
                    scores = self.scores("run", "run", "--endpoint", "service.toml", "--name", more.get("results", "x") +
                                         more.get("program", ""), "--samples", "4", "--shots", "100", "--max-cost", "1e6",
                                         "--head-split", "cones", "--mitigate", "readout")
                    self.assertEqual(scores["complete"], 4)
            recorder.server.shutdown()
            kinds = {}
            for job in recorder.jobs:
                kinds[job["program_id"]] = kinds.get(job["program_id"], 0) + 1
                (ParamsModel if job["program_id"] == "executor" else SamplerModel).model_validate(job["params"])
                if job["program_id"] == "executor":
                    model = ParamsModel.model_validate(job["params"])
                    model.quantum_program.circuits.to_python()
                    self.assertEqual(model.quantum_program.passthrough_data, {"tag": job["tags"][0]})
            self.assertGreater(kinds["executor"], 1)
            self.assertEqual(set(kinds), {"executor", "sampler"})
            read = [QuantumProgramResultModel.model_validate(result) for result in recorder.results
                    if "schema_version" in result]
            self.assertEqual(len(read), kinds["executor"])

    Replay.setUpClass()
    try:
        Replay().runTest()
    finally:
        Replay.tearDownClass()
        Replay.doClassCleanups()


def main():
    warnings.simplefilter("ignore")
    for function in CASES:
        function()
        print("passed:", function.__name__.replace("_", " "))


if __name__ == "__main__":
    main()
