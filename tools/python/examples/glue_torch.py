# SPDX-License-Identifier: Apache-2.0
"""Sentences of GLUE: a small transformer encoder in torch, trained from scratch, and the circuit of the method's published
model, in which every task owns its qubits and reads its logit from them. Batches are of one task each, shuffled together.

    python3 glue_torch.py FOLDER [--tasks sst2,mrpc] [--epochs 3]   # needs torch; in FOLDER CoLA/, SST-2/, MRPC/, RTE/ of GLUE
"""

from __future__ import annotations

import argparse
import pathlib
import random
import re

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

import qmtl
from qmtl.torch import QuantumCircuit

LENGTH, WORDS = 40, 8000
# Task: file, lines of headings, columns of the sentences, column of the label, what label 1 is called.
FILES = {"cola": ("CoLA/{}.tsv", 0, [3], 1, "1"), "sst2": ("SST-2/{}.tsv", 1, [0], 1, "1"),
         "mrpc": ("MRPC/{}.tsv", 1, [3, 4], 0, "1"), "rte": ("RTE/{}.tsv", 1, [1, 2], 3, "entailment")}


def read(folder: pathlib.Path, task: str, part: str, most: int) -> list[tuple[str, float]]:
    name, headings, sentences, label, positive = FILES[task]
    lines = (folder / name.format(part)).read_text(encoding="utf-8-sig").split("\n")[headings:]
    rows = [line.rstrip("\r").split("\t") for line in lines if line.strip()]
    random.Random(task).shuffle(rows)
    return [(" [and] ".join(row[i] for i in sentences), float(row[label] == positive)) for row in rows[:most]]


class Vocabulary:
    """The most frequent words as numbers; 0 is no word, 1 an unknown one."""

    def __init__(self, texts: list[str]) -> None:
        counts: dict[str, int] = {}
        for text in texts:
            for word in self.words(text):
                counts[word] = counts.get(word, 0) + 1
        kept = sorted(counts, key=lambda word: (-counts[word], word))[:WORDS - 2]
        self.numbers = {word: number for number, word in enumerate(kept, 2)}

    @staticmethod
    def words(text: str) -> list[str]:
        return re.findall(r"\[and\]|\w+|[^\w\s]", text.lower())

    def tokens(self, texts: list[str]) -> Tensor:
        rows = [[self.numbers.get(word, 1) for word in self.words(text)][:LENGTH] for text in texts]
        return torch.tensor([row + [0] * (LENGTH - len(row)) for row in rows])


class Encoder(nn.Module):
    """Token numbers [rows, LENGTH] to the representation [rows, width]: two transformer layers and a mean over the words."""

    def __init__(self, width: int, size: int = 64) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, size, padding_idx=0)
        self.place = nn.Parameter(torch.randn(LENGTH, size).mul(0.02))
        layer = nn.TransformerEncoderLayer(size, 4, 2 * size, dropout=0.1, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.last = nn.Linear(size, width)
        # An angle of 0 is a stationary point of every expectation: from there nothing would be learned for long.
        nn.init.uniform_(self.last.bias, -3.14, 3.14)

    def forward(self, tokens: Tensor) -> Tensor:
        missing = tokens.eq(0)
        states = self.layers(self.embedding(tokens) + self.place, src_key_padding_mask=missing)
        present = (~missing).unsqueeze(-1)
        z: Tensor = self.last((states * present).sum(1) / present.sum(1).clamp(min=1))
        return z


def main(folder: str, epochs: int = 3, rows: int = 4000, names: str = ",".join(FILES),
         batch: int = 64) -> dict[str, tuple[float, float]]:
    """Accuracy on the development rows of each task, and that of the more frequent answer."""
    torch.manual_seed(0)
    qmtl.set_threads(1)  # torch has threads of its own
    here = pathlib.Path(folder)
    tasks = [task for task in names.split(",") if (here / FILES[task][0].format("train")).exists()]
    train = {task: read(here, task, "train", rows) for task in tasks}
    test = {task: read(here, task, "dev", 1000) for task in tasks}
    vocabulary = Vocabulary([text for task in tasks for text, _ in train[task]])

    circuit = QuantumCircuit(tasks_qubits=[1] * len(tasks), layers_per_task=[1] * len(tasks),
                             task_observables=[["Z0"]] * len(tasks), encoding_layers=3)
    encoder = Encoder(circuit.circuit.width)
    optimiser = torch.optim.Adam([{"params": encoder.parameters(), "lr": 1e-3}, {"params": circuit.parameters(), "lr": 1e-2}])
    inputs = {task: vocabulary.tokens([text for text, _ in train[task]]) for task in tasks}
    labels = {task: torch.tensor([label for _, label in train[task]]) for task in tasks}
    for epoch in range(epochs):
        batches = [(number, part) for number, task in enumerate(tasks)
                   for part in torch.randperm(len(labels[task])).split(batch)]
        random.Random(epoch).shuffle(batches)
        encoder.train()
        for number, part in batches:
            optimiser.zero_grad()
            logits = circuit(encoder(inputs[tasks[number]][part]))[number][:, 0]
            # The expectation is the logit, in [-1, 1]: the loss cannot fall below 0.313.
            binary_cross_entropy_with_logits(logits, labels[tasks[number]][part]).backward()
            optimiser.step()

    encoder.eval()
    found = {}
    with torch.no_grad():
        for number, task in enumerate(tasks):
            answers = torch.tensor([label for _, label in test[task]])
            logits = circuit(encoder(vocabulary.tokens([text for text, _ in test[task]])))[number][:, 0]
            share = float(answers.mean())
            found[task] = (float(((logits > 0) == (answers > 0)).float().mean()), max(share, 1 - share))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rows", type=int, default=4000, help="of each task's training rows")
    parser.add_argument("--tasks", default=",".join(FILES))
    options = parser.parse_args()
    for task, (accuracy, constant) in main(options.folder, options.epochs, options.rows,
                                                options.tasks).items():
        print(f"{task:<5} {accuracy:.3f}   the more frequent answer: {constant:.3f}")
