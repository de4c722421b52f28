# SPDX-License-Identifier: Apache-2.0
"""Writes reference_metrics.h: inputs and scores of scikit-learn and scipy that the metric tests compare with.

Run: python3 reference_metrics.py > reference_metrics.h   (scikit-learn 1.x, scipy 1.x, numpy)
"""
import warnings

import numpy as np
from scipy.special import expit, softmax
from scipy.stats import pearsonr, spearmanr
from sklearn import metrics as m

warnings.simplefilter("ignore")
rng = np.random.default_rng(7)


def array(name, values):
    text = ", ".join("%.9g" % v for v in np.ravel(values))
    print(f"inline const std::vector<float> {name}{{{text}}};")


def scores(name, pairs):
    rows = ", ".join('{"%s", %.17g}' % (key, value) for key, value in pairs)
    print(f"inline const std::vector<ReferenceScore> {name}{{{rows}}};")


print("#pragma once\n\n#include <string_view>\n#include <vector>\n")
print("// Made by reference_metrics.py; logits are rounded to float before scoring.\n")
print("struct ReferenceScore {\n  std::string_view metric;\n  double value;\n};\n")

y = rng.integers(0, 2, 40)
# Rounding to tenths makes ties, which the area under the curve must count half.
logits = np.float32(np.round(rng.normal(0.8 * (2 * y - 1), 1.5), 1))
logits[logits == 0] = np.float32(0.1)
p = (logits > 0).astype(int)
array("binary_labels", y)
array("binary_logits", logits)
scores("binary_scores", [
    ("accuracy", m.accuracy_score(y, p)), ("balanced_accuracy", m.balanced_accuracy_score(y, p)),
    ("f1", m.f1_score(y, p)), ("macro_f1", m.f1_score(y, p, average="macro")),
    ("mcc", m.matthews_corrcoef(y, p)), ("auc", m.roc_auc_score(y, logits)),
    ("log_loss", m.log_loss(y, expit(np.float64(logits))))])

y = rng.integers(0, 4, 50)
logits = np.float32(rng.normal(0, 1, (50, 4)) + 1.2 * np.eye(4)[y])
q = softmax(np.float64(logits), axis=1)
p = logits.argmax(1)
array("multiclass_labels", y)
array("multiclass_logits", logits)
scores("multiclass_scores", [
    ("accuracy", m.accuracy_score(y, p)), ("balanced_accuracy", m.balanced_accuracy_score(y, p)),
    ("macro_f1", m.f1_score(y, p, average="macro")), ("mcc", m.matthews_corrcoef(y, p)),
    ("auc", m.roc_auc_score(y, q, multi_class="ovr", average="macro")), ("log_loss", m.log_loss(y, q))])

t = np.float32(np.round(rng.normal(3, 2, 45), 1))
o = np.float32(0.7 * t + rng.normal(0, 1, 45))
a, b = np.float64(t), np.float64(o)
array("regression_labels", t)
array("regression_outputs", o)
scores("regression_scores", [
    ("pearson", pearsonr(a, b)[0]), ("spearman", spearmanr(a, b)[0]), ("rmse", np.sqrt(m.mean_squared_error(a, b))),
    ("mae", m.mean_absolute_error(a, b)), ("r2", m.r2_score(a, b))])

y = rng.integers(0, 2, (30, 3))
logits = np.float32(rng.normal(1.0 * (2 * y - 1), 1.5))
p = (logits > 0).astype(int)
array("multilabel_labels", y)
array("multilabel_logits", logits)
scores("multilabel_scores", [
    ("f1", m.f1_score(y, p, average="macro")), ("auc", m.roc_auc_score(y, logits, average="macro")),
    ("accuracy", np.mean(y == p))])
