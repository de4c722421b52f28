// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// Which positions of a list of qubits the gates of an entangler act on, in order.
enum class PairPattern : std::uint8_t {
  line,          ///< (0, 1), (1, 2), ...
  reverse_line,  ///< the same from the end
  ring,          ///< line, then (last, 0); two qubits have one gate
  circular,      ///< (last, 0), then line
  step,          ///< (i, i + range), modulo the qubits
  pairwise,      ///< (0, 1), (2, 3), ... then (1, 2), (3, 4), ...
  bricks,        ///< pairs that start at 0 in even layers and at 1 in odd ones
  sca,           ///< circular, moved on by one in each layer, control and target exchanged in odd layers
  full,          ///< every (i, j), i < j
  all_to_all,    ///< every ordered pair, from the last control down
  star,          ///< (0, i)
};

/// How a layer makes a state of numbers of the sample, other than by gates that they turn.
enum class LayerEncoding : std::uint8_t {
  none,
  amplitude,  ///< they are its amplitudes (amplitudes.h)
};

/// A gate on some qubits. In a layer qubits are positions of its register, inputs are those of the whole
/// circuit, and trainable numbers count from the layer's first on.
struct GateUse {
  Gate gate;
  std::vector<int> qubits;
  std::vector<Expression> angles;
  bool operator==(const GateUse&) const = default;
};

/// One layer of a stage or block: an encoding or numbers of the sample, gates on single qubits, gates on
/// pairs, gates by hand, in this order; each of them may be absent.
struct CircuitLayer {
  int repeat = 1;           ///< so many times, each with trainable numbers of its own
  std::vector<int> qubits;  ///< positions that upload, gates and patterns act on; empty: all

  LayerEncoding encode = LayerEncoding::none;  ///< nothing has acted on its qubits before
  int numbers = 0;  ///< that it encodes if none are listed in `inputs`; 0: as many as fit

  std::optional<Gate> upload;
  /// For each gate the inputs whose product turns it; empty: for single qubits the next ones, for pairs those
  /// of the two positions, counted from `first_input`.
  std::vector<std::vector<int>> inputs;
  int first_input = -1;  ///< of the defaults; -1: the first that no earlier layer has used (pairs: 0)
  double factor = 1.0;   ///< angle = factor * product + offset
  double offset = 0.0;
  bool reflect = false;                               ///< pi - input stands for each input
  bool train_weights = false, train_offsets = false;  ///< each upload has a trained factor, a trained summand

  std::vector<Gate> gates;  ///< each on every qubit in turn; one that turns has trained angles of its own

  std::optional<Gate> entangler;
  PairPattern pattern = PairPattern::ring;  ///< of the entangler, or of an upload on pairs
  int range = 1;
  std::vector<std::vector<int>> pairs;  ///< instead of a pattern; positions, as many as the gate acts on
  bool shared_angles = false;           ///< all gates of the entangler turn by the same trained angles

  std::vector<GateUse> ops;
  int declared_inputs = 0;  ///< of a whole program by hand, whether its gates read them or not

  bool operator==(const CircuitLayer&) const = default;
};

std::vector<std::pair<int, int>> pattern_pairs(PairPattern pattern, int range, int qubits, int layer);

/// What a trained number of a circuit is.
enum class TrainedRole : std::uint8_t { angle, weight, offset, readout };

struct TrainedNumber {
  std::string name;  ///< e.g. "shared.l0.ry.q3", "block2.l0.ry.q5", "block2.out0.weight.q5"
  TrainedRole role = TrainedRole::angle;
  std::optional<Gate> gate = {};  ///< that it turns; none of readouts' weights
  double start = 1.0;             ///< of weights
};

/// The numbers of a circuit as its layers are written one after another.
struct LayerNumbers {
  int next_input = 0;  ///< the first that no layer has used
  int inputs = 0;      ///< one more than the largest
  std::vector<TrainedNumber> trained;
};

class CircuitWriter;

/// Appends the gates of `layers` on the qubits of `reg`. `key` is what the user wrote them under
/// ("circuit.layer"), `part` begins the names of their trained numbers. Throws Error (usage) naming key and
/// value.
void write_layers(const std::vector<CircuitLayer>& layers, const std::string& key, const std::string& part,
                  const std::vector<int>& reg, CircuitWriter& writer, std::vector<Op>& ops,
                  LayerNumbers& numbers);

/// At least as many elementary gates as they would be written as, without making them.
double gates_of(const std::vector<CircuitLayer>& layers, double qubits);

std::string_view name(LayerEncoding value);
LayerEncoding parse_layer_encoding(std::string_view text);
std::string_view name(PairPattern value);
PairPattern parse_pattern(std::string_view text);

}  // namespace qmtl
