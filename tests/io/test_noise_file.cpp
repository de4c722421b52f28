// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "common.h"
#include "io/config/noise_file.h"
#include "io/files/atomic_file.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

// Fidelities are sums of a few terms below 1.
constexpr double rounding = 1e-12;

NoiseModel toml(const std::string& text) { return parse_noise_toml(text, "n.toml"); }

/// The refusal of a file whose only table is a [[gate]] with these lines.
Failure refused(const std::string& text) {
  return failure([&] { toml(text); });
}
Failure refused_channel(const std::string& channel, const std::string& gate = "cz") {
  return refused("[[gate]]\nnames = [\"" + gate + "\"]\nchannels = [" + channel + "]\n");
}

const std::string backend = R"({
  "backend_name": "line", "general": [],
  "qubits": [
    [{"name": "T1", "unit": "us", "value": 50}, {"name": "T2", "unit": "us", "value": 120},
     {"name": "prob_meas0_prep1", "unit": "", "value": 0.03}, {"name": "prob_meas1_prep0", "unit": "", "value": 0.01}],
    [{"name": "T1", "unit": "us", "value": 40}, {"name": "T2", "unit": "us", "value": 30},
     {"name": "readout_error", "unit": "", "value": 0.02}]],
  "gates": [
    {"gate": "sx", "qubits": [0], "parameters": [{"name": "gate_error", "unit": "", "value": 0.002},
                                                 {"name": "gate_length", "unit": "ns", "value": 50}]},
    {"gate": "sx", "qubits": [1], "parameters": [{"name": "gate_error", "unit": "", "value": 0.00001},
                                                 {"name": "gate_length", "unit": "ns", "value": 50}]},
    {"gate": "cz", "qubits": [0, 1], "parameters": [{"name": "gate_error", "unit": "", "value": 0.03},
                                                    {"name": "gate_length", "unit": "ns", "value": 400}]}]})";

/// Average fidelity of independent one-qubit channels after a depolarising one on `arity` qubits, for
/// channels whose entanglement fidelities multiply: depolarising(p) keeps 1 - p (d^2 - 1) / d^2 of the rest.
double entanglement_fidelity(const Channel& channel) {
  const double d = channel.dim();
  return ((d + 1) * average_fidelity(channel) - 1) / d;
}

}  // namespace

TEST_CASE("a noise model is read with its channels in order, its qubits and its readout errors", "[io]") {
  const NoiseModel model = toml(R"(
title = "example"
[[gate]]
names = ["rx", "ry"]
channels = [{ kind = "depolarising", probability = 0.01 }, { kind = "phase-damping", lambda = 0.02 }]
[[gate]]
names = ["cz"]
qubits = [[0, 1], [3, 2]]
channels = [
  { kind = "depolarising", probability = 0.1 },
  { kind = "depolarising", probability = 0.1, on = "each" },
  { kind = "amplitude-damping", gamma = 0.05, excited = 0.1, on = "second" },
  { kind = "thermal-relaxation", t1 = 5e-5, t2 = 7e-5, time = 4e-7, on = "first" },
  { kind = "pauli", probabilities = { XI = 0.1, ZZ = 0.05 } },
  { kind = "over-rotation", axis = "Y", angle = 0.3, on = "second" },
]
[[readout]]
p1_given_0 = 0.02
p0_given_1 = 0.05
[[readout]]
qubits = [4]
p0_given_1 = 0.5
)");
  REQUIRE(model.gates.size() == 4);
  CHECK(model.gates[0].gate == Gate::rx);
  CHECK(model.gates[1].gate == Gate::ry);
  CHECK(model.gates[1].qubits.empty());
  REQUIRE(model.gates[1].channels.size() == 2);
  CHECK(average_fidelity(model.gates[1].channels[0].channel) ==
        Approx(average_fidelity(depolarising(0.01, 1))).margin(rounding));
  CHECK(average_fidelity(model.gates[1].channels[1].channel) ==
        Approx(average_fidelity(phase_damping(0.02))).margin(rounding));
  CHECK(model.gates[2].qubits == std::vector<int>{0, 1});
  CHECK(model.gates[3].qubits == std::vector<int>{3, 2});
  const auto& channels = model.gates[3].channels;
  REQUIRE(channels.size() == 6);
  const std::vector<int> arity{2, 1, 1, 1, 2, 1}, on{-1, -1, 1, 0, -1, 1};
  for (std::size_t c = 0; c < 6; ++c) {
    CAPTURE(c);
    CHECK(channels[c].channel.arity == arity[c]);
    CHECK(channels[c].on == on[c]);
  }
  CHECK(average_fidelity(channels[2].channel) ==
        Approx(average_fidelity(amplitude_damping(0.05, 0.1))).margin(rounding));
  CHECK(average_fidelity(channels[3].channel) ==
        Approx(average_fidelity(thermal_relaxation(5e-5, 7e-5, 4e-7))).margin(rounding));
  // A rotation by a has the trace 2 cos(a / 2).
  CHECK(average_fidelity(channels[5].channel) ==
        Approx((std::pow(2.0 * std::cos(0.15), 2) + 2.0) / 6.0).margin(rounding));
  CHECK(model.readout == ReadoutError{0.02, 0.05});
  CHECK(model.readout_of == std::map<int, ReadoutError>{{4, {0.0, 0.5}}});
}

