# SPDX-License-Identifier: Apache-2.0
"""What the tests of `qmtl replay` share: an emulator on a port of its own, endpoint files for it, how many intervals may miss, and
secrets that must show up nowhere."""

import json
import math
import os
import pathlib
import subprocess
import sys
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tools"))

import harness  # noqa: E402

KEY = "a-secret-key-of-the-replay-tests-7f3a"
CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/x:y::"
LONG = bool(os.environ.get("QMTL_LONG"))

NOISE = """
[[gate]]
names = ["cz"]
channels = [{ kind = "depolarising", probability = 0.004 }]
[[readout]]
p1_given_0 = 0.03
p0_given_1 = 0.06
"""


def too_many(outside, cases):
    """Whether so many of the intervals of 95 % may not miss: less likely than 1e-4 (binomial)."""
    return sum(math.comb(cases, k) * 0.05**k * 0.95 ** (cases - k) for k in range(outside, cases + 1)) < 1e-4


class Emulator:
    """A running `qmtl emulate`; `port` of an earlier one makes the places the same."""

    def __init__(self, log, *options, port=0, key=KEY):
        self.log_file = str(log)
        pathlib.Path(self.log_file).write_text("")
        command = [harness.PROGRAM, "emulate", "--token-env", "EMULATOR_KEY", "--json", "--port", str(port), "--log",
                   self.log_file, "--seed", "5", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "EMULATOR_KEY": key})
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"emulate did not start: {command}")
        self.places = json.loads(line)
        self.port = self.places["port"]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def log(self):
        return [json.loads(line) for line in pathlib.Path(self.log_file).read_text().splitlines()]

    def made_jobs(self):
        """Tags of the jobs that the service made, in order."""
        return [entry["tag"] for entry in self.log()
                if entry["method"] == "POST" and entry["path"].endswith("/jobs") and entry.get("job")]

    def caps(self):
        """What the service was told of each job's highest cost."""
        return [entry.get("cap") for entry in self.log() if entry["method"] == "POST" and entry.get("job")]

    def ask(self, path, token):
        request = urllib.request.Request(self.places["ibm"] + path, headers={"Authorization": "Bearer " + token, "Service-CRN": CRN})
        return json.loads(urllib.request.urlopen(request, timeout=60).read())

    def open_ibm_sessions(self):
        """Sessions that have had jobs and still take some."""
        form = urllib.parse.urlencode({"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": KEY}).encode()
        with urllib.request.urlopen(self.places["iam"] + "/identity/token", form, timeout=60) as answer:
            token = json.loads(answer.read())["access_token"]
        used = {entry["session"] for entry in self.log() if entry["path"].endswith("/jobs") and entry.get("session")}
        return [session for session in used if self.ask("/sessions/" + session, token)["accepting_jobs"]]

    def endpoint(self, protocol, **more):
        """The endpoint file's text."""
        keys = {"kind": protocol, "api_key_env": "REPLAY_KEY", "retry_attempts": 4, "timeout": 20}
        if protocol == "ionq":
            keys.update(url=self.places["ionq"], backend="qpu.forte-1")
        elif protocol == "iqm":
            keys.update(url=self.places["iqm"])
        else:
            keys.update(url=self.places["ibm"], iam_url=self.places["iam"], crn=CRN, backend="emulated")
        keys.update(more)
        return "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())


class ReplayCase(harness.Program):
    """A trained tiny model in the folder "run", and every output that was seen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seen = []
        cls.write("noise.toml", NOISE)
        trained = cls.run_program("train", "train.toml", "--quiet", "--set", "train.epochs=12")
        if trained.returncode != 0:
            raise RuntimeError(trained.stderr)

    @classmethod
    def replay(cls, *arguments, extra=None):
        result = cls.run_program("replay", *arguments, extra={"REPLAY_KEY": KEY, **(extra or {})})
        cls.seen.append(result.stdout + result.stderr)
        return result

    def good(self, *arguments, extra=None):
        result = self.replay(*arguments, extra=extra)
        self.assertEqual(result.returncode, 0, f"qmtl replay {' '.join(arguments)}\n{result.stdout}\n{result.stderr}")
        return result

    def scores(self, *arguments, extra=None):
        return json.loads(self.good(*arguments, "--json", extra=extra).stdout)

    def bad(self, code, fragment, *arguments, extra=None):
        result = self.replay(*arguments, extra=extra)
        case = f"qmtl replay {' '.join(arguments)}\n{result.stdout}\n{result.stderr}"
        self.assertEqual(result.returncode, code, case)
        self.assertIn(fragment, result.stderr, case)
        return result

    @classmethod
    def tearDownClass(cls):
        cls.check_secrets()
        super().tearDownClass()

    @classmethod
    def check_secrets(cls):
        """Neither the key nor any access token (a JWT begins with eyJ) is in what was printed or written."""
        texts = {"output": "\n".join(cls.seen)}
        for path in pathlib.Path(cls.base).rglob("*"):
            if path.is_file() and path.suffix in {".json", ".jsonl", ".html", ".log", ".toml", ".txt"}:
                texts[str(path)] = path.read_text(errors="replace")
        for where, text in texts.items():
            for secret in (KEY, "eyJ"):
                if secret in text:
                    raise AssertionError(f"{where} holds the secret '{secret}': {text[max(0, text.index(secret) - 200):][:400]}")
