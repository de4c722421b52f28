// SPDX-License-Identifier: Apache-2.0
#include "distributed/comm.h"

// The deprecated C++ bindings in mpi.h do not compile without warnings.
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <numeric>

#include "distributed/exchange.h"
#include "distributed/launch/launcher.h"
#include "distributed/watchdog.h"

namespace qmtl {
namespace {

/// MPI counts are ints; longer messages go in pieces of this many bytes.
constexpr std::size_t largest_piece = std::size_t{1} << 30;

void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw Error(Exit::data, std::string(call) +
                              " failed: " + std::string(text, static_cast<std::size_t>(length)) +
                              "; check the network between the nodes and `qmtl doctor`");
}

/// Says that the rank waits for others while one call lasts.
class Waiting {
 public:
  explicit Waiting(RankPosition& here) : here_(here) { here_.communicate(true); }
  ~Waiting() { here_.communicate(false); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  RankPosition& here_;
};

/// The parts of a buffer that belong to each rank, as MPI wants them.
struct Parts {
  std::vector<int> lengths, offsets;

  explicit Parts(std::span<const std::size_t> counts) : lengths(counts.size()), offsets(counts.size()) {
    std::size_t at = 0;
    for (std::size_t r = 0; r < counts.size(); ++r) {
      lengths[r] = static_cast<int>(counts[r]);
      offsets[r] = static_cast<int>(at);
      at += counts[r];
    }
    if (at > static_cast<std::size_t>(std::numeric_limits<int>::max()))
      throw usage_error("expected at most 2^31 - 1 numbers in one exchange, found " + std::to_string(at) +
                        "; use fewer work units (distributed.shard larger) or a smaller model");
  }
};

template <class Number>
void gather_numbers(int size, MPI_Datatype type, std::span<const Number> mine,
                    std::span<const std::size_t> counts, std::span<Number> all) {
  if (size == 1) {
    std::copy(mine.begin(), mine.end(), all.begin());
    return;
  }
  const Parts parts(counts);
  check(MPI_Allgatherv(mine.data(), static_cast<int>(mine.size()), type, all.data(), parts.lengths.data(),
                       parts.offsets.data(), type, MPI_COMM_WORLD),
        "MPI_Allgatherv");
}

}  // namespace

std::string mpi_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  // "Open MPI v4.1.4, package: ...", or "MPICH Version:\t4.0.2" and more lines.
  std::string version(text, static_cast<std::size_t>(length));
  version.resize(std::min(version.size(), version.find_first_of(",\n")));
  std::replace(version.begin(), version.end(), '\t', ' ');
  return version;
}

Comm::Comm(Alone) { host_ = host_name(); }

Comm::Comm() : Comm(Alone{}) {
  if (!started_by_launcher()) return;
  int provided = 0;
  check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided), "MPI_Init_thread");
  initialised_ = true;
  threads_ = provided == MPI_THREAD_MULTIPLE;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  MPI_Comm node = MPI_COMM_NULL;
  check(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node),
        "MPI_Comm_split_type");
  MPI_Comm_size(node, &local_ranks_);
  MPI_Comm_free(&node);
  if (provided < MPI_THREAD_FUNNELED)
    throw usage_error(
        "expected an MPI library with MPI_THREAD_FUNNELED, found one without threads; "
        "install Debian's openmpi-bin");
}

Comm::~Comm() {
  if (!initialised_) return;
  if (size_ > 1) take_last_messages(*this);
  MPI_Finalize();
}

std::string Comm::transport() const { return mpi_version(); }

std::unique_ptr<Watch> Comm::watch(double seconds, Doing doing) const {
  return std::make_unique<Watchdog>(*this, seconds, doing);
}

std::vector<double> Comm::sum_units(const Reduction& plan, std::vector<double>& rows) const {
  return exchange_sums(*this, plan, rows);
}

void Comm::barrier() const {
  const Waiting waiting(here());
  if (size_ > 1) check(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
}

std::string Comm::broadcast(std::string bytes) const {
  const Waiting waiting(here());
  if (size_ == 1) return bytes;
  std::uint64_t length = bytes.size();
  check(MPI_Bcast(&length, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD), "MPI_Bcast");
  bytes.resize(length);
  for (std::size_t at = 0; at < length; at += largest_piece)
    check(MPI_Bcast(bytes.data() + at, static_cast<int>(std::min<std::size_t>(largest_piece, length - at)),
                    MPI_BYTE, 0, MPI_COMM_WORLD),
          "MPI_Bcast");
  return bytes;
}

void Comm::max(std::span<std::int64_t> values) const {
  const Waiting waiting(here());
  if (size_ > 1)
    check(MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_INT64_T, MPI_MAX,
                        MPI_COMM_WORLD),
          "MPI_Allreduce");
}

void Comm::sum(std::span<std::int64_t> values) const {
  const Waiting waiting(here());
  if (size_ > 1)
    check(MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_INT64_T, MPI_SUM,
                        MPI_COMM_WORLD),
          "MPI_Allreduce");
}

std::vector<std::string> Comm::gather(const std::string& bytes) const {
  const Waiting waiting(here());
  if (size_ == 1) return {bytes};
  const auto ranks = static_cast<std::size_t>(size_);
  std::vector<int> lengths(ranks), offsets(ranks);
  int length = static_cast<int>(bytes.size());
  check(MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, MPI_COMM_WORLD), "MPI_Allgather");
  std::exclusive_scan(lengths.begin(), lengths.end(), offsets.begin(), 0);
  std::string all(static_cast<std::size_t>(offsets.back() + lengths.back()), '\0');
  check(MPI_Allgatherv(bytes.data(), length, MPI_BYTE, all.data(), lengths.data(), offsets.data(), MPI_BYTE,
                       MPI_COMM_WORLD),
        "MPI_Allgatherv");
  std::vector<std::string> result;
  for (std::size_t r = 0; r < ranks; ++r)
    result.push_back(all.substr(static_cast<std::size_t>(offsets[r]), static_cast<std::size_t>(lengths[r])));
  return result;
}

void Comm::gather(std::span<const double> mine, std::span<const std::size_t> counts,
                  std::span<double> all) const {
  const Waiting waiting(here());
  gather_numbers(size_, MPI_DOUBLE, mine, counts, all);
}

void Comm::gather(std::span<const float> mine, std::span<const std::size_t> counts,
                  std::span<float> all) const {
  const Waiting waiting(here());
  gather_numbers(size_, MPI_FLOAT, mine, counts, all);
}

void Comm::exchange(std::span<const double> mine, std::span<const std::size_t> to,
                    std::span<const std::size_t> from, std::span<double> all) const {
  const Waiting waiting(here());
  if (size_ == 1) {
    std::copy(mine.begin(), mine.end(), all.begin());
    return;
  }
  const Parts sent(to), received(from);
  check(MPI_Alltoallv(mine.data(), sent.lengths.data(), sent.offsets.data(), MPI_DOUBLE, all.data(),
                      received.lengths.data(), received.offsets.data(), MPI_DOUBLE, MPI_COMM_WORLD),
        "MPI_Alltoallv");
}

void Comm::abort(int code) const {
  if (initialised_) MPI_Abort(MPI_COMM_WORLD, code);
  std::_Exit(code);
}

}  // namespace qmtl
