#pragma once

#include "rotations.h"

static void qe_rotate_state(const float* sample_pairs, float* state, uint32_t qubits, uint32_t is_complex,
                            const QE_ROM float* fixed_pairs, const QE_ROM uint32_t* word,
                            uint32_t rotations) {
  qe_rotations(state, (uint32_t)1 << qubits, is_complex, sample_pairs, fixed_pairs, word, rotations);
}
