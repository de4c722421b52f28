// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/layers/circuit_copies.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/names.h"
#include "runtime/circuit/ansatz/presets.h"
#include "runtime/circuit/ansatz/unread.h"
#include "runtime/circuit/plan/plan.h"

namespace qmtl {
namespace {

using std::to_string;

constexpr Names<CopyInputs> copy_inputs{"way to read", {"slices", "stripes", "windows", "all"}};

// Rows of an engine, and engines: what can be planned within seconds.
constexpr std::size_t most_copies = 1 << 16, most_own_copies = 1 << 12;
constexpr double most_gates = 2e6;

bool counts_up(const std::vector<std::size_t>& numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (numbers[i] != i) return false;
  return true;
}

/// "4 copies, and each copy of its circuit reads 3 numbers".
std::string copies_text(const CircuitCopies& spec, std::size_t inputs) {
  const std::string each = "each copy of its circuit reads " + to_string(inputs) + " numbers";
  return spec.copies > 0 ? to_string(spec.copies) + " copies, and " + each : each;
}

std::size_t fill(const CircuitCopies& spec, std::size_t inputs, const Shape& input,
                 const std::string& where) {
  const std::size_t width = input.size(), asked = static_cast<std::size_t>(spec.copies);
  const std::size_t copies = asked > 0 ? asked : width / inputs;
  if (copies > 0 && copies * inputs == width) return copies;
  const std::size_t wanted = std::max<std::size_t>(asked > 0 ? asked : copies, 1) * inputs;
  throw usage_error(where + (asked > 0 ? ".copies" : ".qubits") + ": " + copies_text(spec, inputs) +
                    ", which does not divide up the " + to_string(width) +
                    " numbers in front of it; put a dense layer of width " + to_string(wanted) +
                    " in front of it, or change qubits, uploads or copies");
}

void read_windows(const CircuitCopies& spec, const Shape& input, const std::string& where,
                  CopyLayout& layout) {
  const auto size = static_cast<std::size_t>(spec.window);
  if (!input.image)
    throw usage_error(where + ".reads = \"windows\": expected images [channels, height, width], found " +
                      input.text() +
                      "; put it before the dense layers, give the input its shape: "
                      "[input.<name>] shape = [height, width], or read slices");
  if (spec.window < 1 || size > input.height || size > input.width)
    throw usage_error(where + ".window: expected a window that fits images of shape " + input.text() +
                      ", found " + to_string(spec.window));
  const std::size_t numbers = input.channels * size * size;
  if (numbers != layout.inputs)
    throw usage_error(where + ".window: a window of " + to_string(size) + " x " + to_string(size) + " has " +
                      to_string(numbers) + " numbers, but the circuit reads " + to_string(layout.inputs) +
                      "; change window, qubits or uploads so that they agree");
  const std::size_t down = input.height / size, right = input.width / size;
  layout.copies = down * right;
  if (spec.copies > 0 && static_cast<std::size_t>(spec.copies) != layout.copies)
    throw usage_error(where + ".copies: expected " + to_string(layout.copies) +
                      ", one for each window of images of shape " + input.text() + ", found " +
                      to_string(spec.copies) + "; leave copies out");
  for (std::size_t row = 0; row < down; ++row)
    for (std::size_t col = 0; col < right; ++col)
      for (std::size_t channel = 0; channel < input.channels; ++channel)
        for (std::size_t i = 0; i < size; ++i)
          for (std::size_t j = 0; j < size; ++j)
            layout.column.push_back((channel * input.height + row * size + i) * input.width + col * size + j);
  layout.shape = Shape(layout.outputs, down, right);
}

/// Where copy `copy` finds its input number `i`, of layers that read no windows.
std::size_t column_of(CopyInputs reads, const CopyLayout& layout, std::size_t copy, std::size_t i) {
  switch (reads) {
    case CopyInputs::stripes:
      return i * layout.copies + copy;
    case CopyInputs::all:
      return i;
    case CopyInputs::slices:
    case CopyInputs::windows:
      break;
  }
  return copy * layout.inputs + i;
}

void check_size(const CircuitCopies& spec, const Circuit& circuit, std::size_t copies,
                const std::string& where) {
  if (const std::size_t most = spec.share ? most_copies : most_own_copies; copies > most)
    throw usage_error(where + ".copies: expected at most " + to_string(most) + " copies of the circuit" +
                      (spec.share ? "" : " with trained numbers of their own") + ", found " +
                      to_string(copies) + "; let each read more numbers, by qubits or uploads" +
                      (spec.share ? "" : ", or set share = true"));
  std::size_t gates = circuit.shared.size();
  for (const Block& block : circuit.blocks) gates += block.ops.size() + block.outputs.size();
  if (const double all = static_cast<double>(gates) * static_cast<double>(spec.share ? 1 : copies);
      all > most_gates)
    throw usage_error(where + ".copies: " + to_string(copies) + " circuits of " + to_string(gates) +
                      " gates and outputs each, expected at most " +
                      to_string(static_cast<long long>(most_gates)) +
                      " together; reduce copies or layers, or set share = true");
}

void resolve_layers(std::vector<LayerSpec>& layers, const CostModel& cost, const std::string& where) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    LayerSpec& layer = layers[i];
    const std::string at = where + "." + to_string(i);
    resolve_layers(layer.layers, cost, at);
    if (layer.kind != LayerKind::circuit) continue;
    CircuitCopies& spec = layer.circuit;
    bool automatic = false;
    try {
      automatic = parse_plan_kind(spec.plan) == PlanKind::automatic;
    } catch (const Error& error) {
      throw usage_error(at + ".plan: " + error.what());
    }
    PlanOptions options;
    options.model = cost;
    const Circuit circuit = assemble_copy(spec, at).circuit;
    try {
      // A window is given by its height and width: a circuit may leave pixels of it out.
      if (spec.reads != CopyInputs::windows) check_inputs_read(copy_ansatz(spec));
      forget_declared(spec.ansatz.stage);
      if (automatic) spec.plan = name(make_plan(circuit, PlanKind::automatic, options).kind);
    } catch (const Error& error) {
      throw layer_error(error, at);
    }
  }
}

