#pragma once

#include "dense_whole.h"

QE_DENSE_WHOLE(qe_dense_i8, int8_t)