TEST_CASE("mistakes in a noise model are named with file, line and key", "[io]") {
  const auto expect = [](const Failure& failure, std::initializer_list<const char*> parts) {
    CAPTURE(failure.message);
    CHECK(failure.code == 2);
    for (const char* part : parts) {
      CAPTURE(part);
      CHECK(failure.says(part));
    }
  };
  expect(refused("[[gates]]\nnames = []\n"), {"n.toml:1", "gates", "nearest known key is gate"});
  expect(refused("[[gate]]\nnames = [\"h\"]\nchannels = []\n"), {"n.toml:2", "gate.names", "\"h\""});
  expect(refused("[[gate]]\nnames = [\"ry\", \"cz\"]\nchannels = []\n"), {"n.toml:2", "on two"});
  expect(refused("[[gate]]\nnames = [\"ry\"]\n"), {"n.toml:1", "gate.channels"});
  expect(refused("[[gate]]\nnames = [\"ry\"]\nqubits = [-1]\nchannels = []\n"), {"n.toml:3", "from 0"});
  expect(refused("[[gate]]\nnames = [\"cz\"]\nqubits = [1]\nchannels = []\n"), {"n.toml:3", "pairs"});
  expect(refused("[[gate]]\nnames = [\"ry\"]\nchannels = []\nqubit = 3\n"), {"n.toml:4", "gate.qubit"});
  expect(refused_channel("{ kind = \"damping\" }"), {"n.toml:3", "gate.channels.kind", "amplitude-damping"});
  expect(refused_channel("{ kind = \"depolarising\", p = 0.1 }"), {"n.toml:3", "probability"});
  expect(refused_channel("{ kind = \"depolarising\", probability = 1.1 }"),
         {"n.toml:3", "0 to 1.06666667", "1.1"});
  expect(refused_channel("{ kind = \"phase-damping\", lambda = \"x\" }"), {"n.toml:3", "lambda", "a number"});
  expect(refused_channel("{ kind = \"phase-damping\", lambda = 0.1, on = \"gate\" }"),
         {"n.toml:3", "\"each\""});
  expect(refused_channel("{ kind = \"phase-damping\", lambda = 0.1, on = \"second\" }", "ry"), {"one qubit"});
  expect(refused_channel("{ kind = \"phase-damping\", lambda = 0.1, on = \"third\" }"),
         {"gate.channels.on", "third"});
  expect(refused_channel("{ kind = \"thermal-relaxation\", t1 = 1.0, t2 = 2.1, time = 1.0 }"),
         {"n.toml:3", "t2 <= 2 t1"});
  expect(refused_channel("{ kind = \"over-rotation\", axis = \"W\", angle = 0.1 }"), {"axis"});
  expect(refused_channel("{ kind = \"pauli\", probabilities = { XX = 0.1 }, on = \"each\" }"), {"both"});
  expect(refused_channel("{ kind = \"pauli\", probabilities = { XX = 0.1 } }", "ry"),
         {"noise of ry", "two qubits"});
  expect(refused_channel("{ kind = \"pauli\", probabilities = { X = 0.9, Y = 0.2 } }"), {"n.toml:3", "1.1"});
  expect(refused("[[readout]]\np1_given_0 = 1.5\n"), {"n.toml", "0 to 1", "1.5"});
  expect(refused("[[readout]]\n[[readout]]\n"), {"n.toml:2", "a second table"});
  expect(refused("[[readout]]\nqubits = [2, 2]\n"), {"qubit 2 again"});
  expect(refused("[gate\n"), {"n.toml:1", "TOML"});
  CHECK(failure([] { read_noise("no/such/noise.toml"); }).code == 3);
}

