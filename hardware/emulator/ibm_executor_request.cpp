// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <map>

#include "hardware/emulator/broadcast.h"
#include "hardware/emulator/ibm_circuit.h"
#include "hardware/emulator/ibm_executor.h"
#include "hardware/emulator/samplex/samplex.h"
#include "hardware/formats/wire_tensor.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// An item's number in a job of that name.
struct ItemPlace {
  const std::string& key;
  std::size_t number;
};

/// Elements on the last axis, and the shape in front of it.
struct Arguments {
  std::vector<std::size_t> shape;
  std::vector<double> values;
};

Arguments read_arguments(const SortedJsonField& field, std::size_t width, const EmulatorOptions& options) {
  const WireTensor tensor = read_tensor(field, options.most_bytes);
  if (tensor.shape.empty() || tensor.shape.back() != width)
    field.at("shape").wrong(std::to_string(width) + " numbers on the last axis");
  Arguments arguments{{tensor.shape.begin(), tensor.shape.end() - 1}, {}};
  // An axis of no parameters has no elements, however often it is repeated.
  for (std::size_t axis : arguments.shape)
    if (axis == 0) field.at("shape").wrong("at least one set of arguments");
  if (tensor.dtype.starts_with("c")) field.at("dtype").wrong("a type of real numbers");
  arguments.values = doubles(tensor);
  for (double value : arguments.values)
    if (!std::isfinite(value)) field.wrong("finite numbers", "others");
  return arguments;
}

/// The item's shape, to which its arguments broadcast. Refuses more executions than a job may have, and more
/// angles than a request may hold: a shape may repeat the arguments.
void set_shape(const SortedJsonField& item, const std::vector<std::size_t>& given,
               const EmulatorOptions& options, EmulatedRun& run) {
  const SortedJsonField field = item.at("shape");
  std::vector<std::size_t> asked;
  for (const SortedJsonField& axis : field.list())
    asked.push_back(static_cast<std::size_t>(axis.integer(1, most_ibm_executions)));
  const auto shape = broadcast(given, asked);
  if (!shape) field.wrong("a shape that the arguments broadcast to");
  double rows = 1;
  for (std::size_t axis : *shape) rows *= static_cast<double>(axis);
  if (rows * static_cast<double>(run.shots) > static_cast<double>(most_ibm_executions))
    field.wrong("at most " + std::to_string(most_ibm_executions) + " executions", "more");
  const double inputs = static_cast<double>(run.sweep.program.inputs.size());
  if (rows * inputs * sizeof(double) > static_cast<double>(options.most_bytes))
    field.wrong("at most " + std::to_string(options.most_bytes) + " bytes of angles", "more");
  run.shape = *shape;
  run.sweep.rows = elements_of(run.shape);
}

void read_circuit_item(const SortedJsonField& item, const ItemPlace&, const EmulatorOptions& options,
                       EmulatedRun& run) {
  only(item, {"item_type", "circuit_arguments", "shape", "chunk_size"});
  const std::size_t inputs = run.sweep.program.inputs.size();
  const Arguments arguments = read_arguments(item.at("circuit_arguments"), inputs, options);
  set_shape(item, arguments.shape, options, run);
  for (std::size_t row = 0; row < run.sweep.rows; ++row) {
    const auto from =
        arguments.values.begin() +
        static_cast<std::ptrdiff_t>(inputs * broadcast_element(row, run.shape, arguments.shape));
    run.sweep.values.insert(run.sweep.values.end(), from, from + static_cast<std::ptrdiff_t>(inputs));
  }
}

Samplex samplex_of(const SortedJsonField& item) {
  const SortedJsonField field = item.at("samplex");
  only(field, {"ssv", "samplex_json"});
  try {
    return read_samplex(field.at("samplex_json").text());
  } catch (const Error& error) {
    refuse_ibm(field.place() + ": " + error.what());
  }
}

/// Draws the angles of every row, and what of its readings they flip.
void draw_rows(const Samplex& samplex, const std::vector<Arguments>& arguments,
               const std::vector<std::size_t>& given, SamplexRandom random, EmulatedRun& run) {
  for (const Samplex::Tensor& output : samplex.flips) {
    std::vector<std::size_t> shape = run.shape;
    shape.push_back(1);
    shape.push_back(output.size);
    run.flips.emplace_back(output.name, tensor_of_bits(shape));
  }
  std::map<std::size_t, std::uint32_t> draws;  // with these arguments so far
  for (std::size_t row = 0; row < run.sweep.rows; ++row) {
    const std::size_t place = broadcast_element(row, run.shape, given);
    random.arguments = static_cast<std::uint32_t>(place);
    random.number = draws[place]++;
    std::vector<std::span<const double>> inputs;
    for (std::size_t a = 0; a < arguments.size(); ++a) {
      const std::size_t width = samplex.inputs[a].size;
      inputs.push_back(std::span(arguments[a].values)
                           .subspan(width * broadcast_element(row, run.shape, arguments[a].shape), width));
    }
    const SamplexDraw draw = samplex.draw(random, std::move(inputs));
    run.sweep.values.insert(run.sweep.values.end(), draw.angles.begin(), draw.angles.end());
    for (std::size_t f = 0; f < samplex.flips.size(); ++f)
      for (std::size_t bit = 0; bit < draw.flips[f].size(); ++bit)
        if (draw.flips[f][bit] != 0) set_bit(run.flips[f].second, row * draw.flips[f].size() + bit);
  }
}

