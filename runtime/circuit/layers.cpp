// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/layers.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/circuit/writer.h"

namespace qmtl {
namespace {

using std::to_string;

std::string at(const std::string& key, std::size_t index) { return key + "[" + to_string(index) + "]"; }

/// Writes one layer, once.
class LayerWriter {
 public:
  LayerWriter(const CircuitLayer& layer, std::string key, std::string part, int number,
              const std::vector<int>& reg, CircuitWriter& writer, std::vector<Op>& ops, LayerNumbers& numbers)
      : layer_(layer),
        key_(std::move(key)),
        part_(std::move(part)),
        number_(number),
        reg_(reg),
        writer_(writer),
        ops_(ops),
        numbers_(numbers) {
    for (std::size_t i = 0; i < layer.qubits.size(); ++i)
      check_position(layer.qubits[i], at(key_ + ".qubits", i));
    places_ = layer.qubits;
    if (places_.empty())
      for (int i = 0; i < static_cast<int>(reg.size()); ++i) places_.push_back(i);
  }

  void write() {
    if (layer_.encode == LayerEncoding::amplitude) encode();
    if (layer_.upload) upload(*layer_.upload);
    for (const Gate gate : layer_.gates) {
      if (info(gate).arity != 1)
        refuse(".gates", "\"" + std::string(info(gate).name) + "\" acts on " + to_string(info(gate).arity) +
                             " qubits: expected gates on one (gates on two: entangler)");
      for (int place : places_) turn(gate, {place}, trained_angles(gate, {place}));
    }
    if (layer_.entangler) entangle(*layer_.entangler);
    by_hand();
  }

 private:
  [[noreturn]] void refuse(const std::string& key, const std::string& why) const {
    throw usage_error(key_ + key + ": " + why);
  }

  void check_position(int position, const std::string& where) const {
    if (position < 0 || position >= static_cast<int>(reg_.size()))
      throw usage_error(where + " = " + to_string(position) + ": expected a position from 0 to " +
                        to_string(reg_.size() - 1) + ", as there are " + to_string(reg_.size()) + " qubits");
  }

  void turn(Gate gate, const std::vector<int>& places, const std::vector<Expression>& angles) {
    std::vector<int> qubits;
    for (int place : places) qubits.push_back(reg_[static_cast<std::size_t>(place)]);
    writer_.add(ops_, gate, qubits, angles);
  }

  /// "shared.l0.rzz.q1-q2".
  std::string name_of(Gate gate, const std::vector<int>& places) const {
    std::string text = part_ + ".l" + to_string(number_) + "." + std::string(info(gate).name);
    for (std::size_t i = 0; i < places.size(); ++i)
      text += (i ? "-q" : ".q") + to_string(reg_[static_cast<std::size_t>(places[i])]);
    return text;
  }

  int train(std::string name, TrainedRole role, std::optional<Gate> gate) {
    numbers_.trained.push_back({std::move(name), role, gate});
    return static_cast<int>(numbers_.trained.size()) - 1;
  }

  std::vector<Expression> trained_angles(Gate gate, const std::vector<int>& places) {
    std::vector<Expression> angles;
    const int count = info(gate).angles;
    for (int i = 0; i < count; ++i)
      angles.push_back(trainable_number(
          train(name_of(gate, places) + (count > 1 ? "." + to_string(i) : ""), TrainedRole::angle, gate)));
    return angles;
  }

  /// The positions that gates of that arity act on.
  std::vector<std::vector<int>> groups(Gate gate) const {
    const auto arity = static_cast<std::size_t>(info(gate).arity);
    std::vector<std::vector<int>> groups;
    if (!layer_.pairs.empty()) {
      for (std::size_t i = 0; i < layer_.pairs.size(); ++i) {
        const std::vector<int>& group = layer_.pairs[i];
        if (group.size() != arity)
          refuse("", at("pairs", i) + " has " + to_string(group.size()) +
                         " positions: " + std::string(info(gate).name) + " acts on " + to_string(arity));
        for (std::size_t j = 0; j < group.size(); ++j) {
          check_position(group[j], at(at(key_ + ".pairs", i), j));
          if (std::count(group.begin(), group.end(), group[j]) > 1)
            refuse("", at("pairs", i) + " has position " + to_string(group[j]) + " twice");
        }
      }
      return layer_.pairs;
    }
    if (arity != 2)
      refuse("", std::string(info(gate).name) + " acts on " + to_string(arity) +
                     " qubits: say on which by pairs = [[0, 1, 2], ...]");
    for (const auto& [a, b] :
         pattern_pairs(layer_.pattern, layer_.range, static_cast<int>(places_.size()), number_))
      groups.push_back({places_[static_cast<std::size_t>(a)], places_[static_cast<std::size_t>(b)]});
    return groups;
  }