TEST_CASE("an IBM backend's properties give its calibrated errors", "[io]") {
  const NoiseModel model = parse_ibm_properties(backend, "p.json");
  CHECK(model.readout_of.at(0) == ReadoutError{0.01, 0.03});
  CHECK(model.readout_of.at(1) == ReadoutError{0.02, 0.02});
  const NoiseTable table(model);
  const auto after = [&](Gate gate, int q0, int q1) { return table.after({gate, q0, q1}); };

  SECTION("two pulses behind each rotation, depolarising first, whose fidelity is the calibrated one") {
    const auto placed = after(Gate::ry, 0, -1);
    REQUIRE(placed.size() == 4);
    const Channel &depolarised = table.channels()[std::size_t(placed[0].channel)],
                  &relaxed = table.channels()[std::size_t(placed[1].channel)];
    // Depolarising with p leaves the fraction 1 - p of the relaxation, and p of the fully mixed state's 1 /
    // d^2.
    const double p = (1 - entanglement_fidelity(depolarised)) * 4 / 3;
    const double both = (1 - p) * entanglement_fidelity(relaxed) + p / 4;
    CHECK(1 - (2 * both + 1) / 3 == Approx(0.002).margin(rounding));
    // t2 = 120 us is cut to 2 t1.
    CHECK(average_fidelity(relaxed) ==
          Approx(average_fidelity(thermal_relaxation(50e-6, 100e-6, 50e-9))).margin(rounding));
  }
  SECTION("relaxation alone where it exceeds the calibrated error") {
    CHECK(after(Gate::rx, 1, -1).size() == 2);
  }
  SECTION("both directions of the pair, each qubit with its own times") {
    for (auto [q0, q1] : {std::pair{0, 1}, {1, 0}}) {
      CAPTURE(q0);
      const auto placed = after(Gate::cx, q0, q1);
      REQUIRE(placed.size() == 3);
      for (std::size_t i = 1; i < 3; ++i) {
        const double t1 = placed[i].q0 == 0 ? 50e-6 : 40e-6, t2 = placed[i].q0 == 0 ? 100e-6 : 30e-6;
        CHECK(average_fidelity(table.channels()[std::size_t(placed[i].channel)]) ==
              Approx(average_fidelity(thermal_relaxation(t1, t2, 400e-9))).margin(rounding));
      }
    }
  }
  SECTION("pairs without calibration get medians, virtual rotations nothing") {
    CHECK(after(Gate::cz, 5, 9).size() == 3);
    CHECK(after(Gate::rz, 0, -1).empty());
  }
}

