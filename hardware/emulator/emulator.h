// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// The services without a socket: every request has its answer. May be called from several threads.
///
/// Paths: /identity/token and /api/v1 (or /v1) are IBM's, /v0.4 is IonQ's, /_emulator/faults is the
/// emulator's own (GET, PUT {"faults": [...]}, DELETE; "Authorization: Bearer TOKEN" with the API key).
class Emulator {
 public:
  explicit Emulator(EmulatorOptions options);
  ~Emulator();

  WireReply answer(const WireRequest& request);
  const EmulatorOptions& options() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace qmtl
