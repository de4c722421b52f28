// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "runtime/base/hash.h"

using qmtl::Sha256;

TEST_CASE("SHA-256 gives the digests published with FIPS 180-4", "[io]") {
  struct Vector {
    std::string message, digest;
  };
  const std::vector<Vector> vectors{
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopq"
       "r"
       "stnopqrstu",
       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
      {std::string(1000000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const Vector& vector : vectors) {
    INFO("message of " << vector.message.size() << " bytes");
    Sha256 whole;
    whole.update(vector.message);
    CHECK(whole.hex() == vector.digest);

    for (std::size_t piece : {1u, 63u, 64u, 65u}) {
      INFO("in pieces of " << piece);
      Sha256 parts;
      for (std::size_t at = 0; at < vector.message.size(); at += piece)
        parts.update(std::string_view(vector.message).substr(at, piece));
      CHECK(parts.hex() == vector.digest);
    }
  }
}

TEST_CASE("a stream goes on after its digest was read", "[io]") {
  Sha256 hash;
  hash.update("a");
  CHECK(hash.hex() != "");
  hash.update("bc");
  CHECK(hash.hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("texts of equal concatenation but different cuts hash differently", "[io]") {
  Sha256 left, right;
  left.update_text("ab"), left.update_text("c");
  right.update_text("a"), right.update_text("bc");
  CHECK(left.hex() != right.hex());
}

TEST_CASE("the processor's instructions compress as plain C++ does", "[io]") {
  std::mt19937 random(5);
  for (std::size_t blocks = 0; blocks < 20; ++blocks) {
    std::vector<unsigned char> bytes(64 * blocks + 1);
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random());
    std::array<std::uint32_t, 8> state;
    for (std::uint32_t& word : state) word = static_cast<std::uint32_t>(random());
    std::array<std::uint32_t, 8> portable = state;
    // From an odd address: texts begin anywhere.
    qmtl::sha256_compress(state, bytes.data() + 1, blocks);
    qmtl::sha256_compress_portably(portable, bytes.data() + 1, blocks);
    CHECK(state == portable);
  }
}
