#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`qmtl emulate` from outside: how it starts and ends, what it refuses, and that no bytes sent to it break it."""

import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

PROGRAM = os.environ["QMTL_PROGRAM"]
KEY = "a-key-of-the-tests"
ENVIRONMENT = {**os.environ, "EMULATOR_KEY": KEY, "SHORT_KEY": "short"}


def check(condition, *what):
    if not condition:
        raise AssertionError(" ".join(str(part) for part in what))


def start(*options):
    command = [PROGRAM, "emulate", "--token-env", "EMULATOR_KEY", "--json", "--queue", "none", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    return process, json.loads(process.stdout.readline())


def stop(process, how=signal.SIGTERM):
    process.send_signal(how)
    code = process.wait(timeout=30)
    check(code == 0, f"signal {how} ended it with {code}:", process.stderr.read())


def ask(url, body=None, method=None, key=KEY):
    request = urllib.request.Request(url, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Authorization", "apiKey " + key)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def raw(port, data):
    """What comes back for some bytes, or nothing; the connection may be cut."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        try:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            return line.recv(65536)
        except ConnectionError:
            return b""


JOB = {"type": "ionq.circuit.v1", "backend": "qpu.forte-1", "name": "job", "shots": 50,
       "input": {"qubits": 1, "gateset": "qis", "circuit": [{"gate": "h", "target": 0}]}}


def refusals(folder):
    readable = folder / "readable"
    readable.write_text(KEY)
    readable.chmod(0o644)
    token = ["--token-env", "EMULATOR_KEY"]
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    rows = [
        ("no token", [], 2, "token"),
        ("both tokens", [*token, "--token-file", "x"], 2, "token"),
        ("a variable that is not set", ["--token-env", "NO_SUCH_VARIABLE"], 2, "NO_SUCH_VARIABLE"),
        ("a short token", ["--token-env", "SHORT_KEY"], 2, "8 characters"),
        ("a token that others can read", ["--token-file", str(readable)], 2, "readable"),
        ("an odd port", [*token, "--port", "70000"], 2, "70000"),
        ("a port that is taken", [*token, "--port", str(taken.getsockname()[1])], 2, str(taken.getsockname()[1])),
        ("an odd address", [*token, "--bind", "nowhere.invalid"], 2, "nowhere.invalid"),
        ("an odd queue", [*token, "--queue", "days:1"], 2, "polls:NUMBER"),
        ("an odd fault", [*token, "--fault", "POST /jobs:1=magic"], 2, "drop-before"),
        ("an odd form of results", [*token, "--ionq-results", "x"], 2, "artifacts"),
        ("an odd coupling", [*token, "--coupling", "star-4"], 2, "star-4"),
        ("an odd basis", [*token, "--basis", "cz,magic"], 2, "magic"),
        ("too few qubits", [*token, "--coupling", "line-5", "--qubits", "4"], 2, "--qubits"),
        ("a noise model that is not there", [*token, "--noise", str(folder / "none.toml")], 3, "none.toml"),
        ("a log that cannot be written", [*token, "--log", str(folder / "no" / "log")], 3, "log"),
        ("a lifetime of 0", [*token, "--token-lifetime", "0"], 2, "--token-lifetime"),
    ]
    for what, options, code, word in rows:
        done = subprocess.run([PROGRAM, "emulate", *options], capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
        check(done.returncode == code and word in done.stderr, what, done.returncode, done.stderr)
        check(KEY not in done.stderr + done.stdout, what, "tells the key")
    taken.close()


def properties_make_the_device(folder):
    def entry(name, value, unit=""):
        return {"name": name, "value": value, "unit": unit, "date": "2026-01-01T00:00:00Z"}

    qubit = [entry("T1", 100, "us"), entry("T2", 80, "us"), entry("readout_error", 0.02)]
    properties = {
        "backend_name": "of_the_file",
        "qubits": [qubit] * 3,
        "gates": [{"gate": "sx", "qubits": [q], "parameters": [entry("gate_error", 3e-4)]} for q in range(3)]
        + [{"gate": "cz", "qubits": pair, "parameters": [entry("gate_error", 4e-3)]} for pair in ([0, 1], [1, 2])],
    }
    file = folder / "properties.json"
    file.write_text(json.dumps(properties))
    process, places = start("--noise", str(file))
    grant = b"grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey=" + KEY.encode()
    with urllib.request.urlopen(places["iam"] + "/identity/token", data=grant) as reply:
        token = json.loads(reply.read())["access_token"]

    def get(path):
        request = urllib.request.Request(places["ibm"] + path)
        request.add_header("Authorization", "Bearer " + token)
        request.add_header("Service-CRN", "crn:v1:bluemix:public:quantum-computing:us-east:a/x:y::")
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    configuration = get("/backends/of_the_file/configuration")
    check(configuration["n_qubits"] == 3 and configuration["coupling_map"] == [[0, 1], [1, 2]], configuration)
    check(configuration["basis_gates"] == ["id", "sx", "cz"], configuration["basis_gates"])
    check(get("/backends/of_the_file/properties")["qubits"] == properties["qubits"], "properties are not the file's")
    stop(process)


def jobs_outlive_a_restart(folder):
    state, log = str(folder / "state"), folder / "log.jsonl"
    process, places = start("--state", state, "--log", str(log), "--seed", "3")
    code, made = ask(places["ionq"] + "/jobs", JOB)
    check(code == 201, made)
    url = f"/jobs/{made['id']}/results/probabilities"
    before = ask(places["ionq"] + url)
    stop(process, signal.SIGINT)
    process, places = start("--state", state, "--log", str(log), "--seed", "3")
    check(ask(places["ionq"] + url) == before, "results changed over the restart")
    check(before[0] == 200 and abs(sum(before[1].values()) - 1) < 1e-12, before)
    check(ask(places["ionq"] + "/jobs", key="another-key")[0] == 403, "another key is let in")
    stop(process)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    check([line["job"] for line in lines if line["method"] == "POST"] == [made["id"]], lines)
    check(KEY not in log.read_text(), "the log tells the key")


def no_bytes_break_it():
    process, places = start("--fault", "GET whoami:1=503,retry-after=2")
    port = places["port"]
    body = json.dumps(JOB).encode()
    good = b"POST /v0.4/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: apiKey " + KEY.encode() + b"\r\nContent-Length: "
    good += str(len(body)).encode() + b"\r\n\r\n" + body
    check(b"201" in raw(port, good), raw(port, good))
    rows = [b"", b"\r\n\r\n", b"GET", b"\x00" * 1000, b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\n\r\n",
            b"BREW /v0.4/jobs HTTP/1.1\r\n\r\n", b"GET /v0.4/jobs HTTP/9\r\n\r\n",
            b"GET /v0.4/jobs HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
            b"POST /v0.4/jobs HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
            b"POST /v0.4/jobs HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            b"POST /v0.4/jobs HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"POST /v0.4/jobs HTTP/1.1\r\nContent-Length: 1000\r\n\r\nshort",
            b"GET /v0.4/jobs/%00%ff%zz HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"]
    for row in rows:
        raw(port, row)
        check(process.poll() is None, "ended after", row[:60])
    chosen = random.Random(1)
    for _ in range(300):
        changed = bytearray(good)
        for _ in range(chosen.randint(1, 6)):
            changed[chosen.randrange(len(changed))] = chosen.randrange(256)
        raw(port, bytes(changed[: chosen.randint(1, len(changed))]))
    check(process.poll() is None, "ended after changed bytes")
    check(ask(places["ionq"] + "/whoami")[0] == 503, "the fault did not come")
    check(ask(places["ionq"] + "/whoami")[0] == 200, "it does not answer any more")
    stop(process)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        refusals(folder)
        properties_make_the_device(folder)
        jobs_outlive_a_restart(folder)
        no_bytes_break_it()
    print("emulate: starts, refuses, remembers and stays up")


if __name__ == "__main__":
    main()
