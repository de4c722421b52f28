# SPDX-License-Identifier: Apache-2.0
"""A CSV table, a whole training in a scikit-learn pipeline, its settings found by a search, and the model as a checkpoint for
the program. Two tasks, one with missing labels.

    python3 pipeline_sklearn.py [model.h5]        # needs scikit-learn, whose table of irises it reads
"""

from __future__ import annotations

import sys
from importlib.resources import files

import numpy as np
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from qmtl.sklearn import QMTLClassifier


def main(path: str | None = None) -> float:
    # Four columns of centimetres, then the kind.
    table = np.genfromtxt(str(files("sklearn.datasets.data") / "iris.csv"), delimiter=",", skip_header=1)
    y = np.stack([table[:, 4], table[:, 0] > 5.8], axis=1).astype(float)
    y[::4, 1] = np.nan  # nobody has measured every flower
    X, X_test, y, y_test = train_test_split(table[:, :4], y, random_state=0)
    pipeline = make_pipeline(StandardScaler(), QMTLClassifier({"circuit": {"qubits": 6}, "block": {"size": 3}}, epochs=20))
    # A number of folds would make scikit-learn stratify them, which it cannot with missing labels.
    folds = KFold(3, shuffle=True, random_state=0)
    search = GridSearchCV(pipeline, {"qmtlclassifier__learning_rate": [0.01, 0.05]}, cv=folds).fit(X, y)
    if path:
        search.best_estimator_[-1].model_.save(path)
    return float(search.score(X_test, y_test))


if __name__ == "__main__":
    print(f"accuracy over both tasks: {main(*sys.argv[1:2]):.3f}")
