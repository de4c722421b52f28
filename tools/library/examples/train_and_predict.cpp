// SPDX-License-Identifier: Apache-2.0
// Trains a model of two tasks on two arrays, saves, loads, predicts, exports and replays it.
//   train_and_predict FOLDER [CONFIGURATION [replay]]     where to write; a configuration as TOML
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "qmtl/qmtl.h"

int main(int argc, char** argv) try {
  const std::string folder = argc > 1 ? argv[1] : ".", configuration = argc > 2 ? argv[2] : "";
  // Points of a plane: on which side of a line, and how far from the middle?
  std::vector<float> x, y;
  for (int i = 0; i < 300; ++i) {
    const auto a = 0.01f * static_cast<float>(i * 37 % 300) - 1.5f,
               b = 0.01f * static_cast<float>(i * 91 % 300) - 1.5f;
    x.insert(x.end(), {a, b});
    y.insert(y.end(), {a > b ? 1.0f : 0.0f, std::hypot(a, b)});
  }

  const qmtl::Samples samples{.x = {x, 2}, .y = {y, 2}, .tasks = {{"side"}, {"distance", "regression"}}};
  qmtl::train(samples, {.configuration = configuration}).save(folder + "/model.h5");
  const qmtl::Model model = qmtl::Model::load(folder + "/model.h5");
  const qmtl::Table predicted = model.predict(samples.x);
  for (std::size_t row = 0; row < predicted.count(); ++row)
    std::printf("%.9g %.9g\n", static_cast<double>(predicted.row(row)[0]),
                static_cast<double>(predicted.row(row)[1]));
  std::printf("run hash %s\n", model.run_hash().c_str());
  qmtl::save_data(folder + "/points.h5", samples);  // for `qmtl eval model.h5 --data points.h5` and its like
  if (argc > 3) {                                   // needs the room hardware
    qmtl::export_model(model, "edge", folder + "/model.qmh", samples.x);
    const qmtl::Replay counted =
        qmtl::replay(model, samples, folder + "/replay", {.shots = 200, .replicates = 0});
    std::printf("mean score of 200 shots %.4f, exact %.4f\n", counted.mean.value, counted.mean.exact);
  }
} catch (const qmtl::Error& error) {
  std::fprintf(stderr, "train_and_predict: %s\n", error.what());
  return static_cast<int>(error.code());
}