/// Where the numbers of one copy are among those of all: the samples' of every copy come first, then the
/// angles of every copy's encodings.
struct CopyPlace {
  int own = 0;  ///< numbers of the sample that one copy reads
  int inputs = 0, encoded = 0, trainable = 0;

  int input(int number) const { return number + (number < own ? inputs : encoded); }
  Expression moved(Expression expression) const {
    for (Monomial& term : expression.terms) {
      if (term.param >= 0) term.param += trainable;
      for (int& number : term.inputs) number = input(number);
    }
    return expression;
  }
};

}  // namespace

std::string_view name(CopyInputs value) { return copy_inputs.name(value); }
CopyInputs parse_copy_inputs(std::string_view text) { return copy_inputs.parse(text); }

Error layer_error(const Error& error, const std::string& where) {
  std::string text = error.what();
  for (const std::string table : {"circuit.", "block.", "engine."})
    for (std::size_t at = text.find(table); at != std::string::npos;
         at = text.find(table, at + where.size() + 1))
      text.replace(at, table.size(), where + ".");
  return usage_error(text.starts_with(where) ? text : where + ": " + text);
}

bool CopyLayout::reads_in_order(std::size_t width) const {
  return column.size() == width && counts_up(column);
}
bool CopyLayout::writes_in_order() const { return counts_up(place); }

AnsatzSpec copy_ansatz(const CircuitCopies& spec) {
  AnsatzSpec ansatz = spec.ansatz;
  const bool each = ansatz.observables.empty();
  ansatz.placement = each ? Placement::local : Placement::global;
  ansatz.register_size = ansatz.stride = 1;
  ansatz.block_layers = 0;
  ansatz.block_rotations.clear();
  ansatz.block_entangler = Entangler::none;
  ansatz.readout = ReadoutKind::first;
  if (each)
    ansatz.block_outputs.assign(static_cast<std::size_t>(std::max(ansatz.qubits, 0)), 1);
  else
    ansatz.block_outputs = {static_cast<int>(ansatz.observables.size())};
  return ansatz;
}

Assembly assemble_copy(const CircuitCopies& spec, const std::string& where) {
  if (spec.ansatz.qubits < 1)
    throw usage_error(where + ".qubits: expected at least 1, found " + to_string(spec.ansatz.qubits));
  try {
    if (!spec.ansatz.preset.empty()) preset_named(spec.ansatz.preset);
  } catch (const Error& error) {
    throw usage_error(where + ".preset: " + error.what());
  }
  Assembly made;
  try {
    made = assemble(copy_ansatz(spec));
  } catch (const Error& error) {
    throw layer_error(error, where);
  }
  if (made.circuit.sample_inputs() < 1)
    throw usage_error(where +
                      ": the circuit reads nothing of what is in front of it; expected a layer with "
                      "an upload, such as layer = [{ upload = \"ry\" }, ...]");
  return made;
}

