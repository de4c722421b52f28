// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "hardware/emulator/emulation.h"
#include "hardware/emulator/ibm_request.h"
#include "hardware/emulator/ionq_request.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

std::string job_file(const std::string& folder, const std::string& id) { return folder + "/" + id + ".json"; }

Json described(const EmulatedJob& job) {
  return {{"format", "qmtl-emulated-job"},
          {"version", 1},
          {"id", job.id},
          {"service", job.service},
          {"tag", job.tag},
          {"key", job.key},
          {"created", job.created},
          {"ended", job.ended ? Json(name(*job.ended)) : Json()},
          {"reason", job.reason},
          {"reason_code", job.reason_code},
          {"partial", job.partial},
          {"request", job.request}};
}

/// Results are not kept: they follow from the request, the key and the emulator's seed.
std::shared_ptr<EmulatedJob> read_job(const std::string& file, const EmulatorOptions& options) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  const Json json = Json::parse(text.str());
  std::shared_ptr<EmulatedJob> job = json.at("service").get<std::string>() == "ibm"
                                         ? read_ibm_job(json.at("request"), options)
                                         : read_ionq_job(json.at("request"), json.at("id"), options);
  job->id = json.at("id").get<std::string>();
  job->tag = json.at("tag").get<std::string>();
  job->key = json.at("key").get<std::string>();
  job->created = json.at("created").get<double>();
  job->reason = json.at("reason").get<std::string>();
  job->reason_code = json.at("reason_code").get<std::string>();
  job->partial = json.at("partial").get<bool>();
  for (JobState state : {JobState::failed, JobState::cancelled})
    if (json.at("ended") == name(state)) job->ended = state;
  return job;
}

}  // namespace

void Emulation::save(const EmulatedJob& job) const {
  if (options_.state.empty()) return;
  const std::string file = job_file(options_.state, job.id), fresh = file + ".new";
  std::ofstream stream(fresh);
  stream << described(job).dump() << "\n";
  stream.close();
  if (!stream) throw data_error(fresh + ": cannot be written");
  fs::rename(fresh, file);
}

void Emulation::erase(const std::string& id) {
  std::erase_if(jobs_, [&](const auto& job) { return job->id == id; });
  if (!options_.state.empty()) fs::remove(job_file(options_.state, id));
}

void Emulation::restore() {
  std::error_code failed;
  fs::create_directories(options_.state, failed);
  if (failed) throw data_error(options_.state + ": expected a folder for jobs: " + failed.message());
  for (const auto& entry : fs::directory_iterator(options_.state)) {
    if (entry.path().extension() != ".json") continue;
    const std::string file = entry.path().string();
    try {
      jobs_.push_back(read_job(file, options_));
    } catch (const Json::exception& error) {
      throw data_error(file + ": expected a job of the emulator: " + error.what());
    } catch (const WireRefusal& refusal) {
      throw data_error(file + ": expected a job that this emulator accepts: " + refusal.message);
    }
  }
  std::sort(jobs_.begin(), jobs_.end(), [](const auto& a, const auto& b) {
    return std::pair(a->created, a->id) < std::pair(b->created, b->id);
  });
  made_ = jobs_.size();
}

}  // namespace qmtl
