// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/plan/analysis.h"

#include <algorithm>
#include <map>

#include "runtime/circuit/cancel.h"
#include "runtime/circuit/cones/cones.h"
#include "runtime/circuit/pauli/pauli_strings.h"
#include "runtime/circuit/wire_index.h"

namespace qmtl {
namespace {

using std::to_string;

/// What reaches an output, over all blocks; 1 = alive.
struct Alive {
  std::vector<char> angles, params, shared;
  std::vector<std::vector<char>> block_ops;

  explicit Alive(const Circuit& circuit)
      : angles(static_cast<std::size_t>(circuit.angles)),
        params(static_cast<std::size_t>(circuit.params)),
        shared(circuit.shared.size()) {
    for (const Block& block : circuit.blocks) {
      block_ops.emplace_back(block.ops.size());
      for (const Readout& readout : block.outputs)
        for (const ZString& string : readout.strings)
          if (string.weight_param >= 0) params[static_cast<std::size_t>(string.weight_param)] = 1;
    }
  }

  /// Marks a gate that does not commute with the strings, which are pushed back through it.
  void push_back(const Op& op, char& seen, PauliStrings& strings) {
    if (strings.commutes(op)) return;
    seen = 1;
    if (op.source == Source::angle) angles[static_cast<std::size_t>(op.index)] = 1;
    if (op.source == Source::param) params[static_cast<std::size_t>(op.index)] = 1;
    strings.push_back(op);
  }
};

/// One walk per register keeps the strings of a wide circuit few enough to stay exact.
Alive find_alive(const Circuit& circuit) {
  Alive alive(circuit);
  const WireIndex wires(circuit.shared, circuit.qubits);
  std::size_t unseen = circuit.shared.size();
  for (const std::vector<int>& group : blocks_by_register(circuit)) {
    PauliStrings at_branch;
    for (int b : group) {
      const Block& block = circuit.blocks[static_cast<std::size_t>(b)];
      std::vector<char>& seen = alive.block_ops[static_cast<std::size_t>(b)];
      PauliStrings strings;
      for (const Readout& readout : block.outputs) strings.add(readout);
      for (std::size_t i = block.ops.size(); i-- > 0;) alive.push_back(block.ops[i], seen[i], strings);
      at_branch.add(strings);
    }
    if (unseen == 0) continue;
    wires.walk_back(
        at_branch.support().qubits(), [&](int qubit) { return at_branch.support().at(qubit) != 0; },
        [&](std::size_t i) {
          char& seen = alive.shared[i];
          unseen += seen;
          alive.push_back(circuit.shared[i], seen, at_branch);
          unseen -= seen;
        });
  }
  return alive;
}

/// The trainable numbers and the inputs of samples that are behind parameters and angles.
struct Behind {
  std::vector<char> trainable, inputs;
};

Behind behind(const Circuit& circuit, const Alive& alive) {
  Behind found{std::vector<char>(static_cast<std::size_t>(circuit.trainable_numbers())),
               std::vector<char>(static_cast<std::size_t>(circuit.function_inputs()))};
  const auto mark = [&](const Expression& expression) {
    for (const Monomial& term : expression.terms) {
      if (term.param >= 0) found.trainable[static_cast<std::size_t>(term.param)] = 1;
      for (int input : term.inputs) found.inputs[static_cast<std::size_t>(input)] = 1;
    }
  };
  if (circuit.param_of.empty()) found.trainable = alive.params;
  if (circuit.angle_of.empty()) found.inputs = alive.angles;
  for (std::size_t i = 0; i < circuit.param_of.size(); ++i)
    if (alive.params[i]) mark(circuit.param_of[i]);
  for (std::size_t i = 0; i < circuit.angle_of.size(); ++i)
    if (alive.angles[i]) mark(circuit.angle_of[i]);
  for (const AmplitudeEncoding& encoding : circuit.encodings) {
    const auto begin = found.inputs.begin() + encoding.first;
    if (std::find(begin, begin + encoding.rotations(), 1) != begin + encoding.rotations())
      for (int number : encoding.of) found.inputs[static_cast<std::size_t>(number)] = 1;
  }
  found.inputs.resize(static_cast<std::size_t>(circuit.sample_inputs()));
  return found;
}

std::vector<int> dead(const std::vector<char>& alive) {
  std::vector<int> numbers;
  for (std::size_t i = 0; i < alive.size(); ++i)
    if (!alive[i]) numbers.push_back(static_cast<int>(i));
  return numbers;
}

std::string plural(std::size_t count, const std::string& noun) {
  return to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// "a, b, c and 9 more".
std::string some_of(const std::vector<std::string>& names) {
  std::string text;
  const std::size_t shown = std::min<std::size_t>(names.size(), 3);
  for (std::size_t i = 0; i < shown; ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > shown) text += " and " + to_string(names.size() - shown) + " more";
  return text;
}

std::string op_name(const Op& op) {
  return std::string(info(op.gate).name) + "(q" + to_string(op.q0) +
         (op.q1 < 0 ? std::string() : ", q" + to_string(op.q1)) + ")";
}

void warn_dead_params(const Circuit& circuit, const std::vector<std::string>& names, Analysis& analysis) {
  if (analysis.dead_params.empty()) return;
  std::vector<std::string> dead_names;
  for (int param : analysis.dead_params)
    dead_names.push_back(static_cast<std::size_t>(param) < names.size()
                             ? names[static_cast<std::size_t>(param)]
                             : "parameter " + to_string(param));
  analysis.warnings.push_back(
      to_string(dead_names.size()) + " of " +
      plural(static_cast<std::size_t>(circuit.trainable_numbers()), "circuit parameter") +
      " can change no output (the gradient is always zero): " + some_of(dead_names) +
      "; they add no capacity");
}

void warn_dead_angles(const Circuit& circuit, Analysis& analysis) {
  if (analysis.dead_angles.empty()) return;
  std::vector<std::string> names;
  for (int angle : analysis.dead_angles) names.push_back(to_string(angle));
  analysis.warnings.push_back(to_string(names.size()) + " of " +
                              plural(static_cast<std::size_t>(circuit.sample_inputs()), "encoded angle") +
                              " can reach no output: " + some_of(names) +
                              "; use fewer qubits, or registers that cover them");
}

void warn_unseen_gates(const Circuit& circuit, const Alive& alive, Analysis& analysis) {
  const auto unseen = [](const std::vector<Op>& ops, const std::vector<char>& seen) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < ops.size(); ++i)
      if (!seen[i] && info(ops[i].gate).arity == 2) names.push_back(op_name(ops[i]));
    return names;
  };
  const std::vector<std::string> shared = unseen(circuit.shared, alive.shared);
  if (!shared.empty())
    analysis.warnings.push_back(plural(shared.size(), "entangling gate") + " of the shared stage " +
                                (shared.size() == 1 ? "changes" : "change") +
                                " no output, as every readout behind commutes with it: " + some_of(shared));
  std::vector<std::string> in_blocks;
  std::size_t blocks = 0;
  for (std::size_t b = 0; b < circuit.blocks.size(); ++b) {
    const std::vector<std::string> names = unseen(circuit.blocks[b].ops, alive.block_ops[b]);
    blocks += !names.empty();
    for (const std::string& text : names) in_blocks.push_back("block" + to_string(b) + " " + text);
  }
  if (!in_blocks.empty())
    analysis.warnings.push_back(
        plural(in_blocks.size(), "entangling gate") + " in " + plural(blocks, "task block") +
        " change no output, as every readout behind commutes with them: " + some_of(in_blocks));
}

void warn_cancelling(const Circuit& circuit, Analysis& analysis) {
  const int shared = static_cast<int>(circuit.shared.size());
  // Where the two gates of a pair stand -> the pairs, for one sentence each.
  std::map<int, std::vector<std::string>> found;
  for (const CancellingPair& pair : cancelling_pairs(circuit)) {
    const int place = pair.block < 0 ? 0 : pair.first < shared ? 1 : 2;
    const Op& op = pair.block < 0 ? circuit.shared[static_cast<std::size_t>(pair.second)]
                                  : circuit.blocks[static_cast<std::size_t>(pair.block)]
                                        .ops[static_cast<std::size_t>(pair.second - shared)];
    found[place].push_back((pair.block < 0 ? "" : "block" + to_string(pair.block) + " ") + op_name(op));
  }
  static const char* const places[] = {
      "in the shared stage with an earlier one of the shared stage",
      "at the start of a task block with one at the end of the shared stage",
      "in a task block with an earlier one of the same block",
  };
  for (const auto& [place, pairs] : found)
    analysis.warnings.push_back(plural(pairs.size(), "entangling gate") + " " +
                                (pairs.size() == 1 ? "cancels " : "cancel ") + places[place] +
                                " (nothing between them fails to commute): " + some_of(pairs) +
                                "; put rotations between them or choose another entangler");
}

/// Two outputs of a block that measure the same fixed observable can never differ.
void warn_equal_outputs(const Circuit& circuit, Analysis& analysis) {
  std::vector<std::string> equal;
  for (std::size_t b = 0; b < circuit.blocks.size(); ++b) {
    std::map<std::vector<std::pair<std::vector<int>, double>>, std::size_t> seen;
    for (std::size_t o = 0; o < circuit.blocks[b].outputs.size(); ++o) {
      std::vector<std::pair<std::vector<int>, double>> terms;
      bool trainable = false;
      for (const ZString& string : circuit.blocks[b].outputs[o].strings) {
        terms.emplace_back(string.qubits, string.weight);
        trainable = trainable || string.weight_param >= 0;
      }
      if (trainable) continue;
      std::sort(terms.begin(), terms.end());
      const auto [place, is_new] = seen.try_emplace(terms, o);
      if (!is_new)
        equal.push_back("block" + to_string(b) + " outputs " + to_string(place->second) + " and " +
                        to_string(o));
    }
  }
  if (!equal.empty())
    analysis.warnings.push_back(
        "outputs that measure the same observable can never differ: " + some_of(equal) +
        "; use readout \"first\", \"weights\" or \"strings\", or one block per class");
}

}  // namespace

Analysis analyse(const Circuit& circuit, const std::vector<std::string>& names) {
  const Alive alive = find_alive(circuit);
  Analysis analysis;
  const Behind seen = behind(circuit, alive);
  analysis.dead_params = dead(seen.trainable);
  analysis.dead_angles = dead(seen.inputs);
  warn_dead_params(circuit, names, analysis);
  warn_dead_angles(circuit, analysis);
  warn_cancelling(circuit, analysis);
  warn_unseen_gates(circuit, alive, analysis);
  warn_equal_outputs(circuit, analysis);
  return analysis;
}

}  // namespace qmtl
