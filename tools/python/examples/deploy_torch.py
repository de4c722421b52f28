# SPDX-License-Identifier: Apache-2.0
"""From torch to devices: a head is trained in torch, becomes a checkpoint, is written for a microcontroller and replayed on
the emulator of a quantum service. The program `qmtl` does what a package without network code cannot.

    python3 deploy_torch.py FOLDER [--program qmtl]        # needs torch and scikit-learn (for the data)
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
from typing import Any

import torch
from sklearn.datasets import load_iris

import qmtl.torch


def trained() -> tuple[torch.nn.Module, qmtl.torch.Head, torch.Tensor, torch.Tensor]:
    """A layer of torch and a head for three kinds of iris."""
    torch.manual_seed(0)
    iris = load_iris()
    x = torch.tensor((iris.data - iris.data.mean(0)) / iris.data.std(0), dtype=torch.float32)
    y = torch.tensor(iris.target)
    head = qmtl.torch.Head({"kind": {"kind": "multiclass", "outputs": 3}}, {"circuit": {"qubits": 6}, "block": {"size": 2}})
    backbone = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, head.width))
    optimiser = torch.optim.Adam([*backbone.parameters(), *head.parameters()], lr=0.03)
    for _ in range(150):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(head(backbone(x)), y).backward()
        optimiser.step()
    return backbone, head, x, y


class Emulator:
    """`qmtl emulate` in the background: IBM's service on this machine, a noisy device behind it."""

    NOISE = """
[[gate]]
names = ["cz"]
channels = [{ kind = "depolarising", probability = 0.01 }]
[[readout]]
p1_given_0 = 0.02
p0_given_1 = 0.04
"""

    def __init__(self, program: str, folder: pathlib.Path) -> None:
        (folder / "device.toml").write_text(self.NOISE, encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "emulate", "--token-env", "EMULATOR_KEY", "--noise", "device.toml", "--queue", "none", "--json"],
            cwd=folder, text=True, stdout=subprocess.PIPE, env={**os.environ, "EMULATOR_KEY": "key-of-this-example"})
        assert self.process.stdout is not None
        places = json.loads(self.process.stdout.readline())
        keys = {"kind": "ibm", "url": places["ibm"], "iam_url": places["iam"], "backend": "emulated",
                "api_key_env": "EXAMPLE_KEY", "crn": "crn:v1:bluemix:public:quantum-computing:us-east:a/x:y::"}
        self.endpoint = folder / "service.toml"
        self.endpoint.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items()), encoding="utf-8")

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate()


def main(folder: str, program: str = "qmtl") -> dict[str, float]:
    """Accuracies: of torch, and of the emulated device's counts."""
    here = pathlib.Path(folder).absolute()

    def qmtl_program(*arguments: str) -> Any:
        done = subprocess.run([program, *arguments, "--json"], cwd=here, capture_output=True, text=True,
                              env={**os.environ, "EXAMPLE_KEY": "key-of-this-example"})
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout)

    backbone, head, x, y = trained()
    with torch.no_grad():
        z = backbone(x)
        accuracy = float((head(z).argmax(1) == y).float().mean())
    torch.save(backbone.state_dict(), here / "backbone.pt")

    # A checkpoint like any other, whose one input is z, and a data set of its inputs.
    model = head.head().model()
    model.save(here / "head.h5")
    model.save_data(here / "z.h5", z, y[:, None])

    # For a microcontroller: a file for the runtime in runtime/edge, or all of it as C.
    qmtl_program("export", "head.h5", "--data", "z.h5", "--to", "edge", "--out", "head.qmh")
    qmtl_program("export", "head.h5", "--data", "z.h5", "--to", "c", "--out", "head_c")

    # For a quantum processor.
    emulator = Emulator(program, here)
    try:
        scores = qmtl_program("replay", "run", "head.h5", "--data", "z.h5", "--endpoint", str(emulator.endpoint), "--folder",
                              "replay", "--shots", "500", "--max-cost", "1000", "--head-split", "cones", "--longest-poll", "0.2")
    finally:
        emulator.stop()
    return {"torch": accuracy, "measured": float(scores["tasks"]["kind"]["value"])}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--program", default="qmtl")
    options = parser.parse_args()
    for name, accuracy in main(options.folder, options.program).items():
        print(f"{name:<9} {accuracy:.3f} of the flowers")
