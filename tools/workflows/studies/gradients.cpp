// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/gradients.h"

#include "io/config/config.h"
#include "runtime/base/error.h"
#include "runtime/model/heads/head_table.h"

namespace qmtl {
namespace {

/// The circuit that the model's head runs, at another size and with one output.
AnsatzSpec ansatz_at(ModelSpec model, int qubits, int layers) {
  model.head.ansatz = resized(model.head.ansatz, qubits, layers);
  model.tasks.resize(1);
  AnsatzSpec ansatz = head_ansatz(model);
  ansatz.block_outputs = {1};
  return ansatz;
}

GradientRow measure(const ModelSpec& model, int layers, const std::vector<int>& widths, int draws,
                    std::uint64_t seed) {
  GradientRow row{layers, {}, 0, 0};
  std::vector<double> first, mean;
  for (int qubits : widths) {
    row.widths.push_back(gradient_variance(ansatz_at(model, qubits, layers), draws, seed));
    first.push_back(row.widths.back().first);
    mean.push_back(row.widths.back().mean);
  }
  row.first_rate = exponential_rate(widths, first);
  row.mean_rate = exponential_rate(widths, mean);
  return row;
}

}  // namespace

GradientStudy study_gradients(const Ranks& ranks, const GradientRequest& request) {
  GradientStudy study;
  ranks.together([&] {
    if (!ranks.root()) return;
    const Config config = read_config(request.config, request.overrides);
    if (!head_kind(config.model.head.kind).circuit())
      throw usage_error(config.file + ": head.kind: expected a head with a circuit, found '" +
                        config.model.head.kind + "', which has none");
    study = {config.file, request.draws, config.train.seed, {}};
    for (int layers : request.depths)
      study.rows.push_back(measure(config.model, layers, request.widths, request.draws, config.train.seed));
  });
  return study;
}

}  // namespace qmtl
