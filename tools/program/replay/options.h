// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "runtime/base/error.h"
#include "tools/program/options.h"
#include "tools/workflows/replay/run.h"

namespace qmtl {

/// The options that make a request: a new replay takes them, one that was begun has them in its folder.
void add_request_options(boost::program_options::options_description& options);
/// Of them data, split, samples, head-split, max-qubits, avoid, allocate and seed. Throws Error (usage)
/// naming the option.
ReplayRequest read_model_options(const Options& options);
/// Throws Error (usage) naming the option. Digests and the endpoint's own words are left empty.
ReplayRequest read_request_options(const Options& options);
/// The first of those options that was given, or nothing; with `scored` but for those that say how counts are
/// scored, which read_work_options reads.
std::optional<std::string> given_request_option(const Options& options, bool scored);

/// The options of mitigation and suppression, of replays and tunings; `by_default`: the kind of --mitigate
/// that is on without it.
void add_mitigation_options(boost::program_options::options_description& options, const char* by_default);
/// `noise`: the file of the device's noise. Throws Error (usage) naming the option.
void read_mitigation_options(const Options& options, MitigationSettings& settings, std::string& noise);

/// A whole number from `least` to `most`; `otherwise` where the option is not given.
std::int64_t whole(const Options& options, const char* key, std::int64_t otherwise, std::int64_t least,
                   std::int64_t most);

/// What `parse` returns, with the option's name in front of what it refuses.
template <class Parse>
auto of_option(const char* option, Parse parse) {
  try {
    return parse();
  } catch (const Error& error) {
    throw usage_error("--" + std::string(option) + ": " + error.what());
  }
}

/// The options of work on a replay, whether it is new or not.
void add_work_options(boost::program_options::options_description& options);
/// Throws Error (usage) naming the option.
ReplayWork read_work_options(const Options& options);

}  // namespace qmtl
