// SPDX-License-Identifier: Apache-2.0
// A quantum head inside somebody else's training: logits of a representation z, and what a loss on them means
// for z and for the head's parameters. Prints all of it, a line of numbers each.
//   head_gradient [CONFIGURATION]     the tables [circuit], [block] and [head] as TOML text
#include <cstdio>
#include <span>
#include <vector>

#include "qmtl/qmtl.h"

namespace {

template <class Numbers>
void print(const char* name, const Numbers& numbers) {
  std::printf("%s", name);
  for (const double number : numbers) std::printf(" %.17g", number);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) try {
  const qmtl::TaskHead head({{"sign"}, {"kind", "multiclass", 3}},
                            argc > 1 ? argv[1] : "[circuit]\nqubits = 6\n");
  const std::size_t rows = 4;
  std::vector<double> z(rows * head.width()), logits(rows * head.outputs()), cotangents(logits.size());
  for (std::size_t i = 0; i < z.size(); ++i) z[i] = 0.01 * static_cast<double>(i * 37 % 200) - 1.0;

  std::vector<double> dz(z.size()), dparameters(head.parameters().size());
  head.forward(z, logits);
  for (std::size_t i = 0; i < logits.size(); ++i)
    cotangents[i] = logits[i] - 1.0;  // of half the squared distance from 1
  head.vjp(z, cotangents, dz, dparameters);

  print("z", z);
  print("logits", logits);
  print("dz", dz);
  print("parameters", head.parameters());
  print("dparameters", dparameters);
  for (const qmtl::Tensor& tensor : head.tensors())
    std::printf("tensor %s %zu %zu\n", tensor.name.c_str(), tensor.offset, tensor.size);
} catch (const qmtl::Error& error) {
  std::fprintf(stderr, "head_gradient: %s\n", error.what());
  return static_cast<int>(error.code());
}
