#pragma once

#include "from_bits.h"
#include "to_bits.h"

/* 2^k for the integer k whose bits are the low ones of 1.5 * 2^23 + k. */
static float qe_power_of_two(float shifted) { return qe_from_bits((qe_to_bits(shifted) + 127u) << 23); }
