// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hardware/credentials.h"
#include "hardware/endpoint.h"

namespace qmtl {

/// A device library of QDMI (the Quantum Device Management Interface of the Munich Quantum Software Stack)
/// and what its session is opened with. Empty texts are not passed on.
struct QdmiSettings {
  std::string library;  ///< file that dlopen finds
  std::string prefix;   ///< of its functions: <prefix>_QDMI_device_initialize ...
  std::string base_url, auth_file, auth_url;
  Secret token;
  std::vector<std::string> custom;  ///< of the session's parameters CUSTOM1 .. CUSTOM5
};

/// QDMI's numbers of program formats and job states.
enum class QdmiFormat : int { qasm2 = 0, qasm3 = 1, iqm_json = 8 };
enum class QdmiJobState : int { created = 0, submitted, queued, running, done, cancelled, failed };

/// A qubit; times in seconds. What the device does not tell is missing.
struct QdmiSite {
  int number = 0;  ///< that programs have for it
  std::string name;
  std::optional<double> t1, t2;
};

/// An operation, and the qubits (by their numbers) at which it is calibrated; none where the device does not
/// tell.
struct QdmiOperation {
  struct Place {
    std::vector<int> sites;
    std::optional<double> fidelity;
  };
  std::string name;
  std::vector<Place> places;
};

/// One device library with one open session; each C call is wrapped once, and an error it returns becomes an
/// EndpointError that names library, call and code. The library stays loaded for the life of the process:
/// libraries with threads of their own rarely survive being closed. Not thread-safe.
class QdmiDevice {
 public:
  /// Throws Error (usage) for a library that cannot be loaded or lacks functions, and EndpointError (refused)
  /// for versions of QDMI other than 1.3 and 1.4: numbers and signatures move between them.
  explicit QdmiDevice(const QdmiSettings& settings);
  ~QdmiDevice();
  QdmiDevice(const QdmiDevice&) = delete;
  QdmiDevice& operator=(const QdmiDevice&) = delete;

  std::string name() const;
  std::size_t qubits() const;
  /// In the order of their numbers; empty if the device does not tell.
  std::vector<QdmiSite> sites() const;
  /// Empty if the device does not tell.
  std::vector<QdmiOperation> operations() const;
  /// Pairs of site numbers; empty if the device does not tell.
  std::vector<std::pair<int, int>> coupling() const;

  /// One program of one execution.
  class Job {
   public:
    Job(const QdmiDevice& device, void* handle) : device_(&device), handle_(handle) {}
    Job(Job&& other) noexcept : device_(other.device_), handle_(std::exchange(other.handle_, nullptr)) {}
    Job& operator=(Job&& other) noexcept;
    ~Job();

    /// `elsewhere`: an error that is no clear refusal leaves it uncertain whether the job was accepted.
    void submit(bool elsewhere);
    std::string id() const;
    QdmiJobState state() const;
    /// False if it has not ended within so many seconds.
    bool wait(std::size_t seconds) const;
    void cancel();
    /// The bitstrings and how often each was read.
    Counts histogram() const;

   private:
    std::vector<char> result(int kind, const std::string& what) const;
    const QdmiDevice* device_;
    void* handle_;
  };
  Job make_job(QdmiFormat format, const std::string& program, std::size_t shots) const;
  /// A job that this or an earlier process submitted. Throws EndpointError (refused) where the library
  /// cannot.
  Job find_job(const std::string& id) const;

 private:
  struct Functions;
  void open_session(const QdmiSettings& settings);
  void close();
  template <class Ask>
  std::optional<std::vector<char>> bytes_of(const std::string& what, const Ask& ask) const;
  std::optional<std::vector<char>> property(int number, const std::string& what) const;
  int number_of(void* site) const;
  /// In seconds, of what the device counts times in; nothing if it does not tell.
  std::optional<double> time_unit() const;
  void check_version();
  /// Throws unless `code` says success.
  void require(int code, const std::string& call) const;

  std::string library_;
  std::unique_ptr<Functions> call_;
  void* session_ = nullptr;
  bool lists_ = false;  ///< QDMI 1.4: jobs hold lists of programs
};

}  // namespace qmtl
