// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/layers/layer.h"

#include <type_traits>

#include "runtime/base/error.h"
#include "runtime/base/names.h"
#include "runtime/model/layers/layer_kinds.h"

namespace qmtl {

static_assert(std::size(layer_table) == enumerators<LayerKind>(), "every LayerKind needs its row");

const LayerInfo& info(LayerKind kind) { return *layer_table[static_cast<std::size_t>(kind)]; }
std::string_view name(LayerKind value) { return info(value).name; }

LayerKind parse_layer_kind(std::string_view text) { return row_named(layer_table, "layer type", text).kind; }

std::size_t list_layers(const TrainedModel& model, OperationList& list, std::size_t from,
                        const std::vector<LayerSpec>& specs, const std::string& where) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const LayerSpec& spec = specs[i];
    const std::string name = where + "." + std::to_string(i);
    if (info(spec.kind).list) from = info(spec.kind).list({model, list, from, spec, name});
    // Only layers with the key activation have one.
    if (spec.activation != Activation::none)
      from = list.add(ops::Activate{spec.activation}, {from}, list[from].shape);
  }
  return from;
}

void require_image(const LayerSetup& setup) {
  if (!setup.input.image)
    throw usage_error(setup.where + ".type: a layer of type " + std::string(name(setup.spec.kind)) +
                      " needs images [channels, height, width], found " + setup.input.text() +
                      "; put it before the dense layers, or give the input its shape: [input.<name>] shape = "
                      "[height, width]");
}

template <class Real>
std::vector<std::unique_ptr<Layer<Real>>> make_layers(const LayerSpec& spec, const Shape& input,
                                                      LayerMaking& making, const std::string& where) {
  std::vector<std::unique_ptr<Layer<Real>>> layers;
  const LayerInfo& row = info(spec.kind);
  const std::uint32_t own = making.next++;
  const LayerSetup setup{spec, input, own, making, where};
  LayerPointer<Real> layer;
  if constexpr (std::is_same_v<Real, float>)
    layer = row.make_float(setup);
  else
    layer = row.make_double(setup);
  if (layer) layers.push_back(std::move(layer));
  // Only layers with the key activation have one.
  if (spec.activation != Activation::none)
    layers.push_back(make_activation<Real>(spec.activation, layers.empty() ? input : layers.back()->shape()));
  return layers;
}

template std::vector<std::unique_ptr<Layer<float>>> make_layers(const LayerSpec&, const Shape&, LayerMaking&,
                                                                const std::string&);
template std::vector<std::unique_ptr<Layer<double>>> make_layers(const LayerSpec&, const Shape&, LayerMaking&,
                                                                 const std::string&);

}  // namespace qmtl
