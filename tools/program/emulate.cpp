// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "distributed/launch/cores.h"
#include "hardware/credentials.h"
#include "hardware/emulator/server.h"
#include "runtime/base/error.h"
#include "tools/program/options.h"
#include "tools/program/signals.h"
#include "tools/workflows/replay/emulated_device.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

Usage usage() {
  std::string description =
      "Serves the protocols of IBM's, IonQ's and IQM's quantum services on this machine, from the noisy "
      "simulator, "
      "until it is\nstopped: to try a replay, and how clients bear faults, without a device or an account.\n"
      "Faults are written METHOD PATH:WHEN=ACTION[,key=value], e.g. \"POST /jobs:1=429,retry-after=1\" or\n"
      "\"GET results:*=slow\". Actions:\n";
  for (const FaultActionInfo& row : fault_actions) {
    std::string name(row.name);
    name.resize(std::max<std::size_t>(name.size() + 1, 17), ' ');
    description += "  " + name + std::string(row.summary) + "\n";
  }
  return {
      "qmtl emulate (--token-file FILE | --token-env NAME) [options]", description,
      "  KEY=any-long-secret qmtl emulate --token-env KEY --port 8123 --noise noise.toml --queue polls:2"};
}

void add_options(po::options_description& own) {
  auto add = own.add_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  add("token-file", text("FILE"), "file with the API key that clients must know, readable by its owner only");
  add("token-env", text("NAME"), "environment variable with the API key");
  add("port", po::value<int>()->value_name("N"), "0 (default) picks a free one and says which");
  add("bind", text("ADDRESS"), "address to listen at (default 127.0.0.1: this machine only)");
  add("noise", text("FILE"),
      "noise model: TOML, or the properties of an IBM backend (.json), which then also "
      "give its qubits, gates and coupling");
  add("seed", po::value<std::uint64_t>()->value_name("N"), "of all counts (default 0)");
  add("name", text("NAME"), "of IBM's backend and IQM's computer (default emulated)");
  add("qubits", po::value<int>()->value_name("N"), "of the device (default 156)");
  add("coupling", text("FORM"),
      "file with a backend's configuration, or line-20, ring-12, grid-4x5, "
      "heavy-hex-7: other programs are refused (default: all pairs)");
  add("basis", text("GATES"), "e.g. cz,rz,sx,x: other programs are refused (default: all gates)");
  add("queue", text("MODEL"),
      "polls:N (default polls:1): a job advances one state after every N looks at its "
      "status; seconds:X; none");
  add("fault", po::value<std::vector<std::string>>()->value_name("RULE"), "see above; may be repeated");
  add("faults", text("FILE"), "JSON {\"faults\": [RULE, ...]}");
  add("ionq-results", text("FORM"), "urls (default), artifacts or both");
  add("token-lifetime", po::value<double>()->value_name("SECONDS"), "of IBM's access tokens (default 3600)");
  add("log", text("FILE"), "a line of JSON for every request is added to it");
  add("state", text("FOLDER"), "keeps jobs, so that they are there again after a restart");
}

template <class T>
T value_or(const Options& options, const std::string& key, T otherwise) {
  return options.has(key) ? options.values[key].as<T>() : otherwise;
}

std::string read_token(const Options& options) {
  if (options.has("token-file") == options.has("token-env"))
    throw usage_error("emulate: expected one of --token-file and --token-env");
  const Secret secret = options.has("token-file") ? secret_from_file(options.text("token-file"))
                                                  : secret_from_environment(options.text("token-env"));
  return secret.reveal();
}

IonqResultForm parse_form(const std::string& text) {
  if (text == "urls") return IonqResultForm::urls;
  if (text == "artifacts") return IonqResultForm::artifacts;
  if (text == "both") return IonqResultForm::both;
  throw usage_error("--ionq-results: expected urls, artifacts or both, found '" + text + "'");
}

EmulatedDevice read_device(const Options& options) {
  EmulatedDevice device{options.text_or("noise", ""), options.text_or("coupling", ""),
                        options.text_or("basis", ""), options.text_or("name", ""), std::nullopt};
  if (options.has("qubits")) device.qubits = options.values["qubits"].as<int>();
  return device;
}