void read_samplex_item(const SortedJsonField& item, const ItemPlace& place, const EmulatorOptions& options,
                       EmulatedRun& run) {
  only(item, {"item_type", "samplex", "samplex_arguments", "shape", "chunk_size"});
  const Samplex samplex = samplex_of(item);
  if (samplex.angles != run.sweep.program.inputs.size())
    item.at("samplex").wrong(
        "a samplex for the circuit's " + std::to_string(run.sweep.program.inputs.size()) + " parameters",
        "one for " + std::to_string(samplex.angles));
  const SortedJsonField fields = item.at("samplex_arguments");
  std::vector<Arguments> arguments;
  std::vector<std::size_t> given;
  for (const Samplex::Tensor& input : samplex.inputs) {
    arguments.push_back(read_arguments(fields.at(input.name), input.size, options));
    const auto joined = broadcast(given, arguments.back().shape);
    if (!joined) fields.wrong("tensors that broadcast together");
    given = *joined;
  }
  if (fields.members().size() != arguments.size()) fields.wrong("the samplex's inputs");
  set_shape(item, given, options, run);
  constexpr double most_steps = 2e9;
  if (static_cast<double>(run.sweep.rows) * static_cast<double>(samplex.elements) > most_steps)
    item.at("shape").wrong("fewer randomizations", "more than can be drawn");
  SamplexRandom random;
  random.seed = options.seed ^ sweep_key(place.key, place.number);
  random.item = static_cast<std::uint32_t>(place.number);
  try {
    draw_rows(samplex, arguments, given, random, run);
  } catch (const Error& error) {
    refuse_ibm(item.place() + ": " + error.what());
  }
}

struct ItemKind {
  std::string_view type;
  void (*read)(const SortedJsonField& item, const ItemPlace& place, const EmulatorOptions& options,
               EmulatedRun& run);
};
constexpr std::array<ItemKind, 2> item_kinds{
    {{"circuit", read_circuit_item}, {"samplex", read_samplex_item}}};

void read_item(const SortedJsonField& item, const ItemPlace& place, const EmulatorOptions& options,
               EmulatedRun& run) {
  if (const auto size = item.find("chunk_size"); size && !(size->is_text() && size->text() == "auto"))
    size->integer(1, most_ibm_executions);
  for (const ItemKind& kind : item_kinds)
    if (kind.type == item.at("item_type").text()) return kind.read(item, place, options, run);
  item.at("item_type").wrong("circuit or samplex");
}

/// {"data": [OpenQASM 3, ...]} or {"b64_data": QPY, "qpy_version": ..., "num_programs": ...}.
std::vector<EmulatedRun> read_circuits(const SortedJsonField& field, const EmulatorOptions& options) {
  if (const auto packed = field.find("b64_data")) {
    only(field, {"b64_data", "qpy_version", "num_programs"});
    return read_ibm_qpy(*packed, options);
  }
  only(field, {"data"});
  std::vector<EmulatedRun> circuits;
  for (const SortedJsonField& text : field.at("data").list()) {
    if (!text.is_text()) text.wrong("OpenQASM 3 as a text");
    circuits.push_back(read_ibm_circuit(text, options));
  }
  return circuits;
}

void check_executor_options(const SortedJsonField& options) {
  only(options, {"init_qubits", "rep_delay", "scheduler_timing", "stretch_values", "experimental"});
  for (const char* key : {"init_qubits", "scheduler_timing", "stretch_values"})
    if (const auto flag = options.find(key)) flag->boolean();
  if (const auto delay = options.find("rep_delay")) delay->number();
}

}  // namespace

void read_ibm_executor(const SortedJsonField& params, const EmulatorOptions& options, EmulatedJob& job) {
  only(params, {"schema_version", "quantum_program", "options"});
  const SortedJsonField version = params.at("schema_version");
  if (version.text() != "v2.0")
    version.wrong("v2.0, which qiskit-ibm-runtime 0.51 sends", "'" + version.text().substr(0, 20) + "'");
  check_executor_options(params.at("options"));
  const SortedJsonField program = params.at("quantum_program");
  only(program, {"shots", "circuits", "items", "semantic_role", "meas_level", "passthrough_data"});
  const std::int64_t shots = program.at("shots").integer(1, most_ibm_executions);
  if (const auto level = program.find("meas_level"); level && level->text() != "classified")
    level->wrong("classified: this emulator has no other readout");
  std::vector<EmulatedRun> circuits = read_circuits(program.at("circuits"), options);
  const auto items = program.at("items").list();
  if (items.empty()) program.at("items").wrong("at least one item");
  if (circuits.size() != items.size())
    program.at("items").wrong("one item for each of the " + std::to_string(circuits.size()) + " circuits");
  for (std::size_t i = 0; i < items.size(); ++i) {
    job.runs.push_back(std::move(circuits[i]));
    job.runs.back().shots = shots;
    read_item(items[i], {job.tag, i}, options, job.runs.back());
    check_ibm_values(job.runs.back(), items[i], options);
    check_ibm_executions(job);
  }
}

}  // namespace qmtl