TEST_CASE("what a backend does not calibrate is the median of the others, with a warning", "[io]") {
  const auto properties = [](const std::string& t1, const std::string& t2, const std::string& error) {
    std::string text = R"({"qubits": [)";
    for (int qubit = 0; qubit < 3; ++qubit) {
      text += std::string(qubit > 0 ? "," : "") + R"([{"name": "readout_error", "unit": "", "value": 0.02})";
      const std::string of_t1 = qubit == 2 ? t1 : R"({"name": "T1", "unit": "us", "value": 50})";
      const std::string of_t2 = qubit == 2 ? t2 : R"({"name": "T2", "unit": "us", "value": 60})";
      for (const std::string& entry : {of_t1, of_t2})
        if (!entry.empty()) text += ", " + entry;
      text += "]";
    }
    text += R"(], "gates": [{"gate": "cx", "qubits": [0, 1], "parameters":
        [{"name": "gate_error", "value": 0.02}, {"name": "gate_length", "unit": "ns", "value": 400}]})";
    for (int qubit = 0; qubit < 3; ++qubit)
      text += R"(, {"gate": "sx", "qubits": [)" + std::to_string(qubit) +
              R"(], "parameters": [{"name": "gate_length", "unit": "ns", "value": 50})" +
              (qubit == 2 ? error : R"(, {"name": "gate_error", "value": 0.002})") + "]}";
    return parse_ibm_properties(text + "]}", "p.json");
  };
  const std::string t1 = R"({"name": "T1", "unit": "us", "value": 50})",
                    t2 = R"({"name": "T2", "unit": "us", "value": 60})",
                    error = R"(, {"name": "gate_error", "value": 0.002})";
  const auto errors_of = [](const NoiseModel& model) {
    const NoiseTable table(model);
    std::vector<double> fidelities;
    for (int qubit = 0; qubit < 3; ++qubit)
      for (const PlacedChannel& placed : table.after({Gate::ry, qubit, -1}))
        fidelities.push_back(entanglement_fidelity(table.channels()[std::size_t(placed.channel)]));
    return fidelities;
  };
  const NoiseModel whole = properties(t1, t2, error);
  CHECK(whole.warnings.empty());
  const std::vector<double> expected = errors_of(whole);
  struct Gap {
    std::string t1, t2, error, said;
  };
  for (const Gap& gap :
       {Gap{"", t2, error, "no T1 of qubit 2"}, Gap{t1, "", error, "no T2 of qubit 2"},
        Gap{R"({"name": "T1", "unit": "us", "value": null})", t2, error, "no T1 of qubit 2"},
        Gap{t1, R"({"name": "T2", "unit": "us", "value": null})", error, "no T2 of qubit 2"},
        Gap{t1, t2, "", "no gate_error of sx 2"},
        Gap{t1, t2, R"(, {"name": "gate_error", "value": null})", "no gate_error of sx 2"}}) {
    INFO(gap.said);
    const NoiseModel filled = properties(gap.t1, gap.t2, gap.error);
    REQUIRE(filled.warnings.size() == 1);
    CHECK_THAT(filled.warnings[0], Catch::Contains("p.json: " + gap.said) && Catch::Contains("median"));
    CHECK(errors_of(filled) == expected);
  }
}

TEST_CASE("a rotation has the errors of the pulses that a device calibrates, whatever they are called",
          "[io]") {
  const auto channels_of = [](const std::string& name) {
    std::string text = backend;
    for (std::size_t at = 0; (at = text.find("\"sx\"", at)) != std::string::npos; ++at)
      text.replace(at, 4, "\"" + name + "\"");
    return NoiseTable(parse_ibm_properties(text, "p.json")).after({Gate::ry, 0, -1}).size();
  };
  for (const char* name : {"sx", "x", "u2"}) {
    INFO(name);
    CHECK(channels_of(name) == 4);
  }
  for (const char* name : {"u3", "u", "prx", "r"}) {
    INFO(name);
    CHECK(channels_of(name) == 2);
  }
  CHECK(failure([&] { channels_of("mystery"); }).says("one-qubit gate"));
}

