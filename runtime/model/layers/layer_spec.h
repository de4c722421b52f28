// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/circuit/ansatz/ansatz.h"

namespace qmtl {

/// What layers there are. A new one is its enumerator, its row below, the members of LayerSpec that its keys
/// set, and the file with its class and that row (like layer_norm.cpp).
enum class LayerKind : std::uint8_t {
  dense,
  layer_norm,
  dropout,
  activation,
  conv,
  pool,
  global_pool,
  residual,
  augment,
  circuit,
};

struct LayerInfo;  // layer_kinds.h
extern const LayerInfo dense_layer, layer_norm_layer, dropout_layer, activation_layer, conv_layer, pool_layer,
    global_pool_layer, residual_layer, augment_layer, circuit_layer;
/// The rows, in the order of LayerKind.
inline constexpr const LayerInfo* layer_table[] = {
    &dense_layer, &layer_norm_layer,  &dropout_layer,  &activation_layer, &conv_layer,
    &pool_layer,  &global_pool_layer, &residual_layer, &augment_layer,    &circuit_layer};

enum class Activation : std::uint8_t { none, tanh, relu, gelu };
enum class PoolKind : std::uint8_t { max, mean };
enum class AngleMap : std::uint8_t;  // spec.h
/// Which of n inputs the copies of a circuit read.
enum class CopyInputs : std::uint8_t {
  slices,   ///< copy c the c-th run of consecutive ones
  stripes,  ///< copy c numbers c, c + copies, c + 2 copies, ...: some of every earlier circuit's outputs
  windows,  ///< of an image: each its own square of pixels, all channels
  all,      ///< every copy all of them
};

/// The circuits of a layer: copies of one circuit side by side, each with a part of the inputs.
struct CircuitCopies {
  AnsatzSpec ansatz = two_layers();       ///< the stage of one copy and its observables, no blocks
  int copies = 0;                         ///< 0: as many as the inputs fill
  bool share = false;                     ///< all copies have the same trained numbers
  CopyInputs reads = CopyInputs::slices;  ///< which inputs are whose
  int window = 2;                         ///< height and width of a window
  AngleMap angle_map{};                   ///< shift-tanh
  double gain = 1.0;                      ///< factor inside the angle map
  bool train_gain = false;
  double start_deviation = 0.1;  ///< of the trained angles
  std::string plan = "auto";     ///< asked for; resolved: the one that runs

  /// Diagonal entanglers of a last layer are not seen by Z.
  static AnsatzSpec two_layers() {
    AnsatzSpec ansatz;
    ansatz.layers = 2;
    return ansatz;
  }
  bool operator==(const CircuitCopies&) const = default;
};

/// One backbone layer as configured: `{ type = "dense", width = 64, activation = "tanh" }`.
struct LayerSpec {
  LayerKind kind = LayerKind::dense;
  int width = 0;                             ///< dense
  Activation activation = Activation::none;  ///< dense, activation, conv
  double rate = 0.0;                         ///< dropout
  int channels = 0;                          ///< conv: output channels
  int kernel = 1;                            ///< conv: height and width of the window
  int stride = 1;                            ///< conv
  int padding = 0;                           ///< conv: zeros around the image
  PoolKind pool = PoolKind::max;             ///< pool, global-pool
  int size = 2;                              ///< pool: height and width of the window, and its step
  int shift = 0;                             ///< augment: largest shift in pixels, both directions
  bool flip = false;                         ///< augment: mirror half of the samples
  double noise = 0.0;                        ///< augment: deviation of additive noise
  std::vector<LayerSpec> layers = {};        ///< residual: f in y = x + f(x)
  CircuitCopies circuit = {};                ///< circuit
  bool operator==(const LayerSpec&) const = default;
};

std::string_view name(LayerKind value);
std::string_view name(Activation value);
std::string_view name(PoolKind value);
std::string_view name(CopyInputs value);
LayerKind parse_layer_kind(std::string_view text);
Activation parse_activation(std::string_view text);
PoolKind parse_pool_kind(std::string_view text);
CopyInputs parse_copy_inputs(std::string_view text);

}  // namespace qmtl