  void entangle(Gate gate) {
    if (info(gate).arity < 2)
      refuse(".entangler", "\"" + std::string(info(gate).name) +
                               "\" acts on one qubit: expected a gate on two or three "
                               "(gates on one: gates)");
    std::vector<Expression> shared;
    for (const std::vector<int>& places : groups(gate)) {
      if (!layer_.shared_angles)
        turn(gate, places, trained_angles(gate, places));
      else {
        if (shared.empty() && info(gate).angles > 0) shared = trained_angles(gate, {places[0]});
        turn(gate, places, shared);
      }
    }
  }

  Expression upload_angle(Gate gate, const std::vector<int>& places, const std::vector<int>& inputs) {
    Expression angle{layer_.factor, {}};
    for (int input : inputs) {
      numbers_.inputs = std::max(numbers_.inputs, input + 1);
      const Expression own = input_number(input);
      angle = product(angle, layer_.reflect ? sum({2 * half_pi, {}}, scaled(own, -1.0)) : own);
    }
    const std::string name = name_of(gate, places);
    if (layer_.train_weights)
      angle = product(angle, trainable_number(train(name + ".weight", TrainedRole::weight, gate)));
    angle.constant += layer_.offset;
    if (layer_.train_offsets)
      angle = sum(angle, trainable_number(train(name + ".offset", TrainedRole::offset, gate)));
    return angle;
  }

  void check_encode() const {
    if (layer_.upload || layer_.factor != 1.0 || layer_.offset != 0.0 || layer_.reflect ||
        layer_.train_weights || layer_.train_offsets)
      refuse(
          ".encode",
          "upload, factor, offset, reflect and trained belong to gates that a number turns, and amplitudes "
          "are divided by their norm: expected a layer without them; put an upload in a layer behind it");
    if (places_.size() > most_amplitude_qubits)
      refuse(".encode",
             "expected at most " + to_string(most_amplitude_qubits) + " qubits, found " +
                 to_string(places_.size()) +
                 ", as amplitudes of n qubits take 2^n rotations; name fewer by qubits = [0, 1, ...]");
    for (std::size_t i = 0; i < places_.size(); ++i)
      if (std::count(places_.begin(), places_.end(), places_[i]) > 1)
        refuse("", at("qubits", i) + " = " + to_string(places_[i]) +
                       ": an encoding needs each qubit once, found it twice");
    const auto acts_on = [](const std::vector<Op>& ops, int qubit) {
      return std::any_of(ops.begin(), ops.end(),
                         [&](const Op& op) { return op.q0 == qubit || op.q1 == qubit; });
    };
    for (int place : places_) {
      const int qubit = reg_[static_cast<std::size_t>(place)];
      if (acts_on(ops_, qubit))
        refuse(".encode", "amplitudes are prepared from |0...0>, but a gate acts on qubit " +
                              to_string(qubit) + " before: expected the first layer on its qubits");
      if (acts_on(writer_.circuit().shared, qubit))
        refuse(".encode", "amplitudes are prepared from |0...0>, but the shared stage acts on qubit " +
                              to_string(qubit) +
                              " before: expected qubits that no layer of the stage acts on (circuit.layer: "
                              "qubits = [...]), or the encoding as the stage's first layer");
    }
  }

