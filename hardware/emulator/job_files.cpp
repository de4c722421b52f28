// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "hardware/emulator/emulation.h"
#include "hardware/emulator/ibm_request.h"
#include "hardware/emulator/ionq_request.h"
#include "hardware/emulator/iqm_request.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

std::string job_file(const std::string& folder, const std::string& id) { return folder + "/" + id + ".json"; }

/// Whether the text has the form of the ids that the services here give. An id names a file: no other text
/// may.
bool is_job_id(const std::string& text) {
  constexpr std::size_t ibm_digits = 20, uuid_size = 36;
  const bool uuid = text.size() == uuid_size;
  if (!uuid && text.size() != ibm_digits) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = uuid && (i == 8 || i == 13 || i == 18 || i == 23);
    const bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !digit) return false;
  }
  return true;
}

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
  const auto saved = SortedJsonField::parse(read_file(file), json_file(file));
  const std::string& id = saved.at("id").text();
  if (!is_job_id(id) || fs::path(file).stem() != id)
    saved.at("id").wrong("the id of a job that this emulator gave, which is also the file's name");
  const Json& request = saved.at("request").json();
  const std::string& service = saved.at("service").text();
  std::shared_ptr<EmulatedJob> job = service == "ibm"   ? read_ibm_job(request, options)
                                     : service == "iqm" ? read_iqm_job(request, options)
                                                        : read_ionq_job(request, id, options);
  job->id = id;
  job->tag = saved.at("tag").text();
  job->key = saved.at("key").text();
  job->created = saved.at("created").number();
  job->reason = saved.at("reason").text();
  job->reason_code = saved.at("reason_code").text();
  job->partial = saved.at("partial").boolean();
  for (JobState state : {JobState::failed, JobState::cancelled})
    if (saved.at("ended").json() == name(state)) job->ended = state;
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
