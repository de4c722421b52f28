// SPDX-License-Identifier: Apache-2.0
/* The head file in flash: -DMODEL="path". */
.section .rodata
.balign 4
.globl model, model_end
model:
.incbin MODEL
model_end:
