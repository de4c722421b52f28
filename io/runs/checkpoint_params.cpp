// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <span>

#include "io/data/dataset.h"
#include "io/runs/checkpoint_parts.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

// The parameter vectors, each a group of named tensors.
struct Vector {
  const char* group;
  std::vector<double> TrainState::*member;
};
constexpr Vector vectors[] = {
    {"/params", &TrainState::params}, {"/moment1", &TrainState::moment1}, {"/moment2", &TrainState::moment2}};

std::size_t product(const std::vector<std::size_t>& shape) {
  std::size_t result = 1;
  for (std::size_t extent : shape) result *= extent;
  return result;
}

}  // namespace

void check_params(const Checkpoint& checkpoint, const std::string& where) {
  std::size_t offset = 0;
  for (const ParamInfo& param : checkpoint.params) {
    check_name(param.name, "a parameter", where);
    if (param.offset != offset || param.size != product(param.shape))
      inconsistent(where, "parameter " + param.name + " of shape " + hdf5::text(param.shape) + " has " +
                              std::to_string(param.size) + " numbers at " + std::to_string(param.offset) +
                              "; expected the product of its shape, at " + std::to_string(offset));
    offset += param.size;
  }
  for (const Vector& vector : vectors) {
    const std::size_t found = (checkpoint.state.*vector.member).size();
    if (found != offset && (found != 0 || vector.member == &TrainState::params))
      inconsistent(where, std::string(vector.group) + " has " + std::to_string(found) +
                              " numbers; the parameters' shapes add up to " + std::to_string(offset));
  }
  for (const ParamInfo& param : checkpoint.params)
    for (std::size_t i = 0; i < param.size; ++i)
      if (!std::isfinite(checkpoint.state.params[param.offset + i]))
        throw data_error(where + ": number " + std::to_string(i) + " of parameter " + param.name +
                         " is not finite; the training has run away: use an older checkpoint, and a smaller "
                         "train.learning_rate");
}

void write_params(hdf5::File& file, const Checkpoint& checkpoint) {
  for (const Vector& vector : vectors) {
    const std::vector<double>& values = checkpoint.state.*vector.member;
    if (values.empty() && vector.member != &TrainState::params) continue;
    file.make_group(vector.group);
    for (std::size_t i = 0; i < checkpoint.params.size(); ++i) {
      const ParamInfo& param = checkpoint.params[i];
      const std::string object = std::string(vector.group) + "/" + param.name;
      file.write<double>(object, param.shape, std::span(values).subspan(param.offset, param.size));
      if (vector.member != &TrainState::params) continue;
      file.set_attribute(object, "index", static_cast<std::int64_t>(i));
      file.set_attribute(object, "head", std::int64_t{param.head});
      file.set_attribute(object, "decay", std::int64_t{param.decay});
    }
  }
}

void read_params(const hdf5::File& file, Checkpoint& checkpoint) {
  std::size_t offset = 0;
  for (const std::string& name : indexed_children(file, "/params")) {
    const std::string object = "/params/" + name;
    const hdf5::Info info = file.info(object);
    ParamInfo param;
    param.name = name;
    param.shape = info.shape;
    param.offset = offset;
    param.size = info.elements;
    param.head = hdf5::required_int(file, object, "head") != 0;
    param.decay = hdf5::required_int(file, object, "decay") != 0;
    offset += param.size;
    checkpoint.params.push_back(std::move(param));
  }
  for (const Vector& vector : vectors) {
    if (vector.member != &TrainState::params && !file.exists(vector.group)) continue;
    if (file.children(vector.group).size() != checkpoint.params.size())
      inconsistent(file.path(), std::string(vector.group) + " and /params have different members");
    std::vector<double>& values = checkpoint.state.*vector.member;
    for (const ParamInfo& param : checkpoint.params) {
      const std::string object = std::string(vector.group) + "/" + param.name;
      if (file.info(object).shape != param.shape)
        inconsistent(file.path(),
                     object + " does not have the shape " + hdf5::text(param.shape) + " of the parameter");
      const std::vector<double> part = file.read<double>(object);
      values.insert(values.end(), part.begin(), part.end());
    }
  }
}

void hash_params(Sha256& hash, const Checkpoint& checkpoint) {
  for (const ParamInfo& param : checkpoint.params) {
    hash.update_text(param.name);
    hash.update_number(static_cast<std::uint64_t>(param.shape.size()));
    for (std::size_t extent : param.shape) hash.update_number(static_cast<std::uint64_t>(extent));
    hash.update_number(std::uint64_t{param.head});
    hash.update_number(std::uint64_t{param.decay});
  }
  for (const Vector& vector : vectors) hash.update_array(checkpoint.state.*vector.member);
}

}  // namespace qmtl
