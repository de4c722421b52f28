// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/circuit/circuit.h"
#include "runtime/noise/channel.h"

namespace qmtl {

/// A channel that acts after a gate. A one-qubit channel after a two-qubit gate acts on the gate's first (0)
/// or second (1) qubit, or on each of them (-1).
struct AppliedChannel {
  Channel channel;
  int on = -1;
};

/// What acts after every `gate`, or after those on `qubits` only (one number, or a pair; the order of the
/// pair matters for cx). Channels act in the order of the list.
struct GateNoise {
  Gate gate;
  std::vector<int> qubits;
  std::vector<AppliedChannel> channels;
  int pulses = 1;  ///< the channels are those of so many equal pulses that the gate is made of, in a row
  double seconds = 0.0;  ///< that it takes, all pulses together; 0: not known
};

/// How far a qubit's frequency is off while it waits: it turns about Z by 2 pi times that and the time. Of
/// devices' programs, whose gates have lengths; not Markovian: what turns one way is turned back behind an x.
struct IdleNoise {
  double detuning = 0.0;  ///< Hz, always
  double spread =
      0.0;  ///< Hz, standard deviation of what is constant in an execution, not from one to another
  bool operator==(const IdleNoise&) const = default;
};

/// Errors of measuring one qubit.
struct ReadoutError {
  double p1_given_0 = 0.0;  ///< probability to read 1 when the qubit is 0
  double p0_given_1 = 0.0;
  bool operator==(const ReadoutError&) const = default;
};

/// Noise of a device: what acts after its gates, and errors of its measurements. An entry for particular
/// qubits replaces the gate's general one, it does not add to it.
struct NoiseModel {
  std::vector<GateNoise> gates;
  ReadoutError readout;                    ///< of qubits without their own
  std::map<int, ReadoutError> readout_of;  ///< by qubit
  IdleNoise idle = {};                     ///< of qubits without their own
  std::map<int, IdleNoise> idle_of = {};   ///< by qubit
  std::vector<std::string> warnings = {};  ///< what was assumed where a file has no calibration
};

/// Whether some qubit's frequency is off while it waits.
bool has_idle_noise(const NoiseModel& model);

/// Throws Error (usage) naming entry and gate: channels that are not CPTP or do not fit the gate, two entries
/// for the same gate and qubits, negative qubits, probabilities outside 0 .. 1.
void check(const NoiseModel& model);

/// The model with `strength` (0 to 1) of its noise: every channel acts with that probability, and
/// probabilities of wrong readings are multiplied by it.
NoiseModel weakened(NoiseModel model, double strength);

/// A channel on particular qubits of a circuit (q1 = -1 for one-qubit channels); `channel` counts through all
/// channels of the model in order.
struct PlacedChannel {
  int channel = 0;
  int q0 = 0, q1 = -1;
};

/// A checked model, indexed: what acts after an operation, and the error of a qubit's measurement.
class NoiseTable {
 public:
  explicit NoiseTable(NoiseModel model);

  std::vector<PlacedChannel> after(const Op& op) const;
  const ReadoutError& readout(int qubit) const;
  const IdleNoise& idle(int qubit) const;
  /// What a gate takes, in seconds; 0: not known.
  double seconds(Gate gate, int q0, int q1) const;
  /// All channels of the model, numbered as in PlacedChannel.
  const std::vector<Channel>& channels() const { return channels_; }

 private:
  using Place = std::tuple<Gate, int, int>;  ///< gate and qubits, -1 where any
  NoiseModel model_;
  std::vector<Channel> channels_;
  std::vector<int> first_channel_;  ///< of each entry of the model
  std::map<Place, std::size_t> entry_at_;
};

}  // namespace qmtl
