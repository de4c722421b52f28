// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace qmtl {

enum class FaultAction : std::uint8_t {
  status,
  drop_before,
  drop_during,
  drop_after,
  slow,
  expire_token,
  results_late,
  fail_job,
  partial_failure,
  reverse_bits,
  wrong_sum,
  leakage,
  truncate_json,
  not_json,
  bad_zlib,
  huge_body,
  overcharge,
  late_charge,
  double_charge,
};

struct FaultActionInfo {
  FaultAction action;
  std::string_view name;  ///< a number stands for the action `status`
  std::string_view summary;
};

inline constexpr std::array<FaultActionInfo, 19> fault_actions{{
    {FaultAction::status, "NUMBER", "answers with this HTTP status (retry-after=SECONDS) and does nothing"},
    {FaultAction::drop_before, "drop-before", "cuts the connection and does nothing"},
    {FaultAction::drop_during, "drop-during", "does it, then cuts the connection halfway in the answer"},
    {FaultAction::drop_after, "drop-after", "does it, then cuts the connection without an answer"},
    {FaultAction::slow, "slow", "answers late (seconds=1)"},
    {FaultAction::expire_token, "expire-token", "access tokens given so far are no longer valid"},
    {FaultAction::results_late, "results-late", "no results yet although the job is completed"},
    {FaultAction::fail_job, "fail-job", "the job made by this request fails"},
    {FaultAction::partial_failure, "partial-failure", "the last program of the job has no results"},
    {FaultAction::reverse_bits, "reverse-bits", "the bits of every shot in the wrong order"},
    {FaultAction::wrong_sum, "wrong-sum", "one shot of every program is missing"},
    {FaultAction::leakage, "leakage", "the first shot of every program is marked as leaked"},
    {FaultAction::truncate_json, "truncate-json", "half of the body, as if it were all"},
    {FaultAction::not_json, "not-json", "a page of HTML instead of the body"},
    {FaultAction::bad_zlib, "bad-zlib", "damages compressed arrays"},
    {FaultAction::huge_body, "huge-body", "blanks before the body (bytes=1000000000)"},
    {FaultAction::overcharge, "overcharge",
     "the job made by this request is charged more (factor=2), cap or not"},
    {FaultAction::late_charge, "late-charge",
     "its charge is told after so many looks at the ended job (polls=3)"},
    {FaultAction::double_charge, "double-charge", "its charge is doubled after it was told"},
}};

/// "METHOD PATH:WHEN=ACTION[,key=value...]". METHOD may be *. PATH is without the version: "/jobs", with *
/// for any one segment ("/jobs/*/results"), or one word without a slash for the last segment ("results").
/// WHEN counts the requests that fit: "2", "1-3", "4-", or * for all.
struct Fault {
  std::string text;  ///< as written
  std::string method, path;
  std::uint64_t first = 1, last = UINT64_MAX;
  FaultAction action = FaultAction::status;
  int status = 0;
  std::map<std::string, double> values;

  double value(const std::string& key, double otherwise) const;
};

/// Throws Error (usage) naming the text, what was expected and found.
Fault parse_fault(const std::string& text);

/// Faults that a request meets.
class FaultSet {
 public:
  void add(Fault fault) { faults_.push_back(std::move(fault)); }
  const Fault* find(FaultAction action) const;
  bool has(FaultAction action) const { return find(action) != nullptr; }
  std::string text() const;  ///< all, joined; "" for none

 private:
  std::vector<Fault> faults_;
};

/// Faults to come, and how often each one's requests came so far.
class FaultPlan {
 public:
  void set(std::vector<Fault> faults);
  const std::vector<Fault>& faults() const { return faults_; }
  /// Counts the request. `path` is without the version.
  FaultSet take(const std::string& method, const std::string& path);

 private:
  std::vector<Fault> faults_;
  std::vector<std::uint64_t> seen_;
};

}  // namespace qmtl