  /// The numbers of the sample that are encoded.
  std::vector<int> encoded_inputs() {
    const std::size_t most = std::size_t{1} << places_.size();
    std::vector<int> of;
    for (std::size_t i = 0; i < layer_.inputs.size(); ++i) {
      if (layer_.inputs[i].size() != 1)
        refuse("", at("inputs", i) + ": an amplitude is one number of the sample, found a product of " +
                       to_string(layer_.inputs[i].size()));
      of.push_back(layer_.inputs[i].front());
      if (of.back() < 0 || of.back() >= (1 << 24))
        refuse("", at("inputs", i) + ": expected inputs from 0, found " + to_string(of.back()));
    }
    if (!of.empty() && layer_.numbers > 0 && of.size() != static_cast<std::size_t>(layer_.numbers))
      refuse(".numbers", "expected " + to_string(of.size()) +
                             ", as inputs lists so many (or leave it out), "
                             "found " +
                             to_string(layer_.numbers));
    const std::size_t count = !of.empty()          ? of.size()
                              : layer_.numbers > 0 ? static_cast<std::size_t>(layer_.numbers)
                                                   : most;
    if (count > most)
      refuse(of.empty() ? ".numbers" : ".inputs",
             "expected at most " + to_string(most) + " numbers as amplitudes of " +
                 to_string(places_.size()) + (places_.size() == 1 ? " qubit, found " : " qubits, found ") +
                 to_string(count) + "; encode on " + to_string(amplitude_qubits(count)) +
                 " qubits, or fewer numbers");
    const int first = layer_.first_input >= 0 ? layer_.first_input : numbers_.next_input;
    if (of.empty())
      for (std::size_t i = 0; i < count; ++i) of.push_back(first + static_cast<int>(i));
    return of;
  }

  /// Uniformly controlled rotations, from the highest qubit down: each level's target is turned by every
  /// combination of the qubits above in its own way, by 2^k rotations with a CX behind each, whose control is
  /// the bit in which the Gray code goes on.
  void encode() {
    check_encode();
    const std::vector<int> of = encoded_inputs();
    for (int input : of) numbers_.inputs = std::max(numbers_.inputs, input + 1);
    numbers_.next_input = numbers_.inputs;
    if (layer_.first_input >= 0 && layer_.inputs.empty()) numbers_.next_input = of.back() + 1;
    const int qubits = amplitude_qubits(of.size());  // those above stay |0>
    int input = writer_.encode(of, qubits);
    for (int k = 0; k < qubits; ++k) {
      const int target = places_[static_cast<std::size_t>(qubits - 1 - k)];
      for (unsigned i = 0; i < (1u << k); ++i) {
        turn(rotation_about("Y"), {target}, {input_number(input++)});
        if (k == 0) continue;
        const int bit = std::min(std::countr_zero(i + 1), k - 1);
        turn(controlled_gate('X'), {places_[static_cast<std::size_t>(qubits - k + bit)], target}, {});
      }
    }
  }

  void upload(Gate gate) {
    if (info(gate).angles != 1)
      refuse(".upload", "\"" + std::string(info(gate).name) + "\" takes " + to_string(info(gate).angles) +
                            " angles: expected a gate that one number turns, one of " +
                            listed_gates(carries_angle));
    const bool single = info(gate).arity == 1;
    std::vector<std::vector<int>> where;
    if (single)
      for (int place : places_) where.push_back({place});
    else
      where = groups(gate);
    if (!layer_.inputs.empty() && layer_.inputs.size() != where.size())
      refuse(".inputs", "expected " + to_string(where.size()) +
                            " entries, one for each gate of the upload, found " +
                            to_string(layer_.inputs.size()));
    const int first = layer_.first_input >= 0 ? layer_.first_input : single ? numbers_.next_input : 0;
    for (std::size_t i = 0; i < where.size(); ++i) {
      std::vector<int> inputs;
      if (!layer_.inputs.empty()) {
        inputs = layer_.inputs[i];
        if (inputs.empty()) refuse("", at("inputs", i) + " is empty: expected at least one input");
        for (int input : inputs)
          if (input < 0 || input >= (1 << 24))
            refuse("", at("inputs", i) + ": expected inputs from 0, found " + to_string(input));
      } else if (single) {
        inputs = {first + static_cast<int>(i)};
      } else {
        for (int place : where[i]) inputs.push_back(first + place);
      }
      turn(gate, where[i], {upload_angle(gate, where[i], inputs)});
    }
    numbers_.next_input = numbers_.inputs;
    if (layer_.first_input >= 0 && layer_.inputs.empty() && single)
      numbers_.next_input = first + static_cast<int>(where.size());
  }

