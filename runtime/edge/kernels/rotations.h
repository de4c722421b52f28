#pragma once

#include "rom.h"
#include "rotate.h"

/* Rotations one after another: `word` has two words for each (FORMAT.md), pairs are cos, sin of half angles.
 */
static void qe_rotations(float* state, uint32_t amplitudes, uint32_t is_complex, const float* sample_pairs,
                         const QE_ROM float* fixed_pairs, const QE_ROM uint32_t* word, uint32_t rotations) {
  uint32_t i;
  for (i = 0; i < rotations; ++i) {
    const uint32_t reference = word[2u * i + 1u], at = 2u * (reference & 0xffffffu);
#ifdef QE_ROM_APART
    float pair[2];
    pair[0] = reference >> 31 ? sample_pairs[at] : fixed_pairs[at];
    pair[1] = reference >> 31 ? sample_pairs[at + 1u] : fixed_pairs[at + 1u];
#else
    const float* pair = (reference >> 31 ? sample_pairs : fixed_pairs) + at;
#endif
    qe_rotate(state, amplitudes, is_complex, word[2u * i], pair[0],
              reference >> 30 & 1u ? -pair[1] : pair[1]);
  }
}
