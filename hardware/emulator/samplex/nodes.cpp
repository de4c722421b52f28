// SPDX-License-Identifier: Apache-2.0
// The nodes of a samplex: each row of the table makes the function that does what Samplomatic's node of that
// number does.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "hardware/emulator/samplex/fields.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

using Node = Samplex::Node;
using Numbers = std::vector<std::int64_t>;

constexpr std::int64_t most_subsystems = 100'000;

Numbers counted(std::size_t size) {
  Numbers numbers(size);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

/// Draws Paulis: a distribution's function of random numbers and the element.
using Distribution = std::function<SamplexRegister(const SamplexRandom&)>;

Distribution read_distribution(const SortedJsonField& text, std::uint32_t node, SamplexNames& names) {
  const SortedJsonField field = inner_json(text);
  const std::string& id = field.at("id").text();
  const auto size = static_cast<std::uint32_t>(samplex_integer(field.at("num_subsystems"), most_subsystems));
  names.pay(size, text);
  if (id == "D0")
    return [=](const SamplexRandom& random) {
      SamplexRegister made = identity_register(SamplexType::pauli, size);
      for (std::uint32_t s = 0; s < size; ++s)
        made.small[s] = static_cast<std::uint8_t>(random.bits(node, s, random.number) & 3);
      return made;
    };
  if (id == "D3")
    return [=](const SamplexRandom& random) {
      // Four draws in a row are one times I, X, Z and Y.
      constexpr std::array<std::uint8_t, 4> shifts{0, 2, 1, 3};
      SamplexRegister made = identity_register(SamplexType::pauli, size);
      for (std::uint32_t s = 0; s < size; ++s)
        made.small[s] =
            static_cast<std::uint8_t>(random.bits(node, s, random.number / 4) + shifts[random.number % 4]) &
            3;
      return made;
    };
  if (id == "D5") {
    const SamplexArray paulis = samplex_array(field.at("paulis"));
    if (paulis.shape.size() != 2 || paulis.numbers.empty() || size % paulis.shape[1] != 0)
      field.at("paulis").wrong("a table of Paulis whose rows fit the subsystems");
    return [=](const SamplexRandom& random) {
      const std::size_t width = paulis.shape[1];
      SamplexRegister made = identity_register(SamplexType::pauli, size);
      for (std::uint32_t s = 0; s < size; ++s) {
        const auto group = static_cast<std::uint32_t>(s / width);
        const std::size_t row = random.bits(node, group, random.number) % paulis.shape[0];
        made.small[s] = static_cast<std::uint8_t>(paulis.numbers[row * width + s % width] & 3);
      }
      return made;
    };
  }
  field.at("id").wrong("a distribution of Paulis: set the option twirling.group = \"pauli\"");
}

Node sample_twirl(const SortedJsonField& node, std::uint32_t number, SamplexNames& names) {
  const Distribution distribution = read_distribution(node.at("distribution"), number, names);
  const std::size_t left = names.of_register(node.at("lhs_register_name")),
                    right = names.of_register(node.at("rhs_register_name"));
  return [=](SamplexDraw& draw) {
    // Paulis are their own inverses up to a phase.
    draw.registers[left] = draw.registers[right] = distribution(draw.random);
  };
}

Node sample_distribution(const SortedJsonField& node, std::uint32_t number, SamplexNames& names) {
  const Distribution distribution = read_distribution(node.at("distribution"), number, names);
  const std::size_t into = names.of_register(node.at("register_name"));
  return [=](SamplexDraw& draw) { draw.registers[into] = distribution(draw.random); };
}

Node change_basis(const SortedJsonField& node, std::uint32_t, SamplexNames& names) {
  const SortedJsonField change = inner_json(node.at("basis_change"));
  std::vector<double> alphabet;
  for (const SortedJsonField& letter : change.at("alphabet").list())
    alphabet.push_back(static_cast<double>(letter.integer(0, 255)));
  const SamplexRegister action = fixed_register(inner_json(change.at("action")));
  if (action.size() != alphabet.size()) change.at("alphabet").wrong("as many letters as actions");
  const std::size_t into = names.of_register(node.at("register_name")),
                    input = names.of_input(node.at("basis_ref"));
  names.pay(names.samplex().inputs[input].size, node);
  return [=](SamplexDraw& draw) {
    Numbers letters;
    for (double element : draw.inputs[input]) {
      const auto place = std::find(alphabet.begin(), alphabet.end(), element);
      letters.push_back(place == alphabet.end() ? -1 : place - alphabet.begin());
    }
    draw.registers[into] = chosen(action, letters);
  };
}

Node collect_angles(const SortedJsonField& node, std::uint32_t, SamplexNames& names) {
  const Numbers to = samplex_array(node.at("template_idxs")).numbers;
  const Numbers from = samplex_array(node.at("subsystem_idxs")).numbers;
  if (to.size() != 3 * from.size()) node.at("template_idxs").wrong("three angles for each subsystem");
  for (std::int64_t angle : to)
    if (angle < 0 || static_cast<std::size_t>(angle) >= names.samplex().angles)
      node.at("template_idxs").wrong("angles of the template circuit");
  const std::string& synth = node.at("synth").text();
  if (synth != "RzSxSynth" && synth != "RzRxSynth") node.at("synth").wrong("RzSxSynth or RzRxSynth");
  const bool with_rx = synth == "RzRxSynth";
  const std::size_t source = names.of_register(node.at("register_name"));
  names.pay(to.size(), node);
  return [=](SamplexDraw& draw) {
    const SamplexRegister gates = chosen(converted(draw.registers[source], SamplexType::u2), from);
    for (std::size_t g = 0; g < from.size(); ++g) {
      const auto angles = euler_angles(gates.matrices[g], with_rx);
      for (std::size_t a = 0; a < 3; ++a) draw.angles[static_cast<std::size_t>(to[3 * g + a])] = angles[a];
    }
  };
}

Node collect_flips(const SortedJsonField& node, std::uint32_t, SamplexNames& names) {
  const Numbers from = samplex_array(node.at("subsystem_indices")).numbers,
                to = samplex_array(node.at("output_indices")).numbers;
  const std::size_t output = names.of_flips(node.at("output_name"));
  if (from.size() != to.size()) node.at("output_indices").wrong("one for each subsystem");
  for (std::int64_t bit : to)
    if (bit < 0 || static_cast<std::size_t>(bit) >= names.samplex().flips[output].size)
      node.at("output_indices").wrong("bits of the output");
  const std::size_t source = names.of_register(node.at("register_name"));
  names.pay(to.size(), node);
  return [=](SamplexDraw& draw) {
    const SamplexRegister bits = chosen(converted(draw.registers[source], SamplexType::z2), from);
    for (std::size_t b = 0; b < to.size(); ++b)
      draw.flips[output][static_cast<std::size_t>(to[b])] = bits.small[b];
  };
}

Node combine(const SortedJsonField& node, std::uint32_t, SamplexNames& names) {
  struct Operand {
    std::size_t source;
    Numbers from, to;
  };
  const SamplexType type = samplex_type(node.at("output_type"));
  const auto size =
      static_cast<std::size_t>(samplex_integer(node.at("num_output_subsystems"), most_subsystems));
  names.pay(size, node);
  // The order of the operands is the order of the product: this text's objects are not sorted.
  const auto listed =
      JsonField::parse(node.at("operands").text(), {"samplex: " + node.place(), {}, {}, {}, true});
  std::vector<Operand> operands;
  for (const auto& [name, entry] : listed.members()) {
    const nlohmann::json wrapped{{"name", name}, {"parts", entry.json()}};
    const SortedJsonField parts(wrapped, "samplex: " + node.place() + ".operands");
    Operand operand{names.of_register(parts.at("name")),
                    samplex_array(parts.at("parts").at(std::size_t{0}).at("array")).numbers,
                    samplex_array(parts.at("parts").at(std::size_t{1}).at("array")).numbers};
    names.pay(operand.to.size(), node);
    operands.push_back(std::move(operand));
  }
  const std::size_t into = names.of_register(node.at("output_register_name"));
  return [=](SamplexDraw& draw) {
    SamplexRegister made = identity_register(type, size);
    for (const Operand& operand : operands)
      multiply(made, chosen(converted(draw.registers[operand.source], type), operand.from), operand.to,
               false);
    draw.registers[into] = std::move(made);
  };
}

Node convert(const SortedJsonField& node, std::uint32_t, SamplexNames& names) {
  const std::size_t from = names.of_register(node.at("existing_name")),
                    into = names.of_register(node.at("new_name"));
  const SamplexType type = samplex_type(node.at("new_type"));
  names.pay(static_cast<std::size_t>(samplex_integer(node.at("num_subsystems"), most_subsystems)), node);
  return [=](SamplexDraw& draw) { draw.registers[into] = converted(draw.registers[from], type); };
}

Node inject_noise(const SortedJsonField& node, std::uint32_t, SamplexNames&) {
  node.at("id").wrong(
      "no injected noise, which this emulator does not draw: set the options resilience.pec_mitigation = "
      "False and zne amplification by gate folding");
}

template <bool from_left>
Node multiply_fixed(const SortedJsonField& node, std::uint32_t, SamplexNames& names) {
  const SamplexRegister by = fixed_register(inner_json(node.at("operand")));
  const std::size_t into = names.of_register(node.at("register_name"));
  names.pay(by.size(), node);
  return [=](SamplexDraw& draw) {
    SamplexRegister& target = draw.registers[into];
    multiply(target, by, counted(target.size()), from_left);
  };
}

template <bool from_left>
Node multiply_turn(const SortedJsonField& node, std::uint32_t, SamplexNames& names) {
  const std::string& operand = node.at("operand").text();
  if (operand != "rz" && operand != "rx") node.at("operand").wrong("rz or rx");
  const char axis = operand == "rz" ? 'Z' : 'X';
  Numbers expressions;
  for (const SortedJsonField& number : inner_json(node.at("param_indices")).list())
    expressions.push_back(number.integer(0, static_cast<std::int64_t>(names.samplex().table.ops.size()) - 1));
  const std::size_t into = names.of_register(node.at("register_name"));
  names.pay(expressions.size(), node);
  return [=](SamplexDraw& draw) {
    SamplexRegister by{SamplexType::u2, {}, {}};
    for (std::int64_t number : expressions)
      by.matrices.push_back(rotation(axis, draw.expressions[static_cast<std::size_t>(number)]));
    multiply(draw.registers[into], by, counted(expressions.size()), from_left);
  };
}

/// Paulis pushed past a gate: a table says what becomes of those on its qubits.
Node push_past(const SortedJsonField& node, std::uint32_t, SamplexNames& names) {
  const SamplexArray& table = names.table(node.at("id").text(), node.at("op_name"));
  const SamplexArray subsystems = samplex_array(node.at("subsystem_idxs"));
  const std::size_t width = subsystems.shape.size() == 2 ? subsystems.shape[1] : 0;
  if (width < 1 || width > 3 || table.numbers.size() != (std::size_t{1} << 2 * width) * width)
    node.at("subsystem_idxs").wrong("the qubits of the operation's table, at most 3");
  const std::size_t into = names.of_register(node.at("register_name"));
  names.pay(subsystems.numbers.size(), node);
  return [=](SamplexDraw& draw) {
    SamplexRegister& paulis = draw.registers[into];
    if (paulis.type != SamplexType::pauli) throw data_error("samplex: expected Paulis to push past a gate");
    const SamplexRegister before = chosen(paulis, subsystems.numbers);
    for (std::size_t gate = 0; gate < before.size(); gate += width) {
      std::size_t row = 0;
      for (std::size_t q = 0; q < width; ++q) row = 4 * row + before.small[gate + q];
      for (std::size_t q = 0; q < width; ++q) {
        const std::int64_t after = table.numbers[row * width + q];
        if (after < 0)
          throw data_error("samplex: a Pauli does not commute with a gate that it is pushed past");
        paulis.small[static_cast<std::size_t>(subsystems.numbers[gate + q])] =
            static_cast<std::uint8_t>(after & 3);
      }
    }
  };
}

Node slice(const SortedJsonField& node, std::uint32_t, SamplexNames& names) {
  const std::size_t from = names.of_register(node.at("input_register_name")),
                    into = names.of_register(node.at("output_register_name"));
  const SamplexType type = samplex_type(node.at("output_type"));
  Numbers numbers;
  if (node.at("is_slice").text() == "true") {
    const SortedJsonField range = inner_json(node.at("slice_idxs"));
    const std::int64_t first = range.at(std::size_t{0}).integer(0, most_subsystems);
    const std::int64_t step = range.at(std::size_t{2}).is_null()
                                  ? 1
                                  : range.at(std::size_t{2}).integer(-most_subsystems, most_subsystems);
    const bool open = range.at(std::size_t{1}).is_null();
    if (step == 0 || (open && step > 0)) range.wrong("a range that ends");
    const std::int64_t end = open ? -1 : range.at(std::size_t{1}).integer(0, most_subsystems);
    for (std::int64_t at = first; step > 0 ? at < end : at > end; at += step) numbers.push_back(at);
  } else {
    numbers = samplex_array(node.at("slice_idxs")).numbers;
  }
  names.pay(numbers.size(), node);
  return [=](SamplexDraw& draw) {
    draw.registers[into] = chosen(converted(draw.registers[from], type), numbers);
  };
}

struct NodeRow {
  std::string_view id;
  Node (*read)(const SortedJsonField& node, std::uint32_t number, SamplexNames& names);
};
constexpr std::array<NodeRow, 15> node_rows{{{"N0", change_basis},
                                             {"N1", collect_angles},
                                             {"N2", collect_flips},
                                             {"N3", combine},
                                             {"N4", convert},
                                             {"N5", inject_noise},
                                             {"N6", multiply_fixed<true>},
                                             {"N7", multiply_fixed<false>},
                                             {"N8", push_past},
                                             {"N9", slice},
                                             {"N10", sample_twirl},
                                             {"N11", multiply_turn<true>},
                                             {"N12", multiply_turn<false>},
                                             {"N14", sample_distribution},
                                             {"N15", push_past}}};

}  // namespace

Samplex::Node read_samplex_node(const SortedJsonField& node, std::uint32_t number, SamplexNames& names) {
  const std::string& id = node.at("id").text();
  for (const NodeRow& row : node_rows)
    if (row.id == id) return row.read(node, number, names);
  node.at("id").wrong("a node that this emulator knows: set the option twirling.group = \"pauli\"");
}

}  // namespace qmtl