  void by_hand() {
    const auto first = static_cast<int>(numbers_.trained.size());
    std::vector<std::optional<Gate>> gate_of;
    std::vector<TrainedRole> role_of;
    for (const GateUse& use : layer_.ops)
      for (const Expression& angle : use.angles)
        for (const Monomial& term : angle.terms) {
          for (int input : term.inputs) numbers_.inputs = std::max(numbers_.inputs, input + 1);
          if (term.param < 0) continue;
          const auto w = static_cast<std::size_t>(term.param);
          if (w >= gate_of.size()) {
            gate_of.resize(w + 1);
            role_of.resize(w + 1, TrainedRole::angle);
          }
          gate_of[w] = use.gate;
          if (!term.inputs.empty()) role_of[w] = TrainedRole::weight;
        }
    for (std::size_t w = 0; w < gate_of.size(); ++w)
      train(part_ + ".l" + to_string(number_) + ".w" + to_string(w), role_of[w], gate_of[w]);
    for (std::size_t i = 0; i < layer_.ops.size(); ++i) {
      const GateUse& use = layer_.ops[i];
      const GateInfo& row = info(use.gate);
      const std::string where =
          key_ + ".qasm: qubit of gate " + to_string(i + 1) + " (" + std::string(row.name) + ")";
      if (use.qubits.size() != static_cast<std::size_t>(row.arity) ||
          use.angles.size() != static_cast<std::size_t>(row.angles))
        throw usage_error(where + ": " + std::string(row.name) + " takes " + to_string(row.angles) +
                          " angles and " + to_string(row.arity) + " qubits, found " +
                          to_string(use.angles.size()) + " and " + to_string(use.qubits.size()));
      for (int qubit : use.qubits) {
        check_position(qubit, where);
        if (std::count(use.qubits.begin(), use.qubits.end(), qubit) > 1)
          throw usage_error(where + ": expected different qubits, found " + to_string(qubit) + " twice");
      }
      std::vector<Expression> angles = use.angles;
      for (Expression& angle : angles)
        for (Monomial& term : angle.terms)
          if (term.param >= 0) term.param += first;
      turn(use.gate, use.qubits, angles);
    }
    if (!layer_.ops.empty()) numbers_.next_input = numbers_.inputs;
  }

  const CircuitLayer& layer_;
  std::string key_, part_;
  int number_;
  const std::vector<int>& reg_;
  CircuitWriter& writer_;
  std::vector<Op>& ops_;
  LayerNumbers& numbers_;
  std::vector<int> places_;
};

}  // namespace

void write_layers(const std::vector<CircuitLayer>& layers, const std::string& key, const std::string& part,
                  const std::vector<int>& reg, CircuitWriter& writer, std::vector<Op>& ops,
                  LayerNumbers& numbers) {
  int number = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].repeat < 0) throw usage_error(at(key, i) + ".repeat: expected at least 0");
    for (int r = 0; r < layers[i].repeat; ++r)
      LayerWriter(layers[i], at(key, i), part, number++, reg, writer, ops, numbers).write();
  }
}

double gates_of(const std::vector<CircuitLayer>& layers, double qubits) {
  // A rotation by numbers of the sample and by others is two.
  const auto size = [](Gate gate, bool of_sample) {
    if (is_elementary(gate)) return of_sample && is_rotation(gate) ? 2.0 : 1.0;
    double parts = 0;
    for (const GatePart& part : info(gate).parts) parts += of_sample && is_rotation(part.gate) ? 2.0 : 1.0;
    return parts;
  };
  double gates = 0;
  for (const CircuitLayer& layer : layers) {
    const double all = layer.qubits.empty() ? qubits : static_cast<double>(layer.qubits.size());
    const double pairs = !layer.pairs.empty()                       ? static_cast<double>(layer.pairs.size())
                         : layer.pattern == PairPattern::full       ? all * (all - 1) / 2
                         : layer.pattern == PairPattern::all_to_all ? all * (all - 1)
                                                                    : all;
    double once = 0;
    if (layer.encode == LayerEncoding::amplitude)
      once += std::ldexp(2.0, static_cast<int>(std::min<double>(all, most_amplitude_qubits)));
    if (layer.upload) once += size(*layer.upload, true) * (info(*layer.upload).arity == 1 ? all : pairs);
    for (const Gate gate : layer.gates) once += size(gate, false) * all;
    if (layer.entangler) once += size(*layer.entangler, false) * pairs;
    for (const GateUse& use : layer.ops) once += size(use.gate, true);
    gates += once * layer.repeat;
  }
  return gates;
}

}  // namespace qmtl
