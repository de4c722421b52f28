// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <utility>
#include <vector>

#include "runtime/noise/noise_model.h"
#include "runtime/noise/pauli_vector.h"
#include "runtime/noise/program.h"

namespace qmtl {

/// Transfer matrices of a noise model's channels, and of two-qubit gates with what acts after them: made
/// once, shared by all programs.
class Transfers {
 public:
  explicit Transfers(const NoiseTable& noise);

  /// A channel of the model, on one qubit.
  const std::array<double, 16>& one(int channel) const { return one_[static_cast<std::size_t>(channel)]; }
  /// The number of the matrix of the two-qubit gate at steps[first] and of the channel steps behind it, on
  /// the gate's first and second place; `first` is moved behind them.
  int two(const Program& program, std::size_t& first);
  const PauliVector::Sparse& two(int number) const { return two_[static_cast<std::size_t>(number)]; }

 private:
  const NoiseTable& noise_;
  std::vector<std::array<double, 16>> one_;
  std::vector<PauliVector::Sparse> two_;
  std::map<std::vector<int>, int> number_of_;
};

/// A program run exactly, as a density matrix in the Pauli basis: 4^peak real numbers. Neighbouring one-qubit
/// gates and channels become one matrix; those on a qubit that is still alone, its first state.
class ExactProgram {
 public:
  /// Keeps a reference to `transfers`. `alive`: qubits of the state that it goes on from, at places 0, 1, ...
  ExactProgram(const Program& program, const NoiseTable& noise, Transfers& transfers, int alive = 0);

  void bind(std::span<const double> params);
  /// The states in front of each stage, where its gradient needs them.
  using Tape = std::vector<PauliVector>;
  /// spectrum[s] = expectation of the product of Z over the measured qubits in bit mask s, errors of the
  /// measurement included; 2^measured numbers. Bit i is measured qubit i. Unless `tape` is null it gets what
  /// add_gradient reads.
  std::vector<double> spectrum(std::span<const double> angles, Tape* tape = nullptr) const {
    return read(run({}, angles, tape));
  }
  /// For slopes[s] = d loss / d spectrum[s] of the call with that tape: ADDS d loss / d angles and / d
  /// parameters.
  void add_gradient(std::span<const double> angles, const Tape& tape, std::vector<double> slopes,
                    std::span<double> angle_gradients, std::span<double> param_gradients) const {
    pull(unread(std::move(slopes)), angles, tape, angle_gradients, param_gradients);
  }

  // The steps of both.
  /// The state behind the program.
  PauliVector run(PauliVector state, std::span<const double> angles, Tape* tape = nullptr) const;
  /// From d loss / d coefficients behind the program to those in front of it.
  PauliVector pull(PauliVector back, std::span<const double> angles) const;
  /// The same, and ADDS to the gradients.
  PauliVector pull(PauliVector back, std::span<const double> angles, const Tape& tape,
                   std::span<double> angle_gradients, std::span<double> param_gradients) const;
  /// The spectrum of the last state, and the way back.
  std::vector<double> read(const PauliVector& state) const;
  PauliVector unread(std::vector<double> slopes) const;

 private:
  struct Piece {
    Op op;                  ///< a rotation, when `channel` is negative
    int channel = -1;       ///< a channel of the model
    bool constant = false;  ///< after bind: `matrix` holds
    std::array<double, 16> matrix{};
  };
  struct Stage {
    enum class Kind : std::uint8_t { add, one, two, drop };
    Kind kind;
    int place0 = -1, place1 = -1;
    int transfer = -1;          ///< two
    std::vector<Piece> pieces;  ///< add, one: in order
    std::vector<Piece> bound;   ///< the same with neighbouring constants multiplied
  };
  std::array<double, 16> product(const Stage& stage, std::span<const double> angles) const;
  /// Coefficients of a qubit after a stage's pieces, which begins in |0>.
  static std::array<double, 4> from_zero(const std::array<double, 16>& transfer);
  std::vector<std::size_t> readings() const;  ///< of each mask of the spectrum: its coefficient's index
  /// Adds what a stage's rotations bring, given d loss / d the product of its pieces.
  void add_rotations(const Stage& stage, std::span<const double> angles, const std::array<double, 16>& slopes,
                     std::span<double> angle_gradients, std::span<double> param_gradients) const;

  PauliVector go_back(PauliVector back, std::span<const double> angles, const Tape* tape,
                      std::span<double> angle_gradients, std::span<double> param_gradients) const;

  const Transfers& transfers_;
  std::vector<Stage> stages_;
  std::vector<double> params_;
  std::vector<int> places_;            ///< of the measured qubits at the end
  int qubits_ = 0;                     ///< alive at the end
  std::vector<ReadoutError> readout_;  ///< of the measured qubits
};

/// Changes expectations of Z-strings, spectrum[mask], to those of the readings: bit i has the error
/// errors[i].
void apply_readout(std::span<const ReadoutError> errors, std::span<double> spectrum);
/// Its transpose, for d loss / d spectrum.
void pull_readout(std::span<const ReadoutError> errors, std::span<double> slopes);

}  // namespace qmtl
