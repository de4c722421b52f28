// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "hardware/emulator/emulator.h"

namespace qmtl {

/// The emulator behind a socket.
class EmulatorServer {
 public:
  /// Listens at once; port 0 picks a free one. Throws Error (usage) if address and port cannot be taken.
  EmulatorServer(EmulatorOptions options, const std::string& address, int port);
  ~EmulatorServer();

  int port() const;
  /// Returns when it was stopped.
  void wait();
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace qmtl