TEST_CASE("properties that are none are refused by name", "[io]") {
  const auto refuse = [](const std::string& text) {
    return failure([&] { parse_ibm_properties(text, "p.json"); });
  };
  const auto replaced = [](const std::string& from, const std::string& to) {
    std::string text = backend;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  CHECK(refuse("{").says("p.json"));
  CHECK(refuse("[]").says("the field qubits"));
  CHECK(refuse(R"({"qubits": [], "gates": []})").says("at least one qubit"));
  CHECK(refuse(replaced("\"us\"", "\"parsec\""))
            .says("qubits[0][0].unit: expected the unit s, ms, us or ns of T1"));
  CHECK(refuse(replaced("\"value\": 50}", "\"value\": \"long\"}"))
            .says("qubits[0][0].value: expected a number as T1"));
  CHECK(refuse(replaced("[0, 1]", "[0, 7]")).says("].qubits[1]: expected a whole number from 0 to"));
  CHECK(refuse(replaced("0.03},", "1.5},")).code == 2);
  CHECK(refuse(replaced("\"cz\"", "\"iswap\"")).says("cz, ecr or cx"));
}

namespace {

/// Properties of three qubits in a row; `qubit` are further entries of qubit 2, `sx` and `cz` the parameters
/// of its pulse and of the pair 1, 2.
struct ListedBackend {
  std::string qubit = R"({"name": "T1", "unit": "us", "value": 50}, {"name": "T2", "unit": "us", "value": 60},
                         {"name": "readout_error", "unit": "", "value": 0.02})";
  std::string sx =
      R"({"name": "gate_error", "unit": "", "value": 0.002}, {"name": "gate_length", "unit": "ns", "value": 50})";
  std::string cz =
      R"({"name": "gate_error", "unit": "", "value": 0.01}, {"name": "gate_length", "unit": "ns", "value": 70})";

  NoiseModel read() const {
    const ListedBackend usual;
    std::string text =
        R"({"qubits": [[)" + usual.qubit + "], [" + usual.qubit + "], [" + qubit + R"(]], "gates": [)";
    for (int q = 0; q < 3; ++q)
      text += R"({"gate": "sx", "qubits": [)" + std::to_string(q) + R"(], "parameters": [)" +
              (q == 2 ? sx : usual.sx) + "]}, ";
    text += R"({"gate": "cz", "qubits": [0, 1], "parameters": [)" + usual.cz +
            R"(]}, {"gate": "cz", "qubits": [1, 2], "parameters": [)" + cz + "]}]}";
    return parse_ibm_properties(text, "p.json");
  }
};

/// Depolarising to nothing: the entanglement fidelity of what always replaces the state by a mixed one.
bool is_useless(const NoiseModel& model, const Op& op) {
  const NoiseTable table(model);
  for (const PlacedChannel& placed : table.after(op)) {
    const Channel& channel = table.channels()[std::size_t(placed.channel)];
    if (entanglement_fidelity(channel) < 1.0 / (channel.dim() * channel.dim()) + rounding) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("times without a unit are refused where they cannot be seconds", "[io]") {
  ListedBackend backend;
  backend.qubit = R"({"name": "T1", "value": 50}, {"name": "T2", "unit": "us", "value": 60})";
  const Failure t1 = failure([&] { backend.read(); });
  CHECK(t1.code == 2);
  for (const char* part : {"p.json", "qubits[2]", "T1 of qubit 2", "unit", "50"}) {
    CAPTURE(part, t1.message);
    CHECK(t1.says(part));
  }
  backend = {};
  backend.qubit = R"({"name": "T2", "unit": "", "value": 80}, {"name": "T1", "unit": "us", "value": 60})";
  CHECK(failure([&] { backend.read(); }).says("T2 of qubit 2"));
  backend = {};
  backend.cz = R"({"name": "gate_error", "value": 0.01}, {"name": "gate_length", "value": 70})";
  CHECK(failure([&] { backend.read(); }).says("gate_length of cz 1 2"));
  backend = {};
  backend.qubit = R"({"name": "T1", "value": 5e-5}, {"name": "T2", "unit": "", "value": 6e-5},
                     {"name": "readout_error", "value": 0.02})";
  CHECK(backend.read().warnings.empty());
}

TEST_CASE("times that no qubit has are not calibrated", "[io]") {
  for (const char* value : {"0", "-3.5"}) {
    CAPTURE(value);
    ListedBackend backend;
    backend.qubit =
        R"({"name": "T1", "unit": "us", "value": )" + std::string(value) +
        R"(}, {"name": "T2", "unit": "us", "value": 60}, {"name": "readout_error", "value": 0.02})";
    const NoiseModel model = backend.read();
    REQUIRE(model.warnings.size() == 2);
    CHECK_THAT(model.warnings[0], Catch::Contains("p.json") && Catch::Contains("T1 of qubit 2") &&
                                      Catch::Contains("not calibrated"));
    CHECK_THAT(model.warnings[1], Catch::Contains("no T1 of qubit 2") && Catch::Contains("median"));
  }
}

TEST_CASE("parts out of operation do nothing of use, and a warning names them", "[io]") {
  ListedBackend backend;
  CHECK_FALSE(is_useless(backend.read(), {Gate::ry, 2, -1}));
  backend.qubit += R"(, {"name": "operational", "unit": "", "value": 0})";
  NoiseModel model = backend.read();
  CHECK(is_useless(model, {Gate::ry, 2, -1}));
  CHECK(is_useless(model, {Gate::cz, 1, 2}));
  CHECK_FALSE(is_useless(model, {Gate::cz, 0, 1}));
  CHECK(model.readout_of.at(2) == ReadoutError{0.5, 0.5});
  REQUIRE(model.warnings.size() == 1);
  CHECK_THAT(model.warnings[0], Catch::Contains("p.json: not operational: qubit 2"));
  backend = {};
  backend.cz += R"(, {"name": "operational", "unit": "", "value": false})";
  model = backend.read();
  CHECK_FALSE(is_useless(model, {Gate::ry, 2, -1}));
  CHECK(is_useless(model, {Gate::cz, 2, 1}));
  CHECK_THAT(model.warnings.at(0), Catch::Contains("gate cz 1 2"));
  backend = {};
  backend.qubit += R"(, {"name": "operational", "unit": "", "value": 1})";
  CHECK(backend.read().warnings.empty());
}

TEST_CASE("a readout error of one direction gives that of the other by their mean", "[io]") {
  const std::string times =
      R"({"name": "T1", "unit": "us", "value": 50}, {"name": "T2", "unit": "us", "value": 60})";
  struct Row {
    const char* entries;
    ReadoutError expected;
    std::size_t warnings;
  };
  // Where nothing of the other direction is known, it is the median of the other qubits' (0.02).
  const Row rows[] = {
      {R"({"name": "prob_meas0_prep1", "value": 0.05}, {"name": "readout_error", "value": 0.03})",
       {0.01, 0.05},
       0},
      {R"({"name": "prob_meas1_prep0", "value": 0.01}, {"name": "readout_error", "value": 0.03})",
       {0.01, 0.05},
       0},
      {R"({"name": "prob_meas0_prep1", "value": 0.05})", {0.02, 0.05}, 1},
      {R"({"name": "prob_meas1_prep0", "value": 0.05}, {"name": "readout_error", "value": null})",
       {0.05, 0.02},
       1},
      {R"({"name": "prob_meas1_prep0", "value": 0.2}, {"name": "readout_error", "value": 0.03})",
       {0.2, 0.03},
       1}};
  for (const Row& row : rows) {
    CAPTURE(row.entries);
    ListedBackend backend;
    backend.qubit = times + ", " + row.entries;
    const NoiseModel model = backend.read();
    CHECK(model.readout_of.at(2).p1_given_0 == Approx(row.expected.p1_given_0).margin(rounding));
    CHECK(model.readout_of.at(2).p0_given_1 == Approx(row.expected.p0_given_1).margin(rounding));
    CHECK(model.warnings.size() == row.warnings);
    for (const std::string& warning : model.warnings) CHECK_THAT(warning, Catch::Contains("qubit 2"));
  }
  ListedBackend backend;
  backend.qubit = times + R"(, {"name": "readout_error", "value": 1.2})";
  const Failure refused = failure([&] { backend.read(); });
  CHECK(refused.says("p.json"));
  CHECK(refused.says("qubit 2"));
}

TEST_CASE("gates without any calibrated error are not taken as perfect", "[io]") {
  std::string text = backend;
  for (std::size_t at = 0; (at = text.find("\"gate_error\"", at)) != std::string::npos;)
    text.replace(at, 12, "\"gate_noise\"");
  const Failure refused = failure([&] { parse_ibm_properties(text, "p.json"); });
  CHECK(refused.code == 2);
  CHECK(refused.says("p.json: expected the calibration of a one-qubit gate"));
}
