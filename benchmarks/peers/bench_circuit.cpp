// Times one training step's quantum work of an explicit circuit (circuit_file.h), which `qmtl bench` cannot
// express: other entanglers and readouts, thousands of qubits.
//
//   bench_circuit CIRCUIT.json DATA ANSWERS [--plan KIND] [--precision float|double] [--threads N] [--seconds
//   S]
//
// DATA: little-endian doubles params[P], angles[B][A], cotangents[B][O]; B follows from the size. ANSWERS is
// written: doubles values[B][O], angle gradients[B][A], parameter gradients[P]. Prints one JSON object; its
// memory is the peak resident size while binding and running, above what was resident with the circuit and
// the data loaded.
#include <malloc.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "benchmarks/peers/circuit_file.h"
#include "runtime/engine/engine.h"
#include "runtime/error.h"

namespace qmtl {
namespace {

const char* const usage =
    "usage: bench_circuit CIRCUIT.json DATA ANSWERS [--plan KIND] [--precision float|double] [--threads N] "
    "[--seconds S]";

struct Options {
  std::string circuit, data, answers, plan = "auto", precision = "float";
  int threads = 1;
  double seconds = 2;
};

Options parse(const std::vector<std::string>& args) {
  Options o;
  std::vector<std::string> files;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& a = args[i];
    if (a.rfind("--", 0) != 0) {
      files.push_back(a);
      continue;
    }
    if (i + 1 == args.size()) throw usage_error(a + ": a value is missing\n" + usage);
    const std::string& value = args[++i];
    try {
      if (a == "--plan")
        o.plan = value;
      else if (a == "--precision")
        o.precision = value;
      else if (a == "--threads")
        o.threads = std::stoi(value);
      else if (a == "--seconds")
        o.seconds = std::stod(value);
      else
        throw usage_error("unknown option '" + a + "'\n" + usage);
    } catch (const std::logic_error&) {
      throw usage_error(a + ": expected a number, found '" + value + "'");
    }
  }
  if (files.size() != 3 || o.threads < 1 || (o.precision != "float" && o.precision != "double"))
    throw usage_error(usage);
  o.circuit = files[0], o.data = files[1], o.answers = files[2];
  return o;
}

/// A line of /proc/self/status in bytes; 0 where the system has no such file.
double status_bytes(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.rfind(key + ":", 0) == 0) return 1024.0 * std::stod(line.substr(key.size() + 1));
  return 0;
}

struct Data {
  std::vector<double> params, x, g;
  std::size_t samples = 0;
};

Data read_data(const std::string& path, const Circuit& c) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw data_error("data file '" + path + "' cannot be read");
  const std::size_t numbers = std::filesystem::file_size(path) / sizeof(double);
  const std::size_t params = static_cast<std::size_t>(c.params), angles = static_cast<std::size_t>(c.angles),
                    outputs = static_cast<std::size_t>(c.outputs());
  if (numbers <= params || outputs == 0 || (numbers - params) % (angles + outputs))
    throw data_error("data file '" + path + "': expected " + std::to_string(params) + " + B x (" +
                     std::to_string(angles) + " + " + std::to_string(outputs) + ") doubles, found " +
                     std::to_string(numbers));
  Data data;
  data.samples = (numbers - params) / (angles + outputs);
  for (auto [array, size] : {std::pair{&data.params, params}, std::pair{&data.x, data.samples * angles},
                             std::pair{&data.g, data.samples * outputs}}) {
    array->resize(size);
    file.read(reinterpret_cast<char*>(array->data()), static_cast<std::streamsize>(size * sizeof(double)));
  }
  if (!file) throw data_error("data file '" + path + "' ended early");
  return data;
}

/// Runs the batch in one unit a thread and sums the units in order.
template <class Real>
class Runner {
 public:
  Runner(const Circuit& circuit, PlanKind kind, const Data& data, std::size_t threads)
      : engine_(make_plan(circuit, kind)),
        samples_(data.samples),
        params_(data.params),
        x_(data.x.begin(), data.x.end()),
        g_(data.g.begin(), data.g.end()),
        y_(g_.size()),
        gx_(x_.size()) {
    const std::size_t even = (samples_ + threads - 1) / threads;
    shard_ = (even + tile_samples - 1) / tile_samples * tile_samples;
    units_.resize((samples_ + shard_ - 1) / shard_);
  }

