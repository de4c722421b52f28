// SPDX-License-Identifier: Apache-2.0
#include "hardware/mitigation/settings.h"

#include <algorithm>

#include "hardware/mitigation/variants.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace qmtl {
namespace {

using Settings = MitigationSettings;

constexpr MitigationKind kinds[] = {
    {"readout", MitigationOption::mitigate, "undo errors of readings by their calibrated inverse",
     [](const Settings& s) { return s.readout && !s.m3; }, [](Settings& s) { s.readout = true; }},
    {"m3", MitigationOption::mitigate, "undo them on the bitstrings that were observed alone",
     [](const Settings& s) { return s.readout && s.m3; }, [](Settings& s) { s.readout = s.m3 = true; }},
    {"zne", MitigationOption::mitigate, "extrapolate to no noise (--noise-factors, here 1,3 by default)",
     [](const Settings& s) { return s.extrapolates(); },
     [](Settings& s) {
       if (!s.extrapolates()) s.factors = {1, 3};
     },
     fold_variants},
    {"pec", MitigationOption::mitigate,
     "cancel the errors of gates that --noise, else the endpoint's noise, describes, by random Paulis",
     [](const Settings& s) { return s.cancellation == CancellationKind::whole; },
     [](Settings& s) { s.cancellation = CancellationKind::whole; }, cancel_variants},
    {"shaded-pec", MitigationOption::mitigate,
     "those alone that an output's light cone holds, but for --pec-bias",
     [](const Settings& s) { return s.cancellation == CancellationKind::shaded; },
     [](Settings& s) { s.cancellation = CancellationKind::shaded; }, cancel_variants},
    {"twirl", MitigationOption::suppress,
     "random Paulis around two-qubit gates, which make their errors Pauli errors",
     [](const Settings& s) { return s.gate_twirling; }, [](Settings& s) { s.gate_twirling = true; },
     twirl_gates},
    {"readout-twirl", MitigationOption::suppress, "random x in front of readings, undone in the counts",
     [](const Settings& s) { return s.readout_twirling; }, [](Settings& s) { s.readout_twirling = true; },
     twirl_readings},
    {"xx", MitigationOption::suppress,
     "dynamical decoupling: two x where a qubit waits (gate lengths: --noise)",
     [](const Settings& s) { return s.decoupling == DecouplingKind::xx; },
     [](Settings& s) { s.decoupling = DecouplingKind::xx; }, decouple_variants},
    {"xy4", MitigationOption::suppress, "x, y, x, y there",
     [](const Settings& s) { return s.decoupling == DecouplingKind::xy4; },
     [](Settings& s) { s.decoupling = DecouplingKind::xy4; }, decouple_variants},
};

std::string listed(MitigationOption option) {
  std::string names;
  for (const MitigationKind& kind : kinds)
    if (kind.option == option) names += std::string(kind.name) + ", ";
  return names;
}

/// What an option leaves when it names nothing.
void clear(Settings& settings, MitigationOption option) {
  if (option == MitigationOption::suppress) {
    settings.gate_twirling = settings.readout_twirling = false;
    settings.decoupling = DecouplingKind::none;
    return;
  }
  settings.readout = settings.m3 = false;
  settings.cancellation = CancellationKind::none;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (const std::string& word : split(text, ',')) {
    const std::size_t first = std::min(word.find_first_not_of(' '), word.size());
    words.push_back(word.substr(first, word.find_last_not_of(' ') + 1 - first));
  }
  return words;
}

}  // namespace

std::span<const MitigationKind> mitigation_kinds() { return kinds; }

void choose_mitigation(Settings& settings, MitigationOption option, const std::string& text) {
  clear(settings, option);
  if (text == "none") return;
  std::vector<std::string> given;
  for (const std::string& word : words_of(text)) {
    const auto kind = std::find_if(std::begin(kinds), std::end(kinds), [&](const MitigationKind& row) {
      return row.option == option && row.name == word;
    });
    if (kind == std::end(kinds))
      throw usage_error("expected " + listed(option) +
                        "several of them with commas between, or none, found '" + text + "'");
    kind->choose(settings);
    given.push_back(word);
  }
  // Of two kinds that exclude each other only the later is on.
  for (const std::string& word : given)
    for (const MitigationKind& kind : kinds)
      if (kind.option == option && kind.name == word && !kind.on(settings))
        throw usage_error("expected kinds that go together, found '" + text + "', in which " + word +
                          " and another do the same thing: leave one out");
}

std::string mitigation_names(const Settings& settings, MitigationOption option) {
  std::string names;
  for (const MitigationKind& kind : kinds)
    if (kind.option == option && kind.on(settings))
      names += (names.empty() ? "" : ", ") + std::string(kind.name);
  return names.empty() ? "none" : names;
}

}  // namespace qmtl
