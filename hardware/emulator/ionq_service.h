// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// IonQ's REST interface v0.4: a simulator and devices that are simulated with the noise model.
class IonqService {
 public:
  explicit IonqService(Emulation& emulation) : emulation_(emulation) {}

  /// `segments` without the version.
  WireReply answer(const std::vector<std::string>& segments, EmulatorCall& call);
  /// The error body of the service.
  WireReply refuse(const WireRefusal& refusal) const;

  void authorise(const EmulatorCall& call) const;
  WireReply create_job(EmulatorCall& call);
  WireReply list_jobs(EmulatorCall& call);
  WireReply get_job(EmulatorCall& call);
  WireReply delete_job(EmulatorCall& call);
  WireReply cancel(EmulatorCall& call);
  WireReply cancel_several(EmulatorCall& call);
  WireReply probabilities(EmulatorCall& call);
  WireReply histogram(EmulatorCall& call);
  WireReply shots(EmulatorCall& call);
  WireReply artifact(EmulatorCall& call);
  WireReply cost(EmulatorCall& call);
  WireReply estimate(EmulatorCall& call);
  WireReply backends(EmulatorCall& call);
  WireReply backend(EmulatorCall& call);
  WireReply characterizations(EmulatorCall& call);
  /// What was called calibrations before it was called characterizations: of one device.
  WireReply calibrations(EmulatorCall& call);
  WireReply whoami(EmulatorCall& call);
  WireReply create_session(EmulatorCall& call);
  WireReply list_sessions(EmulatorCall& call);
  WireReply get_session(EmulatorCall& call);
  WireReply end_session(EmulatorCall& call);

 private:
  /// A job, or one run of a job with several circuits (then `run` is its number).
  struct Found {
    std::shared_ptr<EmulatedJob> job;
    int run = -1;
  };
  std::optional<Found> find(const std::string& id) const;
  Found found_of(EmulatorCall& call) const;
  /// Refuses a session that takes no job of that price.
  void check_session(const std::string& id, double more) const;
  JobState state(const Found& found) const;
  nlohmann::json job_json(const Found& found) const;
  nlohmann::json results_json(const Found& found, const std::string& id) const;
  /// Results of a job, or of each child by its id, in one form.
  WireReply results(const std::string& form, EmulatorCall& call);
  nlohmann::json run_results(const std::string& form, EmulatedJob& job, std::size_t run, EmulatorCall& call);

  Emulation& emulation_;
};

}  // namespace qmtl
