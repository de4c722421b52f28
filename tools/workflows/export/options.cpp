// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>

#include "runtime/base/error.h"
#include "tools/workflows/export/export.h"

namespace qmtl {
namespace {

template <class Number>
Number positive(const char* option, const std::string& text) {
  Number value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || value < 1)
    throw usage_error("--" + std::string(option) + ": expected a whole number, at least 1, found '" + text +
                      "'");
  return value;
}

constexpr std::array option_rows{
    ExportOption{
        "split", "HOW",
        "circuits: wide (default: tasks side by side), cones (small circuits), packed (cones side by "
        "side)",
        [](ExportOptions& o, const std::string& text) { o.split = parse_head_split(text); }},
    ExportOption{
        "gateset", "SET",
        "ionq: qis (default: gates that the service compiles), or those of its devices: ms (Aria), zz "
        "(Forte)",
        [](ExportOptions& o, const std::string& text) {
          const auto row = std::find_if(ionq_gates.begin(), ionq_gates.end(),
                                        [&](const IonqGatesName& known) { return known.name == text; });
          if (row == ionq_gates.end())
            throw usage_error("--gateset: expected qis, ms or zz, found '" + text + "'");
          o.gates = row->gates;
        }},
    ExportOption{
        "max-qubits", "N", "circuits: qubits that a program may use (default: no limit)",
        [](ExportOptions& o, const std::string& text) { o.max_qubits = positive<int>("max-qubits", text); }},
    ExportOption{"bound", "", "qasm3, isa: a program for each sample instead of inputs for their angles",
                 [](ExportOptions& o, const std::string&) { o.bound = true; }},
    ExportOption{"target", "FILE|NAME",
                 "isa: an IBM backend's configuration or properties (JSON), or line-N, ring-N, grid-RxC, "
                 "heavy-hex-D",
                 [](ExportOptions& o, const std::string& text) { o.target = text; }},
    ExportOption{"basis", "GATES", "isa: the device's gates (default: those of the file, else cz,rz,sx,x)",
                 [](ExportOptions& o, const std::string& text) { o.basis = text; }},
    ExportOption{"properties", "FILE",
                 "isa: the backend's properties (JSON): qubits and routes are chosen by its errors",
                 [](ExportOptions& o, const std::string& text) { o.properties = text; }},
    ExportOption{"qubits", "LIST", "isa: use these qubits of the device alone, e.g. 0-19,25",
                 [](ExportOptions& o, const std::string& text) { o.qubits = text; }},
    ExportOption{"avoid", "LIST", "isa: use none of these qubits and couplers, e.g. 3,7-9,12:13",
                 [](ExportOptions& o, const std::string& text) { o.avoid = text; }},
    ExportOption{"quantise", "TYPE",
                 "edge, c: none (default), int8 or int16 weights of dense and conv layers",
                 [](ExportOptions& o, const std::string& text) { o.packing = parse_edge_packing(text); }},
    ExportOption{"method", "NAME",
                 "edge, c: how circuits are evaluated: auto (default), pauli, operators or state; all exact",
                 [](ExportOptions& o, const std::string& text) { o.method = parse_edge_method(text); }},
    ExportOption{"core", "NAME", "edge, c: processor for the expected cycles (default cortex-m4f)",
                 [](ExportOptions& o, const std::string& text) { o.core = text; }},
    ExportOption{"names", "WHICH",
                 "edge: names kept in the file: classes (default), all (columns too) or none",
                 [](ExportOptions& o, const std::string& text) {
                   if (text != "classes" && text != "all" && text != "none")
                     throw usage_error("--names: expected classes, all or none, found '" + text + "'");
                   o.class_names = text != "none";
                   o.column_names = text == "all";
                 }},
    ExportOption{"goldens", "N", "edge, c: samples kept for the self test (default 2)",
                 [](ExportOptions& o, const std::string& text) {
                   o.goldens = positive<std::size_t>("goldens", text);
                 }},
};

}  // namespace

std::span<const ExportOption> export_options() { return option_rows; }

ExportOptions read_export_options(const ExportFormat& format,
                                  const std::map<std::string, std::string>& given) {
  ExportOptions read;
  std::size_t known = 0;
  for (const ExportOption& option : option_rows) {
    const std::string name(option.name);
    const auto found = given.find(name);
    if (found == given.end()) continue;
    ++known;
    if (std::find(format.options.begin(), format.options.end(), option.name) == format.options.end())
      throw usage_error("--" + name + ": expected an option that --to " + std::string(format.name) +
                        " takes, found one for " + std::string(option.help.substr(0, option.help.find(':'))) +
                        "; leave it out");
    option.set(read, found->second);
  }
  if (known == given.size()) return read;
  std::string names;
  for (const std::string_view name : format.options) names += (names.empty() ? "" : ", ") + std::string(name);
  throw usage_error("expected options that " + std::string(format.name) + " takes (" +
                    (names.empty() ? "it takes none" : names) + "), found another one");
}

}  // namespace qmtl
