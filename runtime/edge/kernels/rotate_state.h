#pragma once

#include "rotations.h"

static void qe_rotate_state(const float* sample_pairs, float* state, uint32_t qubits, uint32_t is_complex,
                            const float* fixed_pairs, const uint32_t* word, uint32_t rotations) {
  qe_rotations(state, 1u << qubits, is_complex, sample_pairs, fixed_pairs, word, rotations);
}