  void step() {
    engine_.bind(params_);
    const auto a = static_cast<std::size_t>(engine_.angles()), v = static_cast<std::size_t>(engine_.values());
    tbb::parallel_for(
        std::size_t{0}, units_.size(),
        [&](std::size_t u) {
          const std::size_t first = u * shard_, count = std::min(shard_, samples_ - first);
          units_[u].assign(engine_.sums_size(), 0.0);
          engine_.vjp_sums(count, &x_[first * a], &g_[first * v], &y_[first * v], &gx_[first * a],
                           units_[u].data());
        },
        tbb::simple_partitioner());
    for (std::size_t u = 1; u < units_.size(); ++u)
      for (std::size_t i = 0; i < units_[u].size(); ++i) units_[0][i] += units_[u][i];
    gp_.assign(params_.size(), 0.0);
    engine_.gradients(units_[0], gp_.data());
  }

  void write(const std::string& path) const {
    std::ofstream file(path, std::ios::binary);
    const auto put = [&](const auto& array) {
      const std::vector<double> wide(array.begin(), array.end());
      file.write(reinterpret_cast<const char*>(wide.data()),
                 static_cast<std::streamsize>(wide.size() * sizeof(double)));
    };
    put(y_), put(gx_), put(gp_);
    if (!file.flush()) throw data_error("answers '" + path + "' cannot be written");
  }

  const Plan& plan() const { return engine_.plan(); }
  SimdTarget target() const { return engine_.target(); }

 private:
  Engine<Real> engine_;
  std::size_t samples_, shard_ = 0;
  std::vector<double> params_;
  std::vector<Real> x_, g_, y_, gx_;
  std::vector<double> gp_;
  std::vector<std::vector<double>> units_;
};

template <class Real>
nlohmann::ordered_json run(const Circuit& circuit, const Data& data, const Options& o) {
  malloc_trim(0);                               // what parsing left behind is not the engine's
  std::ofstream("/proc/self/clear_refs") << 5;  // resets the peak, proc(5)
  const double before = status_bytes("VmRSS");
  Runner<Real> runner(circuit, parse_plan_kind(o.plan), data, static_cast<std::size_t>(o.threads));
  runner.step();
  runner.write(o.answers);

  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  double total = 0;
  while (times.size() < 3 || (total < o.seconds && times.size() < 100000)) {
    const auto start = Clock::now();
    runner.step();
    times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    total += times.back();
  }
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2], samples = static_cast<double>(data.samples);
  nlohmann::ordered_json json;
  json["plan"] = name(runner.plan().kind);
  json["reason"] = runner.plan().reason;
  json["widest"] = runner.plan().widest;
  json["simd"] = name(runner.target());
  json["precision"] = o.precision;
  json["threads"] = o.threads;
  json["samples"] = data.samples;
  json["repeats"] = times.size();
  json["seconds_per_step"] = median;
  json["us_per_sample"] = median / samples * 1e6;
  json["us_per_sample_least"] = times.front() / samples * 1e6;
  json["step_memory_bytes"] = status_bytes("VmHWM") - before;
  json["peak_memory_bytes"] = status_bytes("VmHWM");
  return json;
}

int bench(const Options& o) {
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(o.threads));
  const Circuit circuit = read_circuit(o.circuit);
  const Data data = read_data(o.data, circuit);
  const auto json = o.precision == "float" ? run<float>(circuit, data, o) : run<double>(circuit, data, o);
  std::cout << json.dump() << std::endl;
  return 0;
}

}  // namespace
}  // namespace qmtl

int main(int argc, char** argv) {
  try {
    return qmtl::bench(qmtl::parse({argv + 1, argv + argc}));
  } catch (const qmtl::Error& error) {
    std::cerr << "bench_circuit: " << error.what() << std::endl;
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::cerr << "bench_circuit: " << error.what() << std::endl;
    return 1;
  }
}
