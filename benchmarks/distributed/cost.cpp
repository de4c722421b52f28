// SPDX-License-Identifier: Apache-2.0
// What the fixed order of summation costs: the tree beside MPI_Allreduce, which sums in whatever order it
// likes, in one run and in turns.
//
//   mpirun -n 2 --bind-to core bench_distributed CONFIG [rounds]
//
// Prints one JSON object: `exchange` [{numbers, plain_us, tree_us, ratio}] of 64 units' rows without
// computing, `step` {units, plain_us, tree_us, ratio, unit_us, update_us} of whole optimiser steps of the
// configuration.
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "distributed/comm.h"
#include "io/config/config.h"
#include "io/data/dataset.h"
#include "runtime/train/frozen.h"
#include "runtime/train/loop/gradient.h"
#include "runtime/train/loop/stopwatch.h"
#include "runtime/train/loop/trainer.h"
#include "runtime/train/optimiser.h"
#include "runtime/train/sampler.h"

namespace {

using namespace qmtl;
using Json = nlohmann::ordered_json;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Seconds of one call, from all ranks ready to the last one done.
template <class Work>
double timed(const Comm& comm, Work&& work) {
  comm.barrier();
  Stopwatch watch;
  work();
  comm.barrier();
  return watch.lap();
}

/// Rows summed one after the other, then by MPI.
void plain_sum(const Comm& comm, std::vector<double>& rows, std::size_t width) {
  rows.resize(std::max(rows.size(), width));
  for (std::size_t at = width; at < rows.size(); at += width)
    for (std::size_t c = 0; c < width; ++c) rows[c] += rows[at + c];
  if (comm.size() > 1)
    MPI_Allreduce(MPI_IN_PLACE, rows.data(), static_cast<int>(width), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

Json compare_exchange(const Comm& comm, std::size_t width, int rounds) {
  constexpr std::size_t units = 64;
  const Reduction plan = plan_reduction(cut_evenly(units, comm.size()), units, width);
  const std::size_t own = plan.ranges[static_cast<std::size_t>(comm.rank())].size();
  std::vector<double> plain, tree;
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> rows(own * width, 1.0 / (round + 3));
    plain.push_back(timed(comm, [&] { plain_sum(comm, rows, width); }));
    rows.assign(own * width, 1.0 / (round + 3));
    tree.push_back(timed(comm, [&] { comm.sum_units(plan, rows); }));
  }
  const double a = median(plain), b = median(tree);
  return {{"numbers", width}, {"plain_us", a * 1e6}, {"tree_us", b * 1e6}, {"ratio", b / a}};
}

Json compare_step(const Comm& comm, const std::string& file, int rounds) {
  Config config = read_config(file, {});
  const Dataset data = read_dataset(config.data_file);
  resolve(config, data);
  const auto learner = make_learner(config.model, config.train, data, standardise(data, config.model));
  TrainState state = fresh_state(*learner, config.train.seed);
  learner->bind(state.params);
  const auto order = epoch_order(training_rows(data, config.model), config.train.seed, 0);
  const StepBatch batch = Batches(data, config.model, config.train).make(order, 0, 0);
  Balance balance(comm, *learner);
  StepMemory memory;
  const Reduction plan = balance.cut(batch.rows.size());  // a copy: the balance may cut again
  const Range own = plan.ranges[static_cast<std::size_t>(comm.rank())];
  std::vector<double> plain, tree, unit;
  for (int round = 0; round < rounds; ++round) {
    plain.push_back(timed(comm, [&] {
      std::vector<double> rows(own.size() * plan.width, 0.0);
      Stopwatch watch;
      tbb::parallel_for(own.begin, own.end, [&](std::size_t u) {
        learner->run_unit(u, batch, std::span(rows).subspan((u - own.begin) * plan.width, plan.width));
      });
      if (own.size() > 0) unit.push_back(watch.lap() / static_cast<double>(own.size()));
      plain_sum(comm, rows, plan.width);
    }));
    tree.push_back(timed(comm, [&] { batch_gradient(comm, *learner, batch, false, balance, memory); }));
  }
  std::vector<double> update;
  const auto trained = trained_params(learner->params(), config.train.frozen);
  std::vector<double> gradient(state.params.size(), 1e-9);
  for (int round = 0; round < 100; ++round) {
    Stopwatch watch;
    optimiser_step(config.train, trained, 1e-9, gradient, state);
    learner->bind(state.params);
    update.push_back(watch.lap());
  }
  const double a = median(plain), b = median(tree);
  return {{"units", plan.units},
          {"numbers", plan.width},
          {"plain_us", a * 1e6},
          {"tree_us", b * 1e6},
          {"ratio", b / a},
          {"unit_us", unit.empty() ? 0 : median(unit) * 1e6},
          {"update_us", median(update) * 1e6}};
}

}  // namespace

int main(int argc, char** argv) {
  const Comm comm;
  if (argc < 2) {
    std::cerr << "usage: bench_distributed CONFIG [rounds]\n";
    return 2;
  }
  // A thread a rank, so that the comparison is of summing and sending alone.
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  const int rounds = argc > 2 ? std::stoi(argv[2]) : 400;
  Json json{{"ranks", comm.size()}, {"mpi", mpi_version()}};
  for (std::size_t width : {100u, 1000u, 10000u, 100000u})
    json["exchange"].push_back(compare_exchange(comm, width, width > 50000 ? rounds / 4 : rounds));
  json["step"] = compare_step(comm, argv[1], rounds);
  if (comm.root()) std::cout << json.dump(2) << std::endl;
}
