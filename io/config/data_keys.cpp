// SPDX-License-Identifier: Apache-2.0
// The keys of tables that are named by the data set: [task.<name>], [branch.<input>], [input.<name>].
#include "io/config/key_rows.h"
#include "runtime/model/data.h"

namespace qmtl {
namespace {

void check_task_kind(const std::string& text) { parse_task_kind(text); }

Key<TaskSpec> output_key(const char* name, bool OutputMap::*trained, double OutputMap::*fixed,
                         const char* summary) {
  return {.name = name,
          .read =
              [=](TaskSpec& task, const toml::node& node, const KeyPlace& at) {
                task.output.*trained = node.is_string() && node.as_string()->get() == "trained";
                if (task.output.*trained) return;
                if (!node.is_number()) wrong_value(node, at.file, at.key, "\"trained\" or a number");
                read_value(task.output.*fixed, node, at, {});
              },
          .write =
              [=](const TaskSpec& task) {
                return task.output.*trained ? toml_string("trained") : write_value(task.output.*fixed);
              },
          .present = [=](const TaskSpec& task) { return !(task.output.*trained); },
          .type = "\"trained\" or a number",
          .summary = summary};
}

/// Numbers, or "balanced" until they are known.
Key<TaskSpec> class_weights_key() {
  return {.name = "class_weights",
          .read =
              [](TaskSpec& task, const toml::node& node, const KeyPlace& at) {
                const bool balanced = node.is_string() && node.as_string()->get() == "balanced";
                if (!balanced && !node.is_array())
                  wrong_value(node, at.file, at.key, "an array of numbers or \"balanced\"");
                task.class_weights.clear();
                task.balance_classes = balanced;
                if (!balanced) read_value(task.class_weights, node, at, at_least(0));
              },
          .write =
              [](const TaskSpec& task) {
                return task.balance_classes ? toml_string("balanced") : write_value(task.class_weights);
              },
          .present = [](const TaskSpec& task) { return task.balance_classes || !task.class_weights.empty(); },
          .type = "an array, each a number of at least 0, or \"balanced\"",
          .summary =
              "weights of the classes in the loss, in the order of their numbers; balanced: each class as "
              "much as "
              "another",
          .words = "class_weight pos_weight"};
}

}  // namespace

const std::vector<Key<TaskSpec>>& task_keys() {
  using T = TaskSpec;
  constexpr auto resolved = [](const T& task) { return !task.kind.empty(); };
  static const std::vector<Key<TaskSpec>> keys{
      when<T>(resolved, key<T>("kind", QMTL_MEMBER(kind), checked(check_task_kind), "set by the data set")),
      when<T>(resolved, key<T>("outputs", QMTL_MEMBER(outputs), between(1, 1e6), "set by the data set")),
      when<T>(resolved, key<T>("classes", QMTL_MEMBER(classes), between(0, 1e6), "set by the data set")),
      when<T>([](const T& task) { return !task.metric.empty(); },
              key<T>("metric", QMTL_MEMBER(metric), checked(check_filled),
                     "what scores the task; default: the data set's, else that of its kind")),
      when<T>([](const T& task) { return !task.metrics.empty(); },
              key<T>("metrics", QMTL_MEMBER(metrics), checked(check_filled),
                     "several metrics instead: the first scores the task and decides about the best epoch, "
                     "the others are "
                     "reported")),
      when<T>([](const T& task) { return !task.loss.empty(); },
              key<T>("loss", QMTL_MEMBER(loss), checked(check_filled),
                     "what trains the task; default: that of its kind")),
      key<T>("weight", QMTL_MEMBER(weight), at_least(0), "factor on the task's loss"),
      when<T>([](const T& task) { return task.own_qubits > 0; },
              key<T>("qubits", QMTL_MEMBER(own_qubits), between(0, 1e6),
                     "so many qubits of the circuit that no other task's register has")),
      when<T>([](const T& task) { return !task.block.qubits.empty(); },
              key<T>("register", QMTL_MEMBER(block.qubits), at_least(0), "its register by hand")),
      when<T>([](const T& task) { return !task.block.layers.empty(); },
              key<T>("layer", QMTL_MEMBER(block.layers), {}, "its block layer by layer")),
      when<T>([](const T& task) { return task.block.bare; },
              key<T>("bare", QMTL_MEMBER(block.bare), {}, "its block has no gates")),
      when<T>([](const T& task) { return !task.block.observables.empty(); },
              key<T>("observables", QMTL_MEMBER(block.observables), checked(check_filled),
                     "what it measures, one for each of its outputs", "observable")),
      when<T>(
          [](const T& task) { return task.output.form != OutputForm::affine; },
          key<T>(
              "output", QMTL_MEMBER(output.form), {},
              "how the circuit's expectation e becomes the logit of head qmtl: `affine`: scale * e + bias; "
              "`raw`: e itself; `tanh`: tanh(scale * e + bias), from the lower to the upper bound of range",
              "output_map activation")),
      when<T>(
          [](const T& task) { return !task.output.range.empty(); },
          key<T>("range", QMTL_MEMBER(output.range), {},
                 "the lower and the upper bound of output = \"tanh\"; default: [-1, 1]. The predictions of "
                 "a regression stay between them, in the unit of its labels")),
      output_key("scale", &OutputMap::train_scale, &OutputMap::scale,
                 "factor on the expectation in the logit: trained, or a number that stays"),
      output_key("bias", &OutputMap::train_bias, &OutputMap::bias,
                 "is added to it: trained, or a number that stays"),
      when<T>([](const T& task) { return !task.in_mean; },
              key<T>("in_mean", QMTL_MEMBER(in_mean), {},
                     "its metric counts in the mean that chooses the best epoch")),
      class_weights_key(),
  };
  return keys;
}

const std::vector<Key<BranchSpec>>& branch_keys() {
  static const std::vector<Key<BranchSpec>> keys{
      key<BranchSpec>("layers", QMTL_MEMBER(layers), {}, "layers of this input alone")};
  return keys;
}

const std::vector<Key<InputSize>>& input_keys() {
  static const std::vector<Key<InputSize>> keys{
      when<InputSize>([](const InputSize& size) { return size.width > 0; },
                      key<InputSize>("width", QMTL_MEMBER(width), between(1, 1e9), "set by the data set")),
      when<InputSize>([](const InputSize& size) { return !size.shape.empty(); },
                      key<InputSize>("shape", QMTL_MEMBER(shape), between(1, 1e6), "set by the data set")),
  };
  return keys;
}

}  // namespace qmtl
