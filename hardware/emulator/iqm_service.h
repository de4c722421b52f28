// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// IQM Server's REST interface, version 1, for one quantum computer. Its clients want it at the root of a
/// host: it shares paths with IBM's and is told from it by what is asked for and by the bearer token, which
/// is the API key itself here.
class IqmService {
 public:
  explicit IqmService(Emulation& emulation) : emulation_(emulation) {}

  /// Whether a request is for this service; `segments` without the version.
  bool wants(const std::vector<std::string>& segments, const WireRequest& request) const;
  /// `segments` without the version.
  WireReply answer(const std::vector<std::string>& segments, EmulatorCall& call);
  /// The error body of the service.
  WireReply refuse(const WireRefusal& refusal) const;

  void authorise(const EmulatorCall& call) const;
  WireReply about(EmulatorCall& call);
  WireReply computers(EmulatorCall& call);
  WireReply health(EmulatorCall& call);
  WireReply chip(EmulatorCall& call);
  WireReply calibrated(EmulatorCall& call);
  WireReply metrics(EmulatorCall& call);
  WireReply create_job(EmulatorCall& call);
  WireReply get_job(EmulatorCall& call);
  WireReply payload(EmulatorCall& call);
  WireReply counts(EmulatorCall& call);
  WireReply measurements(EmulatorCall& call);
  WireReply cancel(EmulatorCall& call);
  WireReply delete_job(EmulatorCall& call);

 private:
  void check_computer(const EmulatorCall& call) const;
  std::shared_ptr<EmulatedJob> job_of(EmulatorCall& call) const;
  std::shared_ptr<EmulatedJob> completed_of(EmulatorCall& call) const;
  nlohmann::json job_json(const EmulatedJob& job) const;

  Emulation& emulation_;
};

}  // namespace qmtl
