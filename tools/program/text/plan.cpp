// SPDX-License-Identifier: Apache-2.0
#include "tools/program/text/plan.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <numeric>
#include <utility>
#include <vector>

#include "io/config/config.h"
#include "runtime/base/text.h"
#include "runtime/circuit/draw.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/train/task_weighting.h"
#include "tools/workflows/training/results.h"

namespace qmtl {
namespace {

/// "3.2 M" and so on.
std::string with_prefix(double value) {
  const char* const prefixes[] = {"", " k", " M", " G", " T", " P"};
  std::size_t step = 0;
  while (std::abs(value) >= 1000 && step + 1 < std::size(prefixes)) {
    value /= 1000;
    ++step;
  }
  return significant(value, step ? 3 : 4) + prefixes[step];
}

void line(const std::string& topic, const std::string& text) {
  std::printf("%-12s %s\n", topic.c_str(), text.c_str());
}

std::string plural(long long count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string layers_text(int layers, const std::vector<Gate>& rotations, Entangler entangler) {
  if (layers == 0) return "no layer";
  std::string text = plural(layers, "layer") + " of";
  for (Gate gate : rotations) text.append(" ").append(info(gate).name);
  return text + (info(entangler).entangles() ? " + " + std::string(name(entangler)) : ", no entangler");
}

/// The layers as a configuration would say them; those of presets are not in the file.
void print_by_hand(const AnsatzSpec& ansatz) {
  if (ansatz.preset.empty() && ansatz.block_preset.empty()) return;
  std::printf("%-12s the same by hand:\n", "");
  if (!ansatz.preset.empty())
    for (const CircuitLayer& layer : stage_layers(ansatz))
      std::printf("%s", written_layer(layer, "circuit.layer").c_str());
  if (!ansatz.block_preset.empty())
    for (const CircuitLayer& layer : block_layers_of(ansatz, 0))
      std::printf("%s", written_layer(layer, "block.layer").c_str());
}

void print_encodings(const Circuit& circuit, const Plan& plan) {
  for (std::size_t e = 0; e < circuit.encodings.size(); ++e) {
    const AmplitudeEncoding& encoding = circuit.encodings[e];
    const bool start = std::any_of(plan.parts.begin(), plan.parts.end(), [&](const Part& part) {
      return part.start && part.start->encoding == static_cast<int>(e);
    });
    const auto numbers = static_cast<long long>(encoding.of.size());
    const long long states = 1LL << encoding.qubits;
    line("amplitudes",
         plural(numbers, "number") + " of z over their norm as the state of " +
             plural(encoding.qubits, "qubit") +
             (numbers < states ? " (the other " + std::to_string(states - numbers) + " are 0)" : "") + ": " +
             plural(encoding.rotations(), "rotation") + " and " + std::to_string(states - 2) + " CX" +
             (start ? ", instead of which statevectors begin with them" : ""));
  }
  if (!circuit.encodings.empty()) line("", "z itself, past head.angle_map and head.gain");
}

/// The tasks whose logits are not scale * expectation + bias.
void print_output_maps(const ModelSpec& model) {
  std::string text;
  for (const TaskSpec& task : model.tasks) {
    const OutputMap& map = task.output;
    if (map.form == OutputForm::affine) continue;
    text += (text.empty() ? "" : "; ") + task.name +
            (map.bounded()
                 ? " from " + significant(map.low(), 4) + " to " + significant(map.high(), 4) + " by a tanh"
                 : ": the expectation itself");
  }
  if (!text.empty() && head_kind(model.head.kind).maps_outputs) line("logits", text);
}

void print_circuit(const ModelPlan& found) {
  const AnsatzSpec a = head_ansatz(found.config.model);
  std::cout << draw(found.circuit) << "\n" << std::flush;
  const bool by_hand = !a.preset.empty() || !a.stage.empty();
  if (by_hand)
    line("encoding",
         plural(a.qubits, "qubit") + ", " + plural(found.circuit.sample_inputs(), "input") + "; " +
             (a.preset.empty() ? plural(static_cast<long long>(a.stage.size()), "layer") + " by hand"
                               : plural(a.layers, "repetition") + " of " + a.preset));
  else
    line("encoding", plural(a.qubits, "qubit") + ", " + plural(found.circuit.angles, "angle") + " in " +
                         plural(a.uploads, "upload") + "; " +
                         layers_text(a.layers, a.rotations, a.entangler));
  print_encodings(found.circuit, found.plan);
  std::string registers = "all qubits";
  if (!a.registers.empty())
    registers = "registers given by hand";
  else if (a.placement == Placement::local)
    registers = "registers of " + plural(a.register_size, "qubit") + ", stride " + std::to_string(a.stride);
  if (!a.blocks.empty()) registers = "registers of the tasks' own";
  std::string layers = layers_text(a.block_layers, a.block_rotations, a.block_entangler) + " (" +
                       std::string(name(a.block_order)) + ")";
  if (!a.block_preset.empty()) layers = plural(a.block_layers, "repetition") + " of " + a.block_preset;
  if (!a.block_stage.empty())
    layers = plural(static_cast<long long>(a.block_stage.size()), "layer") + " by hand";
  line("blocks", plural(static_cast<long long>(a.block_outputs.size()), "task block") + " on " + registers +
                     "; " + layers);
  if (found.circuit.blocks.size() > a.block_outputs.size())
    line("", "read in several bases: " +
                 plural(static_cast<long long>(found.circuit.blocks.size()), "branch") + " of the state");
  const bool observables = !a.observables.empty() ||
                           std::any_of(a.blocks.begin(), a.blocks.end(),
                                       [](const BlockSpec& block) { return !block.observables.empty(); });
  line("readout", (observables ? std::string("observables") : std::string(name(a.readout))) + ", " +
                      plural(std::accumulate(a.block_outputs.begin(), a.block_outputs.end(), 0LL), "output"));
  print_output_maps(found.config.model);
  line("trained", "shared stage " + std::to_string(found.layout.shared) + ", blocks " +
                      std::to_string(found.layout.weights_begin - found.layout.shared) +
                      ", readout weights " + std::to_string(found.layout.total - found.layout.weights_begin));
  print_by_hand(a);
}

std::string time_text(double seconds) {
  const bool micro = seconds < 1e-3, milli = seconds < 1;
  return significant(seconds * (micro ? 1e6 : milli ? 1e3 : 1.0), 3) + (micro ? " us" : milli ? " ms" : " s");
}

const char* reads_text(CopyInputs reads) {
  switch (reads) {
    case CopyInputs::slices:
      return "a slice";
    case CopyInputs::stripes:
      return "a stripe";
    case CopyInputs::windows:
      return "a window";
    case CopyInputs::all:
      break;
  }
  return "all";
}

/// A circuit of the backbone: that of one copy.
void print_layer(const LayerCircuit& layer) {
  const CircuitCopies& spec = layer.spec;
  std::cout << draw(layer.circuit) << "\n" << std::flush;
  line("layer", layer.where + ": " + plural(static_cast<long long>(layer.copies), "circuit") + " of " +
                    plural(layer.circuit.qubits, "qubit") + ", each " +
                    plural(static_cast<long long>(layer.inputs), "input") + " (" + reads_text(spec.reads) +
                    " of those in front of it) -> " +
                    plural(static_cast<long long>(layer.outputs), "output") + "; " +
                    std::string(name(spec.angle_map)));
  line("", std::to_string(layer.numbers) + " trained numbers, " +
               (spec.share ? "the same for every circuit"
                           : std::to_string(layer.numbers / layer.copies) + " for each circuit") +
               "; plan " + std::string(name(layer.plan.kind)) + ", about " +
               time_text(layer.plan.cost.seconds * static_cast<double>(layer.copies)) +
               " per sample and gradient");
  if (!spec.ansatz.preset.empty()) {
    std::printf("%-12s the same by hand:\n", "");
    for (const CircuitLayer& gates : stage_layers(spec.ansatz))
      std::printf("%s", written_layer(gates, "backbone.layers.layer").c_str());
  }
}

void print_parameters(const ModelPlan& found) {
  const ParameterCount count = count_parameters(found.params);
  std::string head;
  for (const ParamInfo& param : found.params)
    if (param.head) head += (head.empty() ? "" : ", ") + param.name + " " + std::to_string(param.size);
  line("parameters", std::to_string(count.backbone + count.head) + ": backbone " +
                         std::to_string(count.backbone) + ", head " + std::to_string(count.head) + " (" +
                         head + ")");
}

void print_alternatives(const Plan& plan) {
  if (plan.alternatives.empty()) return;
  std::printf("%-12s %-10s %12s %9s %9s %7s\n", "", "kind", "time/sample", "FLOP", "bytes", "widest");
  for (const Alternative& other : plan.alternatives) {
    if (!other.obstacle.empty())
      std::printf("%-12s %-10s %s\n", "", std::string(name(other.kind)).c_str(), other.obstacle.c_str());
    else
      std::printf("%-12s %-10s %12s %9s %9s %7d\n", "", std::string(name(other.kind)).c_str(),
                  time_text(other.cost.seconds).c_str(), with_prefix(other.cost.flops).c_str(),
                  with_prefix(other.cost.bytes).c_str(), other.widest);
  }
}

/// The first output of every part's kind: its terms, or its causal cone.
void print_first_parts(const ModelPlan& found) {
  const std::vector<std::vector<int>> registers = blocks_by_register(found.circuit);
  if (registers.empty()) return;
  const Cone cone = cone_of(found.circuit, registers.front());
  std::string qubits;
  for (int q : cone.qubits) qubits += (qubits.empty() ? "" : ", ") + std::to_string(q);
  line("cone", "the first register's outputs depend on " + plural(cone.circuit.qubits, "qubit") + " (" +
                   qubits + ") and " + plural(static_cast<long long>(cone.params.size()), "parameter"));
  if (found.plan.kind == PlanKind::cones || found.plan.kind == PlanKind::mixed)
    std::cout << draw(cone.circuit, {.qubits = 12}) << std::flush;
  if (found.plan.terms == 0) return;
  line("terms", plural(static_cast<long long>(found.plan.terms), "product") +
                    " of cosines and sines of sample angles; aN is angle N, pN parameter N");
  for (const Part& part : found.plan.parts) {
    if (part.method != BlockMethod::pauli) continue;
    const auto expansion = expand_pauli(found.circuit, false);
    for (std::size_t value = 0; expansion && value < std::min<std::size_t>(2, part.cone.outputs.size());
         ++value) {
      const int output = part.cone.outputs[value];
      line("", "<O" + std::to_string(output) +
                   "> = " + describe_pauli(*expansion, static_cast<std::size_t>(output)));
    }
    break;
  }
}

/// What the parts of a training on a noisy device have in common, one line for each method.
void print_noise(const ModelPlan& found) {
  const NoisyPlan& noisy = *found.noisy;
  const char* first = "noise";
  for (const NoisyTraining method : {NoisyTraining::expansion, NoisyTraining::operators,
                                     NoisyTraining::density, NoisyTraining::trajectories}) {
    std::size_t blocks = 0, terms = 0;
    int cone = 0, alive = 0;
    double seconds = 0;
    for (const NoisyPlanPart& part : noisy.parts) {
      if (part.method != method) continue;
      blocks += part.blocks.size();
      terms += part.terms;
      cone = std::max(cone, part.cone);
      alive = std::max(alive, part.alive);
      seconds += part.cost.seconds;
    }
    if (blocks == 0) continue;
    std::string text = plural(static_cast<long long>(blocks), "block") + " by ";
    if (method == NoisyTraining::expansion)
      text += "expansion (exact): " + plural(static_cast<long long>(terms), "product");
    else if (method == NoisyTraining::operators)
      text += "operators on registers (exact): density matrices of the shared stage, cones of at most " +
              plural(cone, "qubit") + ", " + std::to_string(alive) + " of them at once";
    else if (method == NoisyTraining::density)
      text += "density matrix (exact): cones of at most " + plural(cone, "qubit") + ", " +
              std::to_string(alive) + " of them at once";
    else
      text += std::to_string(found.config.train.trajectories) +
              (found.config.train.trajectories == 1 ? " trajectory" : " trajectories") +
              " of each sample (unbiased): cones of at most " + plural(cone, "qubit") + ", " +
              std::to_string(alive) + " of them at once";
    line(first, text + "; about " + time_text(seconds) + " per sample and gradient");
    first = "";
  }
  line("", "about " + time_text(noisy.plan.cost.seconds * found.config.train.batch) +
               " on one core per step of " + std::to_string(found.config.train.batch) + " samples, " +
               significant(noisy.plan.cost.seconds / found.plan.cost.seconds, 2) + " times without noise");
}

void print_plan(const ModelPlan& found, int threads) {
  const Plan& plan = found.plan;
  line("plan", std::string(name(plan.kind)) + ": " + plan.reason);
  print_alternatives(plan);
  const auto states = std::count_if(plan.parts.begin(), plan.parts.end(),
                                    [](const Part& part) { return part.method != BlockMethod::pauli; });
  if (states > 0) line("", plural(states, "statevector") + ", the widest of " + plural(plan.widest, "qubit"));
  print_first_parts(found);
  const double batch = found.config.train.batch;
  line("cost", with_prefix(plan.cost.flops) + "FLOP per sample and gradient, " +
                   with_prefix(plan.cost.flops * batch) + "FLOP and about " +
                   time_text(plan.cost.seconds * batch) + " on one core per step of " +
                   std::to_string(found.config.train.batch) + " samples");
  line("memory",
       with_prefix(plan.cost.bytes) + "B per thread" +
           (threads > 1 ? ", " + with_prefix(plan.cost.bytes * threads) + "B for " + plural(threads, "thread")
                        : std::string()));
  if (found.noisy) print_noise(found);
}

/// What weighing tasks by their gradients adds to a step.
void print_weighting(const Config& config, const std::vector<ParamInfo>& params) {
  const TaskWeighting kind = config.train.task_weighting;
  if (!weighs_by_gradients(kind)) return;
  const auto tasks = static_cast<long long>(config.model.tasks.size());
  const double bytes = static_cast<double>(shared_params(kind, params).size * sizeof(double));
  const std::string each =
      kind == TaskWeighting::pcgrad
          ? "head and backbone run backward once for each of " + plural(tasks, "task") + " instead of once"
          : "the head runs backward once for each of " + plural(tasks, "task") + " instead of once";
  line("weighting", std::string(name(kind)) + ": " + each + ", and every unit of work keeps " +
                        with_prefix(bytes * static_cast<double>(tasks)) + "B of their gradients");
}

}  // namespace

void print_model_plan(const ModelPlan& found, int threads) {
  for (const LayerCircuit& layer : found.layers) print_layer(layer);
  if (found.has_circuit) print_circuit(found);
  print_parameters(found);
  if (!found.has_circuit) {
    line("plan", "head '" + found.config.model.head.kind + "' has no circuit");
  } else {
    line("dead", found.analysis.dead_params.empty()
                     ? std::string("no parameter")
                     : plural(static_cast<long long>(found.analysis.dead_params.size()), "parameter") +
                           ", see the warnings");
    print_plan(found, threads);
  }
  print_weighting(found.config, found.params);
  for (const std::string& warning : found.analysis.warnings) std::printf("warning: %s\n", warning.c_str());
  std::fflush(stdout);
}

void print_exports(const nlohmann::ordered_json& exports) {
  if (exports.is_null()) return;
  if (exports.empty()) return line("exports", "not tried: the model is large");
  std::string possible;
  std::vector<std::pair<std::string, std::string>> refused;  // reason, forms
  for (const auto& [form, reason] : exports.items()) {
    const auto text = reason.get<std::string>();
    if (text.empty()) {
      possible += (possible.empty() ? "" : ", ") + form;
      continue;
    }
    const auto known =
        std::find_if(refused.begin(), refused.end(), [&](const auto& r) { return r.first == text; });
    if (known == refused.end())
      refused.emplace_back(text, form);
    else
      known->second += ", " + form;
  }
  line("exports", possible.empty() ? "none" : possible);
  for (const auto& [reason, forms] : refused) line("", "not " + forms + ": " + reason);
  std::fflush(stdout);
}

}  // namespace qmtl