EmulatorOptions read_options(const Options& options) {
  EmulatorOptions emulated;
  emulated.token = read_token(options);
  set_device(emulated, read_device(options));
  if (options.has("faults")) emulated.faults = read_faults(options.text("faults"));
  if (options.has("fault"))
    for (const std::string& rule : options.values["fault"].as<std::vector<std::string>>())
      emulated.faults.push_back(parse_fault(rule));
  emulated.seed = value_or<std::uint64_t>(options, "seed", 0);
  emulated.queue = parse_queue_model(options.text_or("queue", "polls:1"));
  emulated.ionq_results = parse_form(options.text_or("ionq-results", "urls"));
  emulated.log = options.text_or("log", "");
  emulated.state = options.text_or("state", "");
  emulated.token_lifetime = value_or(options, "token-lifetime", 3600.0);
  if (!(emulated.token_lifetime >= 1 && emulated.token_lifetime <= 1e7))
    throw usage_error("--token-lifetime: expected 1 to 1e7 seconds, found " +
                      std::to_string(emulated.token_lifetime));
  return emulated;
}

/// What the services here are reached with.
struct Faces {
  std::string base;     ///< "http://127.0.0.1:8123"
  std::string key;      ///< the line of an endpoint file that names the key
  std::string backend;  ///< IBM's
};

std::string line_of(const std::string& key, const std::string& value) {
  return key + " = " + nlohmann::json(value).dump() + "\n";
}

/// The endpoint file (io/FORMATS.md) of each service, for `qmtl replay`.
std::vector<std::pair<std::string, std::string>> endpoint_files(const Faces& at) {
  return {
      {"ibm", line_of("kind", "ibm") + line_of("url", at.base + "/api/v1") + line_of("iam_url", at.base) +
                  line_of("crn", "crn:v1:bluemix:public:quantum-computing:us-east:a/emulated:emulated::") +
                  line_of("backend", at.backend) + at.key},
      {"ionq", line_of("kind", "ionq") + line_of("url", at.base + "/v0.4") +
                   line_of("backend", "qpu.forte-1") + at.key},
      {"iqm",
       line_of("kind", "iqm") + line_of("url", at.base) + line_of("quantum_computer", at.backend) + at.key}};
}

/// Name of the key's file or variable, and leave for plain HTTP where others than this machine may ask.
std::string key_lines(const Options& options, const std::string& address) {
  const bool file = options.has("token-file");
  const std::string name = options.text(file ? "token-file" : "token-env");
  return line_of(file ? "api_key_file" : "api_key_env",
                 file ? std::filesystem::absolute(name).string() : name) +
         (address == "127.0.0.1" ? "" : "allow_plain_http = true\n");
}

void print_places(const Faces& at, int port, bool json) {
  const std::string& base = at.base;
  nlohmann::ordered_json places{{"port", port}, {"ibm", base + "/api/v1"},
                                {"iam", base},  {"ionq", base + "/v0.4"},
                                {"iqm", base},  {"faults", base + "/_emulator/faults"}};
  for (const auto& [service, file] : endpoint_files(at)) places["endpoints"][service] = file;
  if (json) {
    std::cout << places.dump() << std::endl;
    return;
  }
  std::cout << "port: " << port << "\nIBM: " << base << "/api/v1 (tokens: " << base << ")\nIonQ: " << base
            << "/v0.4\nIQM: " << base << "\n";
  for (const auto& [service, file] : endpoint_files(at))
    std::cout << "\n# an endpoint file for `qmtl replay`, " << service << "\n" << file;
  std::cout << "\nCtrl-C ends it" << std::endl;
}

}  // namespace

int emulate_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of emulate");
  add_options(own);
  const auto options = parse_options(ranks, usage(), own, {}, {}, args);
  if (!options) return 0;
  const ThreadLimit threads(find_cores(ranks), options->common.threads);
  EmulatorOptions emulated = read_options(*options);
  const int port = value_or(*options, "port", 0);
  if (port < 0 || port > 65535)
    throw usage_error("--port: expected 0 to 65535, found " + std::to_string(port));
  const std::string address = options->text_or("bind", "127.0.0.1");
  const std::string backend = emulated.target.name;
  EmulatorServer server(std::move(emulated), address, port);
  print_places(
      {"http://" + address + ":" + std::to_string(server.port()), key_lines(*options, address), backend},
      server.port(), options->common.json);
  while (!stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return 0;
}

}  // namespace qmtl
