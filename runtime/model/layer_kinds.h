// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/model/layer.h"

namespace qmtl {

// What make_layers chooses from besides dense layers, a file each. `input` is the shape of a sample. Those
// with a `where` throw Error (usage) naming it and the key.

template <class Real>
using LayerPointer = std::unique_ptr<Layer<Real>>;

/// `kind` must not be none.
template <class Real>
LayerPointer<Real> make_activation(Activation kind, const Shape& input);
template <class Real>
LayerPointer<Real> make_layer_norm(const Shape& input);
template <class Real>
LayerPointer<Real> make_dropout(const LayerSpec& spec, const Shape& input, std::uint32_t number,
                                const std::string& where);
/// Without the activation.
template <class Real>
LayerPointer<Real> make_conv(const LayerSpec& spec, const Shape& input, const std::string& where);
/// pool and global-pool.
template <class Real>
LayerPointer<Real> make_pool(const LayerSpec& spec, const Shape& input, const std::string& where);
template <class Real>
LayerPointer<Real> make_residual(const LayerSpec& spec, const Shape& input, std::uint32_t& number,
                                 const std::string& where);
template <class Real>
LayerPointer<Real> make_augment(const LayerSpec& spec, const Shape& input, std::uint32_t number,
                                const std::string& where);

/// Throws Error (usage) unless samples are images.
void require_image(const LayerSpec& spec, const Shape& input, const std::string& where);

}  // namespace qmtl
