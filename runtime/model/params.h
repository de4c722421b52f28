// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/philox.h"
#include "runtime/train/state.h"

namespace qmtl {

/// Appends a tensor to a list of parameters, right after the last one.
inline void append_param(std::vector<ParamInfo>& params, std::string name, std::vector<std::size_t> shape,
                         ParamPart part, bool decay) {
  ParamInfo info;
  info.name = std::move(name);
  info.offset = params.empty() ? 0 : params.back().offset + params.back().size;
  info.size = 1;
  for (std::size_t extent : shape) info.size *= extent;
  info.shape = std::move(shape);
  info.head = part != ParamPart::backbone && part != ParamPart::task_weights;
  info.decay = decay;
  info.part = part;
  params.push_back(std::move(info));
}
/// A tensor of the backbone, or of the head's classical part.
inline void append_param(std::vector<ParamInfo>& params, std::string name, std::vector<std::size_t> shape,
                         bool head, bool decay) {
  append_param(params, std::move(name), std::move(shape), head ? ParamPart::readout : ParamPart::backbone,
               decay);
}

inline std::size_t count_params(const std::vector<ParamInfo>& params) {
  return params.empty() ? 0 : params.back().offset + params.back().size;
}

/// Random initial values, keyed by (seed, number of the tensor in the model's parameter list, element).
class InitialValues {
 public:
  explicit InitialValues(std::uint64_t seed) : stream_(seed, Purpose::initial) {}
  /// Uniform in [-limit, limit).
  void uniform(std::uint32_t tensor, double limit, std::span<double> values) const {
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = limit * (2.0 * stream_.uniform({0, tensor, 0, static_cast<std::uint32_t>(i)}) - 1.0);
  }
  double normal(std::uint32_t tensor, std::uint32_t index) const {
    return stream_.normal({0, tensor, 0, index});
  }
  bool coin(std::uint32_t tensor, std::uint32_t index) const {
    return (stream_.bits({0, tensor, 1, index})[0] >> 31) != 0;
  }

 private:
  RandomStream stream_;
};

}  // namespace qmtl