CopyLayout lay_out(const CircuitCopies& spec, const Assembly& circuit, const Shape& input,
                   const std::string& where) {
  CopyLayout layout;
  layout.inputs = static_cast<std::size_t>(circuit.circuit.sample_inputs());
  layout.outputs = circuit.outputs.size();
  if (spec.copies < 0)
    throw usage_error(where + ".copies: expected at least 0, found " + to_string(spec.copies));
  if (spec.reads == CopyInputs::windows) {
    read_windows(spec, input, where, layout);
  } else if (spec.reads == CopyInputs::all) {
    layout.copies = static_cast<std::size_t>(std::max(spec.copies, 1));
    if (input.size() != layout.inputs)
      throw usage_error(where + ".reads = \"all\": each copy of its circuit reads " +
                        to_string(layout.inputs) + " numbers, found " + to_string(input.size()) +
                        " in front of it; put a dense layer of width " + to_string(layout.inputs) +
                        " in front of it, or change qubits or uploads");
  } else {
    layout.copies = fill(spec, layout.inputs, input, where);
  }
  check_size(spec, circuit.circuit, layout.copies, where);
  const bool image = spec.reads == CopyInputs::windows;
  for (std::size_t copy = 0; copy < layout.copies; ++copy) {
    for (std::size_t i = 0; !image && i < layout.inputs; ++i)
      layout.column.push_back(column_of(spec.reads, layout, copy, i));
    for (std::size_t o = 0; o < layout.outputs; ++o)
      layout.place.push_back(image ? o * layout.copies + copy : copy * layout.outputs + o);
  }
  if (!image) layout.shape = Shape(layout.copies * layout.outputs);
  return layout;
}

void resolve_layer_plans(ModelSpec& spec) {
  for (BranchSpec& branch : spec.backbone.branches)
    resolve_layers(branch.layers, spec.cost, "branch." + branch.input);
  resolve_layers(spec.backbone.trunk, spec.cost, "trunk");
}

Circuit side_by_side(const Circuit& circuit, std::size_t copies) {
  Circuit all;
  for (std::size_t copy = 0; copy < copies; ++copy) {
    const int qubits = all.qubits, angles = all.angles, params = all.params;
    const auto move_ops = [&](std::vector<Op> ops) {
      for (Op& op : ops) {
        op.q0 += qubits;
        if (op.q1 >= 0) op.q1 += qubits;
        if (op.source == Source::angle) op.index += angles;
        if (op.source == Source::param) op.index += params;
      }
      return ops;
    };
    const std::vector<Op> shared = move_ops(circuit.shared);
    all.shared.insert(all.shared.end(), shared.begin(), shared.end());
    for (Block block : circuit.blocks) {
      for (int& qubit : block.qubits) qubit += qubits;
      block.ops = move_ops(std::move(block.ops));
      for (Readout& readout : block.outputs)
        for (ZString& string : readout.strings) {
          for (int& qubit : string.qubits) qubit += qubits;
          if (string.weight_param >= 0) string.weight_param += params;
        }
      all.blocks.push_back(std::move(block));
    }
    const int encoded = circuit.function_inputs() - circuit.sample_inputs();
    const CopyPlace place{circuit.inputs, all.inputs,
                          static_cast<int>(copies - 1) * circuit.inputs + static_cast<int>(copy) * encoded,
                          all.trainable};
    for (const Expression& expression : circuit.angle_of) all.angle_of.push_back(place.moved(expression));
    for (const Expression& expression : circuit.param_of) all.param_of.push_back(place.moved(expression));
    for (AmplitudeEncoding encoding : circuit.encodings) {
      for (int& number : encoding.of) number = place.input(number);
      encoding.first = place.input(encoding.first);
      all.encodings.push_back(std::move(encoding));
    }
    for (EncodedAngles moved : circuit.encoded) {
      moved.encoding += static_cast<int>(copy * circuit.encodings.size());
      for (int& angle : moved.angles) angle += angles;
      all.encoded.push_back(std::move(moved));
    }
    all.qubits += circuit.qubits;
    all.angles += circuit.angles;
    all.params += circuit.params;
    all.inputs += circuit.inputs;
    all.trainable += circuit.trainable;
  }
  return all;
}

}  // namespace qmtl
