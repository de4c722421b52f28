// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoints/offline.h"

namespace qmtl {
namespace {

class OfflineEndpoint final : public Endpoint {
 public:
  const EndpointInfo& info() override { return info_; }
  CostEstimate estimate(const DeviceJob&) override { return {}; }
  std::string submit(const DeviceJob&) override { refuse(); }
  std::vector<std::string> find(const std::string&) override { refuse(); }
  JobStatus status(const std::string&) override { refuse(); }
  JobResult fetch(const std::string&, const DeviceJob&) override { refuse(); }
  void cancel(const std::string&) override { refuse(); }

 private:
  [[noreturn]] static void refuse() {
    throw EndpointError(EndpointFault::refused,
                        "only results that are here are looked at; nothing is asked of the service");
  }
  EndpointInfo info_;
};

}  // namespace

std::unique_ptr<Endpoint> make_offline_endpoint() { return std::make_unique<OfflineEndpoint>(); }

}  // namespace qmtl
