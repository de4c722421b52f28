// SPDX-License-Identifier: Apache-2.0
// predict HEAD.qmh < numbers: every task's probabilities (or value) for one sample from standard input.
#include <iostream>
#include <qmtl_edge.hpp>

int main(int count, char** argument) try {
  if (count != 2) throw qmtl_edge::Error("usage: predict HEAD.qmh < numbers");
  qmtl_edge::Model model(argument[1]);
  model.self_test();
  std::vector<float> x(model.inputs());
  for (float& value : x)
    if (!(std::cin >> value)) throw qmtl_edge::Error("expected " + std::to_string(x.size()) + " numbers");
  const std::vector<float> y = model.predict(x);
  for (const qmtl_edge_item& task : model.tasks()) {
    std::cout << task.name;
    for (std::uint32_t i = 0; i < task.count; ++i) std::cout << " " << y[task.first + i];
    std::cout << "\n";
  }
} catch (const qmtl_edge::Error& error) {
  std::cerr << "predict: " << error.what() << "\n";
  return 1;
}
