// SPDX-License-Identifier: Apache-2.0
#include "io/edge/lower.h"

#include "runtime/base/error.h"
#include "runtime/model/data.h"

namespace qmtl {

std::span<const double> EdgeSource::tensor(const std::string& name) const {
  for (const ParamInfo& info : infos)
    if (info.name == name) return params.subspan(info.offset, info.size);
  throw data_error("the checkpoint has no tensor '" + name + "'");
}

void add_dense(EdgeBuilder& builder, const DenseBlock& block, EdgeValue from, EdgeValue to,
               std::span<const EdgeReadout> units) {
  EdgeOp& op = builder.add(QE_DENSE, from, to);
  op.a = static_cast<std::uint32_t>(block.inputs);
  op.b = static_cast<std::uint32_t>(block.count);
  const auto unit = [&](std::size_t c) { return units.empty() ? EdgeReadout{} : units[block.first + c]; };
  for (std::size_t c = 0; c < block.count; ++c)
    op.floats.push_back(static_cast<float>(block.bias[block.first + c] * unit(c).factor + unit(c).start));
  for (std::size_t c = 0; c < block.count; ++c)
    for (std::size_t i = 0; i < block.inputs; ++i)
      op.floats.push_back(static_cast<float>(block.weight[i * block.total + block.first + c] * block.factor *
                                             unit(c).factor));
}

EdgeModel lower_model(const EdgeSource& source) {
  EdgeBuilder builder;
  const EdgeValue z = lower_backbone(builder, source, representation_width(source.spec));
  const std::string method = lower_head(builder, source, z);
  EdgeModel model = builder.finish();
  model.method = method;
  for (std::size_t i = 0; i < source.spec.inputs.size(); ++i) {
    const auto width = static_cast<std::uint32_t>(source.spec.input_widths[i]);
    model.inputs.push_back({source.spec.inputs[i], 0, model.x, width});
    model.x += width;
  }
  for (const TaskSpec& task : source.spec.tasks) {
    const auto outputs = static_cast<std::uint32_t>(task.outputs);
    model.tasks.push_back(
        {task.name, static_cast<std::uint32_t>(parse_task_kind(task.kind)), model.y, outputs});
    model.y += outputs;
  }
  return model;
}

}  // namespace qmtl
