// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/circuit/plan/cost.h"
#include "runtime/model/layers/layer_spec.h"
#include "runtime/model/layers/shape.h"

namespace qmtl {

/// Layers on one named input before the branches are joined into the trunk's input.
struct BranchSpec {
  std::string input;
  std::vector<LayerSpec> layers;
  bool operator==(const BranchSpec&) const = default;
};

/// How the branches' values become the trunk's input.
enum class FusionKind : std::uint8_t {
  concat,  ///< one after another
  gated,   ///< per feature their mean with trained weights that depend on all of them
};

/// Inputs -> branches -> fusion -> trunk -> dense to the representation z (added by the model, no
/// activation).
struct BackboneSpec {
  std::vector<BranchSpec> branches;  ///< one per input used, in order of concatenation
  std::vector<LayerSpec> trunk;
  FusionKind fusion = FusionKind::concat;
  std::vector<std::vector<std::string>> pairs = {};  ///< inputs {a, b} that enter as [a, b, |a - b|, a b]
  bool operator==(const BackboneSpec&) const = default;
};

enum class AngleMap : std::uint8_t {
  shift_tanh,  ///< pi/2 + (pi/2) tanh(gain z)
  shift_atan,  ///< pi/2 + atan(gain z)
  pi_tanh,     ///< pi tanh(gain z)
  linear,      ///< gain z
};

/// How a stage's angles start. Identity: pairs of layers undo each other (circuit_start.h).
enum class BlockStart : std::uint8_t {
  signs,   ///< angles 0 or pi at random plus N(0, start_deviation)
  normal,  ///< N(0, start_deviation)
  identity,
};
enum class SharedStart : std::uint8_t { normal, identity };

/// A circuit as configured by nothing: resolve() chooses what is 0 here.
inline AnsatzSpec unset_ansatz() {
  AnsatzSpec ansatz;
  ansatz.qubits = 0;
  ansatz.register_size = 0;
  ansatz.stride = 0;
  return ansatz;
}

struct HeadSpec {
  std::string kind = "qmtl";  ///< a name in the table of heads (head.h)
  int width =
      0;  ///< representation d of linear, low-rank and mlp; the other heads have d = the circuit's angles
  int hidden = 16;                     ///< mlp: hidden units of a task; low-rank: the rank
  AnsatzSpec ansatz = unset_ansatz();  ///< resolved: block_outputs has one entry per block
  AngleMap angle_map = AngleMap::shift_tanh;
  double gain = 0.3;
  bool train_gain = false;
  BlockStart start = BlockStart::signs;
  double start_deviation = 0.1;
  SharedStart shared_start = SharedStart::normal;
  double shared_deviation = -1.0;  ///< of the shared stage; negative: start_deviation
  double scale_start = 4.0;        ///< classification
  double scale_start_regression = 2.0;
  bool block_per_task =
      false;  ///< multiclass: one block with one observable per class instead of a block per class
  bool operator==(const HeadSpec&) const = default;
};

enum class OutputForm : std::uint8_t {
  affine,
  raw,   ///< the expectation itself: scale and bias are fixed at 1 and 0
  tanh,  ///< between two bounds
};

/// How a circuit's expectation becomes a task's logit: u = scale / gain * expectation + bias where the scale
/// is trained, scale * expectation + bias where it is fixed; with OutputForm::tanh the logit is not u but
/// (low + high) / 2 + (high - low) / 2 tanh u.
struct OutputMap {
  OutputForm form = OutputForm::affine;
  bool train_scale = true, train_bias = true;  ///< unless raw
  double scale = 1.0, bias = 0.0;              ///< of fixed ones
  std::vector<double> range = {};              ///< OutputForm::tanh: {low, high}; empty: {-1, 1}

  bool trains_scale() const { return form != OutputForm::raw && train_scale; }
  bool trains_bias() const { return form != OutputForm::raw && train_bias; }
  double fixed_scale() const { return form == OutputForm::raw ? 1.0 : scale; }
  double fixed_bias() const { return form == OutputForm::raw ? 0.0 : bias; }
  bool bounded() const { return form == OutputForm::tanh; }
  double low() const { return range.empty() ? -1.0 : range[0]; }
  double high() const { return range.empty() ? 1.0 : range[1]; }
  bool operator==(const OutputMap&) const = default;
};

/// What the model must predict for one task, from the data set and the table [task.<name>].
struct TaskSpec {
  std::string name;
  std::string kind;  ///< as in data.h; kept as text in configurations
  int outputs = 1;
  int classes = 2;
  std::string metric;
  double weight = 1.0;
  /// empty: all one. binary, multilabel: {negative, positive}; multiclass: C entries
  std::vector<double> class_weights;
  bool balance_classes = false;           ///< class_weights = "balanced": resolve() turns it into numbers
  bool in_mean = true;                    ///< its metric counts in the mean that chooses the best epoch
  std::vector<std::string> metrics = {};  ///< where several are reported: all, `metric` first
  std::string loss = {};  ///< a name in the table of losses (loss.h); empty: its kind's default
  BlockSpec block = {};   ///< what its part of the circuit has of its own
  int own_qubits = 0;     ///< so many that no other task's register has; resolve() makes the register of it
  OutputMap output = {};
  /// One block of the circuit for all outputs of the task, whatever head.block_per_task says.
  bool one_block() const { return own_qubits > 0 || !(block == BlockSpec{}); }
  bool operator==(const TaskSpec&) const = default;
};

/// The whole model: everything that fixes its parameters' names and shapes and what it computes.
struct ModelSpec {
  std::vector<std::string> inputs;  ///< names, in the order of input_widths
  std::vector<std::size_t> input_widths;
  /// [height, width] or [channels, height, width] of the inputs that are images; nothing for flat ones. Empty
  /// when all are flat.
  std::vector<std::vector<std::size_t>> input_shapes;
  std::vector<TaskSpec> tasks;
  /// What a configuration says of every task that it says nothing else of, [task."*"]; resolve() leaves none.
  TaskSpec every_task = {};
  /// Of a task that a configuration speaks of: by its name, else every_task.
  const TaskSpec& said_of(const std::string& task) const {
    for (const TaskSpec& said : tasks)
      if (said.name == task) return said;
    return every_task;
  }
  /// How many tasks came together, in order: those of the newest generation are trained, earlier ones keep
  /// their logits to the bit. Empty: one generation.
  std::vector<int> generations;
  BackboneSpec backbone;
  HeadSpec head;
  bool learn_task_weights = false;  ///< uncertainty weighting (Kendall et al. 2018)
  std::string precision =
      "float";                ///< float or double: arithmetic of backbone and circuit; parameters are double
  std::string plan = "auto";  ///< plan kind asked for; resolved: the one that runs
  CostModel cost;             ///< what plans are compared by
  bool operator==(const ModelSpec&) const = default;
};

std::string_view name(AngleMap value);
std::string_view name(BlockStart value);
std::string_view name(SharedStart value);
std::string_view name(FusionKind value);
std::string_view name(OutputForm value);
AngleMap parse_angle_map(std::string_view text);
BlockStart parse_block_start(std::string_view text);
SharedStart parse_shared_start(std::string_view text);
FusionKind parse_fusion(std::string_view text);
OutputForm parse_output_form(std::string_view text);
/// Throws Error (usage) that names the key of task.<name> whose value the form does not allow.
void check_output_map(const TaskSpec& task);

/// Shape of one sample of input i. Throws Error (usage) naming input.<name>.shape where that does not fit.
Shape input_shape(const ModelSpec& spec, std::size_t i);

}  // namespace qmtl
