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
  /// An equal head that computes its circuit in `precision`, "float" or "double", whatever train.precision
  /// says.
  TaskHead with_precision(const std::string& precision) const;

  TaskHead(TaskHead&&) noexcept;             ///< leaves nothing but a head to be assigned to
  TaskHead& operator=(TaskHead&&) noexcept;  ///< the same
  ~TaskHead();

  std::size_t width() const;    ///< columns of z; heads with a circuit: as many numbers as it reads
  std::size_t outputs() const;  ///< columns of logits, task after task
  const std::vector<LabelledTask>& tasks() const;  ///< in the order of their columns of logits
  /// Name and value of every key of the configuration, as TOML: with tasks() it makes the same head.
  std::string configuration() const;
  std::vector<Tensor> tensors() const;  ///< of parameters(), in order of offset, without gaps

  std::span<const double> parameters() const;  ///< all tensors, valid until they are set
  /// Replaces all parameters. Not while other calls run.
  void set_parameters(std::span<const double> values);

  /// Writes logits[rows, outputs] of z[rows, width].
  void forward(std::span<const float> z, std::span<float> logits) const;
  /// The same in double precision.
  void forward(std::span<const double> z, std::span<double> logits) const;

  /// For cotangents[rows, outputs] = d loss / d logits at z[rows, width]: writes dz[rows, width] = d loss / d
  /// z and dparameters = d loss / d parameters, summed over the rows. Throws Error (usage) for a model that
  /// took on tasks later, whose earlier tasks have no gradients.
  void vjp(std::span<const float> z, std::span<const float> cotangents, std::span<float> dz,
           std::span<double> dparameters) const;
  /// The same in double precision.
  void vjp(std::span<const double> z, std::span<const double> cotangents, std::span<double> dz,
           std::span<double> dparameters) const;

 private:
  struct Body;
  explicit TaskHead(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace qmtl
