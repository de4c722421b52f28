// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hardware/emulator/faults.h"
#include "hardware/emulator/qasm_reader.h"
#include "hardware/emulator/queue_model.h"
#include "hardware/emulator/request_fields.h"
#include "hardware/emulator/tokens.h"
#include "hardware/emulator/wire.h"
#include "hardware/executor.h"
#include "hardware/formats/wire_tensor.h"

namespace qmtl {

/// Which forms of results IonQ's jobs offer.
enum class IonqResultForm : std::uint8_t { urls, artifacts, both };

struct EmulatorOptions {
  std::string token;  ///< the API key that clients must know
  NoiseModel noise;
  std::uint64_t seed = 0;
  DeviceTarget target;     ///< name and size of IBM's backend; with basis or coupling, programs must fit
  std::string properties;  ///< JSON that IBM's backend shows as its properties; "": made from the noise model
  QueueModel queue;
  std::vector<Fault> faults;
  IonqResultForm ionq_results = IonqResultForm::urls;
  std::string log;                    ///< file to which every request adds a line; "": none
  std::string state;                  ///< folder that keeps jobs over a restart; "": none
  double token_lifetime = 3600;       ///< seconds
  std::size_t most_bytes = 64 << 20;  ///< of a request's body
  std::function<double()> clock;      ///< seconds since 1970; empty: the system's
};

/// One program of a job with its values, as it is executed.
struct EmulatedRun {
  std::string id;  ///< of IonQ's child job
  Sweep sweep;
  std::int64_t shots = 0;
  std::vector<std::size_t> shape;       ///< of the rows
  std::vector<QasmRegister> registers;  ///< from classical bit 0 on
  std::vector<int> readings;            ///< of the registers' bits: ReadCircuit::readings
  /// What a samplex drew and says with the results: bits [rows..., 1, bits] that were flipped, by name.
  std::vector<std::pair<std::string, WireTensor>> flips;
};

struct EmulatedJob {
  std::string id, service;
  std::string tag;  ///< the client's name of it, "" for none
  std::string key;  ///< for the executor: the tag, or the job's number
  double created = 0;
  nlohmann::json request;
  std::vector<EmulatedRun> runs;
  bool ideal = false;             ///< without the noise model
  std::int64_t polls = 0;         ///< looks at its status
  std::optional<JobState> ended;  ///< failed or cancelled
  std::string reason;             ///< of the failure
  std::string reason_code;        ///< the service's
  bool partial = false;           ///< the last run failed
  bool too_long = false;          ///< it would cost more than it may: ended at its cap
  double charge_factor = 1;       ///< of what it is charged
  std::int64_t charge_after = 0;  ///< looks at its charge until that is told
  bool charged_twice = false;     ///< once it was told
  std::int64_t charge_looks = 0;
  std::once_flag executed;
  std::vector<std::vector<Counts>> counts;  ///< [run][row], once executed
};

/// What both services share: jobs, queue, executor. Its functions are called with `mutex` held.
class Emulation {
 public:
  /// Throws Error (usage) without a token, Error (data) for a state folder that cannot be read.
  explicit Emulation(EmulatorOptions options);

  const EmulatorOptions& options() const { return options_; }
  double now() const { return options_.clock(); }
  AccessTokens& tokens() { return tokens_; }

  /// Takes the job in under a new id.
  std::shared_ptr<EmulatedJob> add(std::shared_ptr<EmulatedJob> job);
  /// The job with that id of a service, or null.
  std::shared_ptr<EmulatedJob> find(const std::string& service, const std::string& id) const;
  /// All jobs of a service, oldest first.
  std::vector<std::shared_ptr<EmulatedJob>> list(const std::string& service) const;
  void erase(const std::string& id);
  /// Keeps what has changed.
  void save(const EmulatedJob& job) const;

  JobState state(const EmulatedJob& job) const;
  /// Executes the job if it was not yet; gives `lock` back meanwhile. A job that is too large for the
  /// simulator fails: throws WireRefusal (404).
  const std::vector<std::vector<Counts>>& execute(EmulatedJob& job, std::unique_lock<std::mutex>& lock) const;
  /// Exact probabilities of a run without noise where they can be had.
  std::optional<std::vector<double>> exact(const EmulatedRun& run) const;

  std::mutex mutex;
  std::map<std::string, nlohmann::json> sessions;

 private:
  void restore();

  EmulatorOptions options_;
  AccessTokens tokens_;
  Executor noisy_, ideal_;
  std::vector<std::shared_ptr<EmulatedJob>> jobs_;
  std::size_t made_ = 0;
};

/// A request on its way through a service.
struct EmulatorCall {
  const WireRequest& request;
  const FaultSet& faults;
  std::unique_lock<std::mutex>& lock;
  std::vector<std::string> holes;  ///< of the route's pattern
  std::string job, tag;            ///< for the log
  nlohmann::ordered_json more;     ///< likewise, an object: cap, session
};

/// Does what needs nothing that requests share while others are answered: reading a large body takes seconds.
template <class Work>
auto unlocked(EmulatorCall& call, Work work) {
  struct Locked {
    std::unique_lock<std::mutex>& lock;
    ~Locked() { lock.lock(); }
  } locked{call.lock};
  call.lock.unlock();
  return work();
}

/// A text's own identifier, in the form of a UUID.
std::string uuid_of(const std::string& text);

/// Counts as the faults show them.
Counts distorted(const Counts& counts, const FaultSet& faults);

/// Takes from the faults how the job will be charged.
void set_charges(EmulatedJob& job, const FaultSet& faults);
/// What is charged for a job that has ended instead of `usual`; nothing while that is not told. Asking is a
/// look at it.
std::optional<double> charge_of(EmulatedJob& job, double usual);

/// What a device would take, in seconds.
double device_seconds(const EmulatedJob& job);

}  // namespace qmtl
