#include "runtime/model/spec.h"

#include "runtime/model/choices.h"
#include "runtime/model/data.h"

namespace qmtl {
namespace {

constexpr Choices<Activation, 4> activations{"activation", {"none", "tanh", "relu", "gelu"}};
constexpr Choices<AngleMap, 4> angle_maps{"angle map", {"shift-tanh", "shift-atan", "pi-tanh", "linear"}};
constexpr Choices<LayerKind, 4> layer_kinds{"layer type", {"dense", "layer-norm", "dropout", "activation"}};
constexpr Choices<BlockStart, 3> block_starts{"block start", {"signs", "normal", "identity"}};
constexpr Choices<SharedStart, 2> shared_starts{"start of the shared stage", {"normal", "identity"}};
constexpr Choices<TaskKind, 4> task_kinds{"task kind", {"binary", "multiclass", "multilabel", "regression"}};

}  // namespace

std::string_view name(Activation value) { return activations.name(value); }
std::string_view name(AngleMap value) { return angle_maps.name(value); }
std::string_view name(LayerKind value) { return layer_kinds.name(value); }
std::string_view name(BlockStart value) { return block_starts.name(value); }
std::string_view name(SharedStart value) { return shared_starts.name(value); }
std::string_view name(TaskKind value) { return task_kinds.name(value); }
Activation parse_activation(std::string_view text) { return activations.parse(text); }
AngleMap parse_angle_map(std::string_view text) { return angle_maps.parse(text); }
LayerKind parse_layer_kind(std::string_view text) { return layer_kinds.parse(text); }
BlockStart parse_block_start(std::string_view text) { return block_starts.parse(text); }
SharedStart parse_shared_start(std::string_view text) { return shared_starts.parse(text); }
TaskKind parse_task_kind(std::string_view text) { return task_kinds.parse(text); }

std::vector<std::size_t> Dataset::rows(Split which) const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < split.size(); ++i)
    if (split[i] == static_cast<std::uint8_t>(which)) found.push_back(i);
  return found;
}

}  // namespace qmtl
