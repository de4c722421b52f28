// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include <vector>

#include "qmtl/tensor.h"

namespace qmtl::python {

/// The parts of the extension module `qmtl._core`, whose callers are the package's own files.
void bind_head(nanobind::module_& module);
void bind_model(nanobind::module_& module);
void bind_train(nanobind::module_& module);

/// [(name, shape, offset, size)], for numpy views of a flat vector.
nanobind::list tensors_of(const std::vector<Tensor>& tensors);

}  // namespace qmtl::python
