#include "runtime/model/elementwise.h"

#include "runtime/model/math.h"

namespace qmtl {
namespace {

// Compiled for several instruction sets and picked when the program starts, as the products of matrix.cpp:
// each lane does what math.h says, in that order. CMakeLists.txt lets this file's comparisons run in lanes.

using Function = void (*)(std::span<double> x);

[[gnu::always_inline]] inline void tanh_loop(std::span<double> x) {
  for (double& value : x) value = math::tanh(value);
}

void tanh_plain(std::span<double> x) { tanh_loop(x); }
#if defined(__x86_64__)
[[gnu::target("avx2")]] void tanh_avx2(std::span<double> x) { tanh_loop(x); }
#if defined(__clang__)  // knows the width only as an option of a whole file
[[gnu::target("avx512f,avx512dq")]]
#else
[[gnu::target("avx512f,avx512dq,prefer-vector-width=512")]]
#endif
void tanh_avx512(std::span<double> x) {
  tanh_loop(x);
}
#endif

Function choose_tanh() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return tanh_avx512;
  if (__builtin_cpu_supports("avx2")) return tanh_avx2;
#endif
  return tanh_plain;
}

}  // namespace

void tanh_each(std::span<double> x) {
  static const Function chosen = choose_tanh();
  chosen(x);
}

}  // namespace qmtl
