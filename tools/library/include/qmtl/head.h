// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qmtl/task.h"
#include "qmtl/tensor.h"

namespace qmtl {

class Model;

/// A call of a training, and which random numbers its shot noise takes: equal draws have equal noise in every
/// row.
struct ShotNoise {
  std::uint64_t seed = 0;  ///< of a training
  std::int64_t step = 0;   ///< a number of the call
};

/// The head of a model alone: from a representation z that the caller computes to the logits of all tasks,
/// and their vector-Jacobian product for the caller's loss. Gradients are exact (adjoint differentiation), in
/// double precision outside the circuit, and no bit depends on threads. Const calls may run concurrently with
/// each other.
///
/// Throws Error (usage) with the expected and the found length where a span does not fit.
class TaskHead {
 public:
  /// An untrained head for `tasks`. `configuration` holds the tables [circuit], [block] and [head] of a
  /// training configuration (io/FORMATS.md) as TOML; everything has a default, so that it may be empty.
  /// `seed` is that of the parameters' start.
  explicit TaskHead(const std::vector<LabelledTask>& tasks, std::string_view configuration,
                    std::uint64_t seed = 1);
  /// The trained head of a checkpoint, or of a run folder's best one.
  static TaskHead load(const std::string& path);
  /// The trained head of a model.
  static TaskHead of(const Model& model);
  /// An equal head that computes its circuit in `precision`, "float" or "double", whatever train.precision
  /// says.
  TaskHead with_precision(const std::string& precision) const;

  /// An equal head that computes its circuit on a noisy device where a call has a ShotNoise: exact
  /// expectations under the noise, and the exact gradients of those. `noise`: the text of a noise file
  /// (io/FORMATS.md), `name` the file's, in messages; one that ends with .json holds the properties of an IBM
  /// backend. No part of the model: a checkpoint does not hold it. Throws Error (usage) naming file and key,
  /// and for circuits that have neither an expansion nor at most eight qubits alive at once in an
  /// output's backward cone.
  TaskHead with_noise(std::string_view noise, const std::string& name) const;
  bool noisy() const;  ///< of with_noise, or train.noise

  TaskHead(TaskHead&&) noexcept;             ///< leaves nothing but a head to be assigned to
  TaskHead& operator=(TaskHead&&) noexcept;  ///< the same
  ~TaskHead();

  std::size_t width() const;    ///< columns of z; heads with a circuit: as many numbers as it reads
  std::size_t outputs() const;  ///< columns of logits, task after task
  const std::vector<LabelledTask>& tasks() const;  ///< in the order of their columns of logits
  /// Name and value of every key of the configuration, as TOML: with tasks() it makes the same head.
  std::string configuration() const;
  /// The circuit as JSON, for those who build it elsewhere; "" for heads without one. Its keys:
  /// "qubits"; "inputs": how many numbers its angles read; "map": {"kind", "gain"}: the first are
  /// kind(gain * z); "encodings": behind them, for each {"numbers", "qubits"} the 2^qubits - 1 angles of the
  /// rotations that make those numbers of z a state's amplitudes, level by level (io/FORMATS.md);
  /// "trainable": names of the trained numbers, the first of parameters(); "shared": the stage's gates;
  /// "blocks": a list of {"qubits", "gates", "outputs"} that each follow the stage; "columns": of each logit
  /// {"outputs", "weights", "bias"} as bound: u = bias + sum of weight * expectation, outputs counted over
  /// all blocks, and "tanh": [middle, half_width] where the logit is middle + half_width * tanh(u). A gate is
  /// {"gate", "qubits"}, one of rx, ry, rz, cx, cz, and of a rotation "angle" in radians; an output is a list
  /// of products of Z, {"qubits", "weight"}, that are added up. Angles and weights are sums of terms
  /// {"factor", "trainable", "inputs"}: the factor times that trained number and those inputs, where they are
  /// there.
  std::string circuit() const;
  /// The circuit drawn as text (UTF-8), its first blocks; "" for heads without one.
  std::string drawing() const;
  /// As `qmtl plan --json` prints it: parameters, cost, plan, dead parameters and warnings.
  std::string plan() const;

  int shots() const;  ///< train.shots of the configuration; 0: none

  std::vector<Tensor> tensors() const;  ///< of parameters(), in order of offset, without gaps

  std::span<const double> parameters() const;  ///< all tensors, valid until they are set
  /// Replaces all parameters. Not while other calls run.
  void set_parameters(std::span<const double> values);

  /// Writes logits[rows, outputs] of z[rows, width].
  void forward(std::span<const float> z, std::span<float> logits) const;
  /// The same in double precision.
  void forward(std::span<const double> z, std::span<double> logits) const;

  /// The same in training: on the device of with_noise, and with the shot noise of train.shots, a normal of
  /// each readout's variance there. Costs as much as vjp.
  void forward(std::span<const float> z, std::span<float> logits, const ShotNoise& noise) const;
  /// The same in double precision.
  void forward(std::span<const double> z, std::span<double> logits, const ShotNoise& noise) const;

  /// For cotangents[rows, outputs] = d loss / d logits at z[rows, width]: writes dz[rows, width] = d loss / d
  /// z and dparameters = d loss / d parameters, summed over the rows. Throws Error (usage) for a model that
  /// took on tasks later, whose earlier tasks have no gradients.
  void vjp(std::span<const float> z, std::span<const float> cotangents, std::span<float> dz,
           std::span<double> dparameters) const;
  /// The same in double precision.
  void vjp(std::span<const double> z, std::span<const double> cotangents, std::span<double> dz,
           std::span<double> dparameters) const;
  /// The same for the logits that forward gave with this noise.
  void vjp(std::span<const float> z, std::span<const float> cotangents, std::span<float> dz,
           std::span<double> dparameters, const ShotNoise& noise) const;
  /// The same in double precision.
  void vjp(std::span<const double> z, std::span<const double> cotangents, std::span<double> dz,
           std::span<double> dparameters, const ShotNoise& noise) const;

 private:
  struct Body;
  explicit TaskHead(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace qmtl
