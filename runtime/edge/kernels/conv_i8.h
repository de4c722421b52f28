#pragma once

#include "conv_whole.h"

QE_CONV_WHOLE(qe_conv_i8, int8_t)
