# SPDX-License-Identifier: Apache-2.0
"""Which header of the standard library declares what a header of the project uses.

A header that is compiled with the standard library in a precompiled header shows everything but a missing include of
that library; this table shows that one.
"""

import re

# Names of namespace std -> headers that promise them (C++20), as far as the project's headers use them.
DECLARED = {
    "abs acos asin atan atan2 cos cosh exp fma fmin fmod frexp hypot isfinite isnan ldexp log log1p log2 pow sin sinh sqrt tan tanh copysign lround floor ceil": "cmath",
    "accumulate iota": "numeric",
    "all_of any_of none_of copy count count_if fill fill_n find find_if max min minmax max_element min_element shuffle"
    " sort stable_sort is_sorted lower_bound upper_bound clamp equal transform reverse unique": "algorithm",
    "array": "array",
    "async future future_status launch": "future",
    "atoi getenv strtol": "cstdlib",
    "atomic memory_order_acq_rel memory_order_acquire memory_order_relaxed memory_order_release": "atomic",
    "begin end": "iterator array span string string_view vector map set",
    "bit_cast endian popcount rotl rotr": "bit",
    "byte": "cstddef",
    "complex norm": "complex",
    "chrono": "chrono",
    "condition_variable": "condition_variable",
    "deque": "deque",
    "priority_queue": "queue",
    "error_code": "system_error",
    "current_exception exception exception_ptr rethrow_exception": "exception",
    "declval exchange forward move": "utility",
    "filesystem": "filesystem",
    "FILE fopen fclose fread": "cstdio",
    "function": "functional",
    "initializer_list": "initializer_list",
    "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t uintptr_t": "cstdint",
    "is_enum_v is_floating_point_v is_pointer_v remove_cvref_t is_integral_v is_same_v is_signed_v is_trivially_copyable_v": "type_traits",
    "istream": "istream iosfwd",
    "ostream": "ostream iosfwd",
    "ifstream": "fstream",
    "istringstream ostringstream stringstream": "sstream",
    "lock_guard mutex once_flag call_once unique_lock": "mutex",
    "logic_error runtime_error": "stdexcept",
    "map multimap": "map",
    "memcpy memcmp strlen": "cstring",
    "mt19937": "random",
    "nullopt nullopt_t optional": "optional",
    "numeric_limits": "limits",
    "pair": "utility map",
    "partial_ordering strong_ordering": "compare",
    "raise sig_atomic_t": "csignal",
    "set": "set",
    "shared_ptr unique_ptr make_shared make_unique weak_ptr": "memory",
    "size_t ptrdiff_t": "cstddef string string_view vector array span cstring cstdlib cstdio",
    "span": "span",
    "stoi stoul to_string string": "string",
    "string_view": "string_view string",
    "thread": "thread",
    "tuple": "tuple",
    "variant visit get_if holds_alternative": "variant",
    "unordered_map": "unordered_map", "unordered_set": "unordered_set",
    "vector": "vector",
}
HEADERS_OF = {name: set(headers.split()) for names, headers in DECLARED.items() for name in names.split()}
# also included by what stands on the left
BRINGS = {"tuple": {"utility"}, "map": {"utility"}}
STANDARD = re.compile(r"^\s*#\s*include\s*<([a-z_]+)>", re.MULTILINE)


def missing_includes(header, text, reached):
    """A line for each standard header that `header` needs and that none of the texts includes that it reaches, its own among them."""
    given = {name for other in reached for name in STANDARD.findall(other)}
    for name in list(given):
        given |= BRINGS.get(name, set())
    missing = {}
    for number, line in enumerate(text.splitlines(), 1):
        for name in re.findall(r"\bstd::(\w+)", re.sub(r"//.*", "", line)):
            if name not in HEADERS_OF:
                yield f"{header}:{number}: uses std::{name}, which tests/structure/standard_headers.py does not know: add it there"
            elif not HEADERS_OF[name] & given:
                missing.setdefault(min(HEADERS_OF[name]), (number, name))
    for include, (number, name) in missing.items():
        yield f"{header}:{number}: uses std::{name} without #include <{include}>"
