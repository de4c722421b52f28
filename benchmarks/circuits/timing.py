# SPDX-License-Identifier: Apache-2.0
"""How the comparisons of circuits are timed: by processor time, which other work on the machine disturbs least."""
import time


def processor(step, at_least):
    """Seconds of processor time of a step, the mean of so many that they take `at_least` seconds together."""
    count, begin, spent = 0, time.process_time(), 0.0
    while count == 0 or spent < at_least:
        step()
        count += 1
        spent = time.process_time() - begin
    return spent / count
