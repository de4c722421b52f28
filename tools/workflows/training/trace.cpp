// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/trace.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/files/atomic_file.h"
#include "runtime/base/json_field.h"
#include "runtime/base/version.h"
#include "tools/workflows/training/phase_times.h"

namespace qmtl {
namespace {

std::int64_t nanoseconds(double seconds) { return std::llround(seconds * 1e9); }

}  // namespace

Trace::Trace(const Ranks& ranks, std::int64_t most_steps) : ranks_(ranks), most_steps_(most_steps) {
  ranks.barrier();
  zero_ = std::chrono::steady_clock::now();
}

std::int64_t Trace::now() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - zero_)
      .count();
}

void Trace::step(const StepRecord& record) {
  step_ = record.step;
  epoch_ = record.epoch;
  if (steps_++ >= most_steps_) return;
  const StepTimes& times = record.times;
  const std::pair<Phase, double> phases[] = {{Phase::compute, times.compute},
                                             {Phase::wait, times.wait},
                                             {Phase::reduce, times.reduce},
                                             {Phase::update, times.update}};
  std::int64_t length = 0;
  for (const auto& [phase, seconds] : phases) length += nanoseconds(seconds);
  const std::int64_t end = now();
  std::int64_t at = std::max<std::int64_t>(0, end - length);
  slices_.push_back({at, end, whole_step, epoch_, step_});
  for (const auto& [phase, seconds] : phases) {
    const std::int64_t begin = std::exchange(at, std::min(end, at + nanoseconds(seconds)));
    slices_.push_back({begin, at, static_cast<std::int32_t>(phase), epoch_, step_});
  }
}

void Trace::pause(Pause pause, double seconds) {
  if (steps_ > most_steps_) return;
  const std::int64_t end = now();
  slices_.push_back({std::max<std::int64_t>(0, end - nanoseconds(seconds)), end,
                     static_cast<std::int32_t>(phase_of(pause)), epoch_, step_});
}

std::string Trace::event(int rank, const Slice& slice) {
  const bool step = slice.kind == whole_step;
  const std::string name = step ? "step " + std::to_string(slice.step)
                                : std::string(phase_names[static_cast<std::size_t>(slice.kind)]);
  return fmt::format(R"({{"name":"{}","cat":"{}","ph":"X","pid":{},"tid":0,"ts":{:.3f},"dur":{:.3f},)"
                     R"("args":{{"step":{},"epoch":{}}}}})",
                     name, step ? "step" : "phase", rank, static_cast<double>(slice.begin) * 1e-3,
                     static_cast<double>(slice.end - slice.begin) * 1e-3, slice.step, slice.epoch);
}

void Trace::write(const std::string& path) const {
  std::string mine(slices_.size() * sizeof(Slice), '\0');
  if (!slices_.empty()) std::memcpy(mine.data(), slices_.data(), mine.size());
  const std::vector<std::string> all = ranks_.gather(mine);
  const std::vector<std::string> hosts = ranks_.gather(ranks_.host());
  ranks_.together([&] {
    if (!ranks_.root()) return;
    std::string events;
    const auto add = [&](const std::string& one) { events += (events.empty() ? "" : ",\n") + one; };
    for (int rank = 0; rank < ranks_.size(); ++rank) {
      const auto r = static_cast<std::size_t>(rank);
      const auto metadata = [&](const char* name, const nlohmann::ordered_json& arguments) {
        add(json_text({{"name", name}, {"ph", "M"}, {"pid", rank}, {"args", arguments}}));
      };
      metadata("process_name", {{"name", "rank " + std::to_string(rank) + " on " + hosts[r]}});
      metadata("process_sort_index", {{"sort_index", rank}});
      for (std::size_t at = 0; at + sizeof(Slice) <= all[r].size(); at += sizeof(Slice)) {
        Slice slice;
        std::memcpy(&slice, all[r].data() + at, sizeof slice);
        add(event(rank, slice));
      }
    }
    const nlohmann::ordered_json other{{"program", std::string("qmtl ") + program_version},
                                       {"ranks", ranks_.size()},
                                       {"steps", std::min(steps_, most_steps_)},
                                       {"steps_left_out", std::max<std::int64_t>(0, steps_ - most_steps_)}};
    write_file(path, "{\"displayTimeUnit\":\"ms\",\"otherData\":" + other.dump() + ",\"traceEvents\":[\n" +
                         events + "\n]}\n");
  });
}

}  // namespace qmtl
