// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/samplex/samplex.h"

#include <queue>

#include "hardware/emulator/qpy/reader.h"
#include "hardware/emulator/samplex/fields.h"
#include "hardware/http/text_codes.h"
#include "runtime/base/error.h"
#include "runtime/base/philox.h"

namespace qmtl {
namespace {

constexpr std::size_t most_nodes = 100'000, most_links = 400'000;
constexpr std::int64_t most_size = 1'000'000;

/// The last axis of a tensor that an input or output is.
std::size_t last_axis(const SortedJsonField& specification) {
  const auto shape = specification.at("shape").list();
  if (shape.empty()) return 1;
  return static_cast<std::size_t>(shape.back().integer(0, most_size));
}

void read_interface(const SortedJsonField& attributes, Samplex& samplex) {
  for (const auto& [name, text] : inner_json(attributes.at("input_specification")).members()) {
    const SortedJsonField specification = inner_json(text);
    if (specification.at("id").text() != "S1")
      text.wrong(
          "tensors as inputs; noise to inject is not drawn here: set resilience.pec_mitigation = False");
    if (name == "parameter_values") samplex.parameters = static_cast<int>(samplex.inputs.size());
    samplex.inputs.push_back({name, last_axis(specification)});
  }
  for (const auto& [name, text] : inner_json(attributes.at("output_specification")).members()) {
    const std::size_t size = last_axis(inner_json(text));
    if (name == "parameter_values")
      samplex.angles = size;
    else if (name.starts_with("measurement_flips."))
      samplex.flips.push_back({name, size});
    else
      text.wrong("angles and measurement flips as outputs", name.substr(0, 60));
  }
}

/// The parameter expressions are the angles of rz in a circuit.
void read_table(const SortedJsonField& attributes, Samplex& samplex) {
  const SortedJsonField table = inner_json(attributes.at("param_table"));
  const auto qpy = base64_decoded(table.at("circuit_base64").text());
  if (!qpy) table.at("circuit_base64").wrong("QPY in base64", "other characters");
  auto circuits = read_qpy(*qpy);
  if (circuits.size() != 1) table.wrong("one circuit");
  samplex.table = std::move(circuits[0].program);
  const std::size_t given =
      samplex.parameters < 0 ? 0 : samplex.inputs[static_cast<std::size_t>(samplex.parameters)].size;
  if (samplex.table.inputs.size() != given)
    table.wrong("expressions of " + std::to_string(given) + " parameters",
                std::to_string(samplex.table.inputs.size()));
  const SortedJsonField passed = attributes.at("passthrough_params");
  if (passed.text() == "None") return;
  const SortedJsonField lists = inner_json(passed);
  const auto to = lists.at(std::size_t{0}).list(), from = lists.at(std::size_t{1}).list();
  if (to.size() != from.size()) lists.wrong("two lists of one length");
  for (std::size_t k = 0; k < to.size(); ++k) {
    samplex.passed_to.push_back(to[k].integer(0, static_cast<std::int64_t>(samplex.angles) - 1));
    samplex.passed_from.push_back(
        from[k].integer(0, static_cast<std::int64_t>(samplex.table.ops.size()) - 1));
  }
}

/// Numbers of nodes, each behind those that link to it, the smallest first.
std::vector<std::size_t> ordered(const SortedJsonField& graph, std::size_t nodes) {
  const auto links = graph.at("links").list();
  if (links.size() > most_links) graph.at("links").wrong("at most 400000 links", "more");
  std::vector<std::vector<std::size_t>> next(nodes);
  std::vector<std::size_t> waits(nodes, 0);
  const auto last = static_cast<std::int64_t>(nodes) - 1;
  for (const SortedJsonField& link : links) {
    const auto from = static_cast<std::size_t>(link.at("source").integer(0, last)),
               to = static_cast<std::size_t>(link.at("target").integer(0, last));
    next[from].push_back(to);
    ++waits[to];
  }
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t n = 0; n < nodes; ++n)
    if (waits[n] == 0) ready.push(n);
  std::vector<std::size_t> order;
  while (!ready.empty()) {
    order.push_back(ready.top());
    ready.pop();
    for (std::size_t n : next[order.back()])
      if (--waits[n] == 0) ready.push(n);
  }
  if (order.size() != nodes) graph.at("links").wrong("links without a circle");
  return order;
}

}  // namespace

std::uint32_t SamplexRandom::bits(std::uint32_t node, std::uint32_t element, std::uint32_t draw) const {
  const std::array<std::uint32_t, 2> key{static_cast<std::uint32_t>(seed),
                                         static_cast<std::uint32_t>(seed >> 32)};
  return philox({item, node, arguments, element}, {key[0] ^ draw, key[1]})[0];
}

Samplex read_samplex(std::string_view json) {
  JsonSource source;
  source.name = "samplex";
  source.strict_integers = true;
  const SortedJsonField root = SortedJsonField::parse(json, std::move(source), {64, 4'000'000});
  const SortedJsonField attributes = root.at("attrs");
  if (attributes.at("ssv").text() != "4")
    attributes.at("ssv").wrong("4, the serialisation of Samplomatic 0.21");
  Samplex samplex;
  read_interface(attributes, samplex);
  read_table(attributes, samplex);
  std::map<std::string, SamplexArray> tables;
  for (const auto& [name, array] : inner_json(attributes.at("lookup_tables")).members())
    tables[name] = samplex_array(array);
  SamplexNames names(samplex, std::move(tables));
  const auto nodes = root.at("nodes").list();
  if (nodes.size() > most_nodes) root.at("nodes").wrong("at most 100000 nodes", "more");
  for (std::size_t number : ordered(root, nodes.size()))
    samplex.nodes.push_back(
        read_samplex_node(nodes[number].at("data"), static_cast<std::uint32_t>(number), names));
  return samplex;
}

SamplexDraw Samplex::draw(const SamplexRandom& random, std::vector<std::span<const double>> arguments) const {
  SamplexDraw draw{random, {}, std::move(arguments), registers, std::vector<double>(angles, 0.0), {}};
  const std::span<const double> values =
      parameters < 0 ? std::span<const double>() : draw.inputs[static_cast<std::size_t>(parameters)];
  for (const DeviceOp& op : table.ops) draw.expressions.push_back(value(op.angle, values));
  for (const Tensor& output : flips) draw.flips.emplace_back(output.size, 0);
  for (std::size_t k = 0; k < passed_to.size(); ++k)
    draw.angles[static_cast<std::size_t>(passed_to[k])] =
        draw.expressions[static_cast<std::size_t>(passed_from[k])];
  for (const Node& node : nodes) node(draw);
  return draw;
}

}  // namespace qmtl
