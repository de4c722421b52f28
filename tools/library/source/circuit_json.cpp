// SPDX-License-Identifier: Apache-2.0
#include "tools/library/source/circuit_json.h"

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/model/heads/head_table.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

Json terms_json(const Expression& expression) {
  Json terms = Json::array();
  if (expression.constant != 0.0 || expression.terms.empty())
    terms.push_back(Json{{"factor", expression.constant}});
  for (const Monomial& term : expression.terms) {
    Json json{{"factor", term.factor}};
    if (term.param >= 0) json["trainable"] = term.param;
    if (!term.inputs.empty()) json["inputs"] = term.inputs;
    terms.push_back(std::move(json));
  }
  return terms;
}

Json gates_json(const Circuit& circuit, const std::vector<Op>& ops) {
  Json gates = Json::array();
  for (const Op& op : ops) {
    Json json{{"gate", std::string(info(op.gate).name)}, {"qubits", {op.q0}}};
    if (op.q1 >= 0) json["qubits"].push_back(op.q1);
    if (info(op.gate).angles > 0) json["angle"] = terms_json(turn_of(circuit, op));
    gates.push_back(std::move(json));
  }
  return gates;
}

Json output_json(const Circuit& circuit, const Readout& readout) {
  Json strings = Json::array();
  for (const ZString& string : readout.strings) {
    Json json{{"qubits", string.qubits}};
    if (string.weight_param < 0)
      json["weight"] = terms_json({string.weight, {}});
    else
      json["weight"] = terms_json(circuit.param_of.empty()
                                      ? trainable_number(string.weight_param)
                                      : circuit.param_of[static_cast<std::size_t>(string.weight_param)]);
    strings.push_back(std::move(json));
  }
  return strings;
}

}  // namespace

Json circuit_json(const HeadFunction& head) {
  const Circuit& circuit = *head.circuit();
  const ModelSpec& spec = head.spec();
  Json json{{"qubits", circuit.qubits},
            {"inputs", circuit.function_inputs()},
            {"trainable", assemble(head_ansatz(spec)).layout.names()},
            {"map", {{"kind", std::string(name(spec.head.angle_map))}, {"gain", head.gain()}}},
            {"shared", gates_json(circuit, circuit.shared)}};
  Json& encodings = json["encodings"] = Json::array();
  for (const AmplitudeEncoding& encoding : circuit.encodings)
    encodings.push_back({{"numbers", encoding.of}, {"qubits", encoding.qubits}});
  Json& blocks = json["blocks"] = Json::array();
  for (const Block& block : circuit.blocks) {
    Json outputs = Json::array();
    for (const Readout& output : block.outputs) outputs.push_back(output_json(circuit, output));
    blocks.push_back(
        {{"qubits", block.qubits}, {"gates", gates_json(circuit, block.ops)}, {"outputs", outputs}});
  }
  Json& columns = json["columns"] = Json::array();
  for (const ReadoutColumn& column : head.readout()->columns) {
    std::vector<double> weights = column.weights;
    for (double& weight : weights) weight /= head.readout()->divisor;
    Json& made =
        columns.emplace_back(Json{{"outputs", column.outputs}, {"weights", weights}, {"bias", column.bias}});
    if (column.half_width != 0.0) made["tanh"] = {column.middle, column.half_width};
  }
  return json;
}

}  // namespace qmtl
