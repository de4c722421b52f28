// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/layers/elementwise.h"

#include <cstddef>

#include "runtime/base/math.h"
#include "runtime/model/instruction_sets.h"

namespace qmtl {
namespace {

// Each lane does what math.h says, in that order. CMakeLists.txt lets this file's comparisons run in lanes.

struct Tanh {
  template <std::size_t>
  [[gnu::always_inline]] static void run(std::size_t n, double* x) {
    for (std::size_t i = 0; i < n; ++i) x[i] = math::tanh(x[i]);
  }
};

struct SoftplusAndSigmoid {
  template <std::size_t>
  [[gnu::always_inline]] static void run(std::size_t n, const double* __restrict x,
                                         double* __restrict softplus, double* __restrict sigmoid) {
    for (std::size_t i = 0; i < n; ++i) {
      const math::SoftplusAndSigmoid both = math::softplus_and_sigmoid(x[i]);
      softplus[i] = both.softplus;
      sigmoid[i] = both.sigmoid;
    }
  }
};

}  // namespace

void tanh_each(std::span<double> x) { run_widest<Tanh>(x.size(), x.data()); }

void softplus_and_sigmoid_each(std::span<const double> x, std::span<double> softplus,
                               std::span<double> sigmoid) {
  run_widest<SoftplusAndSigmoid>(x.size(), x.data(), softplus.data(), sigmoid.data());
}

}  // namespace qmtl
