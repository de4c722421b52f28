// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "io/data/row_file.h"
#include "runtime/model/data.h"

namespace qmtl {

/// Reads and checks a data set in the form of io/FORMATS.md. float16, float64 and uint8 inputs become float.
/// Throws Error (data) that names file, object, sample and column, and what was expected, for: a file that is
/// missing, truncated, damaged or of another format; shapes that disagree; a split value other than 0, 1, 2;
/// NaN or infinity in an input; a label that is infinite, outside its classes or not whole.
Dataset read_dataset(const std::string& path);

/// As read_dataset, with the inputs' numbers left in `rows`: `write` says whether they are still to be
/// written there. No more than a piece of them is in memory at a time.
Dataset read_dataset_rows(const std::string& path, RowFile& rows, bool write);

/// The same with the numbers left where they are: Input::rows reads them from the data set's file.
Dataset read_dataset_in_place(const std::string& path);

/// Bytes of a data set's inputs in memory, from its shapes alone.
std::uint64_t input_bytes(const std::string& path);

/// Does a file say that it is one of this program's? Such a file is to be read as a data set, also where that
/// fails. False for one that is not HDF5.
bool is_own_file(const std::string& path);

/// Writes a data set (inputs and labels as float32), replacing `path` only after what was written reads back
/// with the same hash. Throws Error (data) if `data` itself breaks a rule of the format.
void write_dataset(const std::string& path, const Dataset& data);

/// The checks of read_dataset on a data set in memory; `where` names its origin in messages. The numbers of
/// inputs that do not lie in memory are left to check_numbers.
void check_dataset(const Dataset& data, const std::string& where);

/// That a piece of an input's numbers, from row `first` on, is finite.
void check_numbers(const Input& input, std::size_t first, std::span<const float> numbers,
                   const std::string& where);

/// SHA-256 over inputs, tasks, split, folds, groups and ids (not title, source and licence): what
/// Dataset::hash holds.
std::string dataset_hash(const Dataset& data);

/// Throws Error (data) unless `name` can name an input, a task or a parameter: 1 to 200 bytes, no '/', no
/// control characters, not "." or "..".
void check_name(const std::string& name, const std::string& what, const std::string& where);

}  // namespace qmtl
