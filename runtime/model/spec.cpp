// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/spec.h"

#include "runtime/base/error.h"
#include "runtime/base/names.h"
#include "runtime/model/data.h"

namespace qmtl {
namespace {

constexpr Names<Activation> activations{"activation", {"none", "tanh", "relu", "gelu"}};
constexpr Names<AngleMap> angle_maps{"angle map", {"shift-tanh", "shift-atan", "pi-tanh", "linear"}};
constexpr Names<BlockStart> block_starts{"block start", {"signs", "normal", "identity"}};
constexpr Names<SharedStart> shared_starts{"start of the shared stage", {"normal", "identity"}};
constexpr Names<PoolKind> pool_kinds{"kind of pooling", {"max", "mean"}};
constexpr Names<FusionKind> fusions{"fusion", {"concat", "gated"}};
constexpr Names<OutputForm> output_forms{"output", {"affine", "raw", "tanh"}};
constexpr Names<TaskKind> task_kinds{"task kind", {"binary", "multiclass", "multilabel", "regression"}};

}  // namespace

std::string_view name(Activation value) { return activations.name(value); }
std::string_view name(AngleMap value) { return angle_maps.name(value); }
std::string_view name(BlockStart value) { return block_starts.name(value); }
std::string_view name(SharedStart value) { return shared_starts.name(value); }
std::string_view name(PoolKind value) { return pool_kinds.name(value); }
std::string_view name(FusionKind value) { return fusions.name(value); }
std::string_view name(OutputForm value) { return output_forms.name(value); }
std::string_view name(TaskKind value) { return task_kinds.name(value); }
Activation parse_activation(std::string_view text) { return activations.parse(text); }
AngleMap parse_angle_map(std::string_view text) { return angle_maps.parse(text); }
BlockStart parse_block_start(std::string_view text) { return block_starts.parse(text); }
SharedStart parse_shared_start(std::string_view text) { return shared_starts.parse(text); }
PoolKind parse_pool_kind(std::string_view text) { return pool_kinds.parse(text); }
FusionKind parse_fusion(std::string_view text) { return fusions.parse(text); }
OutputForm parse_output_form(std::string_view text) { return output_forms.parse(text); }
TaskKind parse_task_kind(std::string_view text) { return task_kinds.parse(text); }

void check_output_map(const TaskSpec& task) {
  const OutputMap& map = task.output;
  const std::string key = "task." + task.name + ".";
  if (map.form == OutputForm::raw && (!map.train_scale || !map.train_bias))
    throw usage_error(key +
                      "output = \"raw\": the logit is the expectation itself, so that there is no scale "
                      "and no bias: leave them out, or take output = \"affine\"");
  if (map.range.empty()) return;
  if (!map.bounded())
    throw usage_error(key + "range: belongs to output = \"tanh\", found output = \"" +
                      std::string(name(map.form)) + "\": leave it out, or take output = \"tanh\"");
  if (map.range.size() != 2 || !(map.range[0] < map.range[1]))
    throw usage_error(key + "range: expected two numbers, the lower one first, such as [0.0, 1.0]");
}

std::size_t class_names_of(TaskKind kind, int outputs) {
  switch (kind) {
    case TaskKind::regression:
      return 0;
    case TaskKind::binary:
      return 2;
    default:
      return static_cast<std::size_t>(outputs);
  }
}

Shape input_shape(const ModelSpec& spec, std::size_t i) {
  const std::size_t width = spec.input_widths[i];
  if (i >= spec.input_shapes.size() || spec.input_shapes[i].empty()) return width;
  const std::vector<std::size_t>& given = spec.input_shapes[i];
  std::string found;
  std::size_t product = 1;
  for (std::size_t extent : given) {
    found += (found.empty() ? "[" : ", ") + std::to_string(extent);
    product *= extent;
  }
  const std::string where = "input." + spec.inputs[i] + ".shape: expected ";
  if (given.size() != 2 && given.size() != 3)
    throw usage_error(where + "[height, width] or [channels, height, width], found " + found + "]");
  if (product != width)
    throw usage_error(where + "sizes whose product is the " + std::to_string(width) +
                      " numbers of a sample in the data set, found " + found + "]");
  return given.size() == 2 ? Shape(1, given[0], given[1]) : Shape(given[0], given[1], given[2]);
}

std::vector<std::size_t> Dataset::rows(Split which) const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < split.size(); ++i)
    if (split[i] == static_cast<std::uint8_t>(which)) found.push_back(i);
  return found;
}

}  // namespace qmtl
