// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>

#include "runtime/base/keys.h"
#include "runtime/model/layers/layer.h"
#include "runtime/model/operations.h"

namespace qmtl {

template <class Real>
using LayerPointer = std::unique_ptr<Layer<Real>>;

/// What a layer is made from. `input` is the shape of a sample.
struct LayerSetup {
  const LayerSpec& spec;
  const Shape& input;
  std::uint32_t number;      ///< its own, for random streams
  LayerMaking& making;       ///< for layers that make some
  const std::string& where;  ///< prefix of its tensors' names and of the keys in messages
};

/// What a layer is listed from: value `from` of the list is its input, `name` the beginning of its tensors'
/// names.
struct LayerListing {
  const TrainedModel& model;
  OperationList& list;
  std::size_t from;
  const LayerSpec& spec;
  const std::string& name;
};

/// A member of the layer, or of the circuits in it.
using LayerMember =
    std::variant<int LayerSpec::*, double LayerSpec::*, bool LayerSpec::*, Activation LayerSpec::*,
                 PoolKind LayerSpec::*, std::vector<LayerSpec> LayerSpec::*, int CircuitCopies::*,
                 double CircuitCopies::*, bool CircuitCopies::*, CopyInputs CircuitCopies::*,
                 AngleMap CircuitCopies::*, std::string CircuitCopies::*, int AnsatzSpec::*,
                 bool AnsatzSpec::*, Gate AnsatzSpec::*, std::vector<Gate> AnsatzSpec::*,
                 Entangler AnsatzSpec::*, std::string AnsatzSpec::*, std::vector<CircuitLayer> AnsatzSpec::*,
                 std::vector<std::string> AnsatzSpec::*>;
using LayerKey = RowKey<LayerMember>;

/// The object that a row's member belongs to; the layer may be const.
template <class Member>
auto& owner_of(auto& layer, Member LayerSpec::*) {
  return layer;
}
template <class Member>
auto& owner_of(auto& layer, Member CircuitCopies::*) {
  return layer.circuit;
}
template <class Member>
auto& owner_of(auto& layer, Member AnsatzSpec::*) {
  return layer.circuit.ansatz;
}

/// One row per type of layer, each in the type's own file.
struct LayerInfo {
  LayerKind kind;
  std::string_view name;
  std::span<const LayerKey> keys;
  /// The layer without its activation; nothing for a row that is its activation alone. Throw Error (usage)
  /// naming `where` and the key.
  LayerPointer<float> (*make_float)(const LayerSetup&);
  LayerPointer<double> (*make_double)(const LayerSetup&);
  /// Appends the layer's formulas (operations.h) without its activation and returns the number of its value;
  /// null for what is of training alone.
  std::size_t (*list)(const LayerListing&);
};

const LayerInfo& info(LayerKind kind);

/// Appends the formulas of layers that follow each other; returns the number of the last one's value.
std::size_t list_layers(const TrainedModel& model, OperationList& list, std::size_t from,
                        const std::vector<LayerSpec>& specs, const std::string& where);
/// x W + b with the tensors name + ".weight" and ".bias".
std::size_t list_dense(const TrainedModel& model, OperationList& list, std::size_t from, std::size_t width,
                       const std::string& name);

/// `kind` must not be none.
template <class Real>
LayerPointer<Real> make_activation(Activation kind, const Shape& input);

/// Throws Error (usage) unless samples are images.
void require_image(const LayerSetup& setup);

}  // namespace qmtl
