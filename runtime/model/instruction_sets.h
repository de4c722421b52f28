// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace qmtl {

// Work that is compiled for several instruction sets and picked when the program starts. With contraction off
// and lanes that never meet, every version gives the same bits.

#if defined(__x86_64__)
#if defined(__clang__)  // knows the width only as an option of a whole file
#define QMTL_TARGET_AVX512 [[gnu::target("avx512f,avx512dq")]]
#else
#define QMTL_TARGET_AVX512 [[gnu::target("avx512f,avx512dq,prefer-vector-width=512")]]
#endif

template <class Work, class... Arguments>
QMTL_TARGET_AVX512 void run_avx512(Arguments... arguments) {
  Work::template run<64>(arguments...);
}

template <class Work, class... Arguments>
[[gnu::target("avx2")]] void run_avx2(Arguments... arguments) {
  Work::template run<32>(arguments...);
}
#undef QMTL_TARGET_AVX512
#endif

template <class Work, class... Arguments>
void run_plain(Arguments... arguments) {
  Work::template run<16>(arguments...);
}

/// Calls Work::run<Bytes>(arguments...), an always_inline function of plain numbers and pointers, where
/// registers have that many bytes.
template <class Work, class... Arguments>
void run_widest(Arguments... arguments) {
  using Function = void (*)(Arguments...);
  static const Function chosen = []() -> Function {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
      return run_avx512<Work, Arguments...>;
    if (__builtin_cpu_supports("avx2")) return run_avx2<Work, Arguments...>;
#endif
    return run_plain<Work, Arguments...>;
  }();
  chosen(arguments...);
}

}  // namespace qmtl
