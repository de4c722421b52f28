# SPDX-License-Identifier: Apache-2.0
"""Two tasks on images of digits, one convolutional backbone in torch, one quantum head: which digit, and is it odd?

    python3 digits_torch.py        # needs torch and scikit-learn (for the images)
"""

import torch
from sklearn.datasets import load_digits

import qmtl.torch


def main(epochs: int = 12) -> dict[str, float]:
    torch.manual_seed(0)
    qmtl.set_threads(1)  # torch has threads of its own
    images, labels = load_digits(return_X_y=True)
    x = torch.tensor(images / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
    digit = torch.tensor(labels)
    odd = torch.tensor(labels % 2, dtype=torch.float32)
    train, test = torch.arange(0, 1300), torch.arange(1300, len(x))

    head = qmtl.torch.Head({"digit": {"kind": "multiclass", "outputs": 10}, "odd": "binary"}, as_dict=True)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(),
        torch.nn.Linear(8 * 4 * 4, head.width), head)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        for rows in train[torch.randperm(len(train))].split(64):
            optimiser.zero_grad()
            logits = model(x[rows])
            loss = (torch.nn.functional.cross_entropy(logits["digit"], digit[rows])
                    + torch.nn.functional.binary_cross_entropy_with_logits(logits["odd"][:, 0], odd[rows]))
            loss.backward()
            optimiser.step()

    with torch.no_grad():
        logits = model(x[test])
    return {"digit": float((logits["digit"].argmax(1) == digit[test]).float().mean()),
            "odd": float(((logits["odd"][:, 0] > 0) == (odd[test] > 0)).float().mean())}


if __name__ == "__main__":
    for task, accuracy in main().items():
        print(f"{task:<6} {accuracy:.3f} of the test images")
