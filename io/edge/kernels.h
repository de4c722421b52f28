// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace qmtl {

/// Source text of one kernel of the edge runtime, runtime/edge/kernels/<name>.h.
struct KernelText {
  std::string_view name, text;
};
/// All of them, put into the program when it is built.
std::span<const KernelText> kernel_texts();

}  // namespace qmtl
