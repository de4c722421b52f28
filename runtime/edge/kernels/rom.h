#pragma once

/* Where tables lie: on an AVR flash is memory of its own, read by instructions of its own, and what is not
   marked goes to the little RAM there is. Only GNU C has the mark: under -std=c99 and in C++ tables go to
   RAM. Elsewhere the mark is nothing. */
#if defined(__AVR__) && defined(__FLASH) && !defined(__STRICT_ANSI__) && !defined(__cplusplus)
#define QE_ROM __flash
#define QE_ROM_APART
#else
#define QE_ROM
#endif
