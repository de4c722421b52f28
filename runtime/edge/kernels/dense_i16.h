#pragma once

#include "dense_whole.h"

QE_DENSE_WHOLE(qe_dense_i16, int16_t)
