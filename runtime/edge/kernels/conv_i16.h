#pragma once

#include "conv_whole.h"

QE_CONV_WHOLE(qe_conv_i16, int16_t)
