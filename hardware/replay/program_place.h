// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace qmtl {

/// Where a program counts among those that measure the same outputs together (randomised copies of one): an
/// output is the sum of weight * mean over its group's programs.
struct ProgramPlace {
  int group = -1;  ///< -1: a group of its own
  /// Of the group. Programs of one stratum were drawn alike, so that what they say differs by chance alone.
  int stratum = 0;
  double factor = 1.0;             ///< of the noise, the same in a group
  std::vector<double> weights;     ///< for each output; empty: 1
  std::vector<bool> flipped = {};  ///< readings with an x in front of them; empty: none
};

}  // namespace qmtl
