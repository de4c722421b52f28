// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// IBM's IAM tokens and Runtime REST interface for one backend.
class IbmService {
 public:
  explicit IbmService(Emulation& emulation) : emulation_(emulation) {}

  /// POST /identity/token.
  WireReply give_token(EmulatorCall& call);
  /// Everything else; `segments` without the version.
  WireReply answer(const std::vector<std::string>& segments, EmulatorCall& call);
  /// The error body of the service.
  WireReply refuse(const WireRefusal& refusal) const;

  void authorise(const EmulatorCall& call) const;
  WireReply versions(EmulatorCall& call);
  WireReply backends(EmulatorCall& call);
  WireReply configuration(EmulatorCall& call);
  WireReply properties(EmulatorCall& call);
  WireReply status(EmulatorCall& call);
  WireReply usage(EmulatorCall& call);
  WireReply create_job(EmulatorCall& call);
  WireReply list_jobs(EmulatorCall& call);
  WireReply get_job(EmulatorCall& call);
  WireReply results(EmulatorCall& call);
  WireReply logs(EmulatorCall& call);
  WireReply metrics(EmulatorCall& call);
  WireReply cancel(EmulatorCall& call);
  WireReply delete_job(EmulatorCall& call);
  WireReply set_tags(EmulatorCall& call);
  WireReply create_session(EmulatorCall& call);
  WireReply get_session(EmulatorCall& call);
  WireReply patch_session(EmulatorCall& call);
  WireReply close_session(EmulatorCall& call);

 private:
  std::shared_ptr<EmulatedJob> job_of(EmulatorCall& call) const;
  void check_backend(const EmulatorCall& call) const;
  nlohmann::json& session_of(const EmulatorCall& call) const;
  /// `look`: at what it was charged too, which may not be told at the first.
  nlohmann::json job_json(EmulatedJob& job, bool params, bool look) const;
  /// Brings state and length of a session up to date.
  void refresh(nlohmann::json& session);

  Emulation& emulation_;
  std::map<std::string, double> active_since_;  ///< sessions whose first job has come, seconds since 1970
};

}  // namespace qmtl
