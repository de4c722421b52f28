// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace qmtl {

/// Where one rank runs.
struct RankPlace {
  int rank = 0;
  std::string host;
  long long process = 0;
  std::string cores;  ///< that it may use: "0-3,8"
  int threads = 0;
  std::string simd;  ///< instruction set of its kernels
};

/// A line of environment.jsonl: one start of the program on a run.
struct RunStart {
  double time = 0;           ///< seconds since 1970
  long long step = 0;        ///< the first step is the one after it; 0: from the beginning
  std::string program = {};  ///< its version
  std::string mpi = {}, hdf5 = {}, processor = {}, system = {};  ///< as rank 0 has them
  std::vector<RankPlace> ranks = {};
};

/// A line of restarts.jsonl, which `qmtl supervise` writes after each end of the program that it starts.
struct RunRestart {
  double time = 0;          ///< seconds since 1970
  long long exit_code = 0;  ///< 128 and more: killed by a signal
  std::string reason;       ///< what the code means, for people; empty: not said
  long long step = 0;       ///< of the newest checkpoint
  double wait = 0;          ///< seconds before the next start
};

/// What a rank tells rank 0 about its place, and what rank 0 makes of it.
std::string to_json_text(const RankPlace& place);
RankPlace rank_place(const std::string& json_text);

/// The line with its end.
std::string to_json_line(const RunStart& start);

/// What the folder's file holds; nothing without it. A torn last line is passed over. Throws Error (data)
/// that names file, line and field.
std::vector<RunStart> read_starts(const std::string& run_folder);
std::vector<RunRestart> read_restarts(const std::string& run_folder);

}  // namespace qmtl
