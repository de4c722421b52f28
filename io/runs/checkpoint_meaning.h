// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "io/hdf5/hdf5.h"
#include "runtime/base/hash.h"
#include "runtime/model/meaning.h"

namespace qmtl {

/// The part of a checkpoint that says what its numbers mean (io/FORMATS.md): names, units, shifts and the
/// description of the data's import. Files of earlier versions have none.
void write_meaning(hdf5::File& file, const Meaning& meaning);
Meaning read_meaning(const hdf5::File& file);

/// Adds to a hash whatever is known; nothing for an empty meaning.
void hash_meaning(Sha256& hash, const Meaning& meaning);

/// Throws Error (data) unless there are as many names as the model has inputs and classes, each class of a
/// task has a name of its own, and all are UTF-8. `where` begins the message.
void check_meaning(const Meaning& meaning, const ModelSpec& spec, const std::string& where);

}  // namespace qmtl
