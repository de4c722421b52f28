#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The estimators by scikit-learn's own checks, and in pipelines, searches, with frames, missing labels and pickles."""

import pickle
import unittest

import door

qmtl = door.the_package("sklearn")
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from qmtl.sklearn import QMTLClassifier, QMTLRegressor

try:
    import pandas
except ImportError:
    pandas = None

# Small enough for the checks' many fits.
SMALL = {"circuit": {"qubits": 4}, "block": {"size": 2}}


class InSklearn(unittest.TestCase):
    def test_scikit_learns_checks_pass(self):
        for estimator in (QMTLClassifier(SMALL, learning_rate=0.05), QMTLRegressor(SMALL, learning_rate=0.05),
                          QMTLClassifier(), QMTLRegressor()):
            with self.subTest(estimator=str(estimator)):
                check_estimator(estimator)

    def test_texts_of_classes_are_kept_and_probabilities_add_up(self):
        iris = load_iris()
        names = iris.target_names[iris.target]
        made = QMTLClassifier(SMALL, learning_rate=0.03).fit(iris.data, names)
        self.assertEqual(list(made.classes_), ["setosa", "versicolor", "virginica"])
        self.assertEqual(set(made.predict(iris.data)), set(iris.target_names))
        np.testing.assert_allclose(made.predict_proba(iris.data).sum(axis=1), 1, rtol=1e-12)
        # What a linear discriminant reaches is 0.98.
        self.assertGreater(made.score(iris.data, names), 0.93)

    def test_several_tasks_with_missing_labels(self):
        iris = load_iris()
        y = np.stack([iris.target, iris.data[:, 0] > 5.8], axis=1).astype(float)
        y[::3, 0] = np.nan
        y[1::4, 1] = np.nan
        made = QMTLClassifier(SMALL, learning_rate=0.03).fit(iris.data, y)
        self.assertEqual([list(found) for found in made.classes_], [[0, 1, 2], [0, 1]])
        self.assertEqual(made.predict(iris.data).shape, (150, 2))
        self.assertEqual([part.shape for part in made.predict_proba(iris.data)], [(150, 3), (150, 2)])
        self.assertGreater(made.score(iris.data, y), 0.9)
        direct = qmtl.train(iris.data, y, [qmtl.Task("y0", "multiclass", 3), "y1"],
                            {**SMALL, "seed": 1, "train": {"learning_rate": 0.03}}, fractions=(1, 0, 0))
        self.assertEqual(made.model_.run_hash, direct.run_hash)

    def test_a_regression_in_the_units_of_y(self):
        X, y = load_diabetes(return_X_y=True)
        made = QMTLRegressor(SMALL, epochs=40).fit(X, y)
        linear = Ridge(alpha=1e-3).fit(X, y).score(X, y)
        self.assertGreater(made.score(X, y), linear - 0.1)
        both = np.stack([y, -y], axis=1)
        both[::5, 1] = np.nan
        made = QMTLRegressor(SMALL, epochs=40).fit(X, both)
        self.assertEqual(made.predict(X).shape, (442, 2))
        self.assertGreater(made.score(X, both), linear - 0.1)

    def test_pipelines_searches_clones_and_pickles(self):
        iris = load_iris()
        pipeline = make_pipeline(StandardScaler(), QMTLClassifier(SMALL, epochs=10))
        search = GridSearchCV(pipeline, {"qmtlclassifier__learning_rate": [1e-5, 0.05], "qmtlclassifier__layers": [(), (8,)]},
                              cv=3).fit(iris.data, iris.target)
        self.assertEqual(search.best_params_["qmtlclassifier__learning_rate"], 0.05)
        self.assertGreater(cross_val_score(search.best_estimator_, iris.data, iris.target, cv=3).mean(), 0.85)
        restored = pickle.loads(pickle.dumps(search.best_estimator_))
        np.testing.assert_array_equal(restored.predict_proba(iris.data), search.best_estimator_.predict_proba(iris.data))
        again = clone(search.best_estimator_).fit(iris.data, iris.target)
        self.assertEqual(again[-1].model_.run_hash, search.best_estimator_[-1].model_.run_hash)

    @unittest.skipIf(pandas is None, "pandas is not installed")
    def test_frames_name_features_and_tasks(self):
        iris = load_iris(as_frame=True)
        y = pandas.DataFrame({"kind": iris.target_names[iris.target], "long": iris.data.iloc[:, 0] > 5.8})
        y.loc[::3, "kind"] = None
        made = QMTLClassifier(SMALL, epochs=10).fit(iris.data, y)
        self.assertEqual(list(made.feature_names_in_), list(iris.data.columns))
        self.assertEqual([task.name for task in made.tasks_], ["kind", "long"])
        # The model keeps both, for whoever loads it.
        self.assertEqual(made.model_.columns, list(iris.data.columns))
        self.assertEqual(made.model_.classes, {"kind": sorted(iris.target_names), "long": ["False", "True"]})
        self.assertEqual(set(made.predict(iris.data)[:, 0]) - set(iris.target_names), set())
        with self.assertRaisesRegex(ValueError, "feature names"):
            made.predict(iris.data.rename(columns={iris.data.columns[0]: "other"}))
        columns = pandas.DataFrame(qmtl.train(iris.data, pandas.DataFrame({"t": iris.target}), [("t", "multiclass", 3)],
                                              {**SMALL, "train": {"epochs": 1}}).predict(iris.data))
        self.assertEqual(columns.shape, (150, 3))

    def test_what_is_wrong_is_named(self):
        X, y = np.zeros((6, 2)), np.arange(6) % 2
        for action, words in (
                (lambda: QMTLClassifier().fit(X, np.zeros(6)), "at least 2 classes"),
                (lambda: QMTLClassifier().fit(X, np.linspace(0, 1, 6)), "Unknown label type"),
                (lambda: QMTLClassifier(head="cubic").fit(X, y), "head.kind"),
                (lambda: QMTLClassifier("[train]\nepochs = 1\n", epochs=2).fit(X, y), "config: expected a dict"),
                (lambda: QMTLClassifier({"train": {"epoch": 2}}).fit(X, y), "train.epochs"),
                (lambda: QMTLRegressor().fit(X, y[:5]), "6 rows|inconsistent"),
                (lambda: QMTLRegressor().fit(X * np.nan, y), "NaN")):
            with self.assertRaisesRegex(ValueError, words):
                action()


if __name__ == "__main__":
    unittest.main(verbosity=2)
