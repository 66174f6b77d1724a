#include "loki/compressor.h"

#include <libdeflate.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/exact_bytes.h"

namespace sleipnir {
namespace {

std::string sample_text() {
  std::string text;
  for (int i = 0; i < 2000; i++)
    text += "[\"17700000000000" + std::to_string(i * 7919 % 100000) + "\",\"a log line\"],";
  return text;
}

std::string decompressed(std::string_view gzip, size_t bytes_max) {
  std::string out(bytes_max, '\0');
  libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  size_t bytes = 0;
  const libdeflate_result result =
      libdeflate_gzip_decompress(decompressor, gzip.data(), gzip.size(), out.data(), out.size(), &bytes);
  libdeflate_free_decompressor(decompressor);
  REQUIRE(result == LIBDEFLATE_SUCCESS);
  return out.substr(0, bytes);
}

// Pages of address space in use by this process.
size_t mapped_bytes() {
  size_t pages = 0;
  FILE* const statm = fopen("/proc/self/statm", "r");
  REQUIRE(statm != nullptr);
  REQUIRE(fscanf(statm, "%zu", &pages) == 1);
  fclose(statm);
  return pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

TEST_CASE("what_was_compressed_at_any_level_decompresses_to_itself") {
  const std::string text = sample_text();
  for (int level = GzipCompressor::kLevelMin; level <= GzipCompressor::kLevelMax; level++) {
    GzipCompressor compressor(level);
    std::vector<char> out(text.size());
    const size_t bytes = compressor.compress(text, out);
    REQUIRE(bytes > 0);
    CHECK(bytes < text.size() / 4);
    CHECK(decompressed({out.data(), bytes}, text.size()) == text);
  }
}

// Runs of new bytes and copies of what came before, of lengths and distances around those at which the compressor's own
// table of matches decides: six bytes, a whole match, the window, a block.
std::string made_of_copies(std::mt19937& random, size_t bytes) {
  const auto below = [&](size_t limit) { return random() % limit; };
  std::string text;
  while (text.size() < bytes) {
    for (size_t fresh = below(4) == 0 ? below(40) : below(6); fresh > 0; fresh--)
      text += static_cast<char>(below(3) == 0 ? below(256) : 'a' + below(4));
    const size_t lengths[] = {below(9), below(40), below(300), 255 + below(9), below(3) == 0 ? size_t{70000} : 7};
    const size_t distances[] = {1 + below(8), 1 + below(300), 32760 + below(16), 1 + below(70000)};
    const size_t distance = std::min(distances[below(4)], text.size());
    for (size_t left = distance == 0 ? 0 : lengths[below(5)]; left > 0; left--) text += text[text.size() - distance];
  }
  return text.substr(0, bytes);
}

TEST_CASE("whatever_is_compressed_decompresses_to_itself_and_nothing_beside_it_is_read") {
  std::mt19937 random(20261122);
  for (int round = 0; round < 120; round++) {
    const size_t sizes[] = {random() % 40, random() % 3000, 30000 + random() % 6000, random() % 400000};
    const std::string text = made_of_copies(random, sizes[round % 4]);
    const test::ExactBytes exact(text);
    for (const int level : {1, 6}) {
      CAPTURE(round, text.size(), level);
      GzipCompressor compressor(level);
      const std::unique_ptr<char[]> out(new char[text.size() + 64]);
      const size_t bytes = compressor.compress(exact.view(), {out.get(), text.size() + 64});
      REQUIRE(bytes > 0);
      REQUIRE(decompressed({out.get(), bytes}, text.size()) == text);
    }
  }
}

TEST_CASE("the_same_input_gives_the_same_bytes_and_no_time") {
  const std::string text = sample_text();
  GzipCompressor first(1);
  GzipCompressor second(1);
  std::vector<char> a(text.size());
  std::vector<char> b(text.size());
  const size_t a_bytes = first.compress(text, a);
  REQUIRE(first.compress("something else", b) > 0);
  REQUIRE(second.compress(text, b) == a_bytes);
  CHECK(std::string(a.data(), a_bytes) == std::string(b.data(), a_bytes));
  REQUIRE(first.compress(text, b) == a_bytes);
  CHECK(std::string(a.data(), a_bytes) == std::string(b.data(), a_bytes));
  CHECK(std::string(a.data() + 4, 4) == std::string(4, '\0'));
}

TEST_CASE("a_result_that_does_not_fit_is_nothing") {
  const std::string text = sample_text();
  GzipCompressor compressor(1);
  std::vector<char> out(text.size());
  const size_t bytes = compressor.compress(text, out);
  CHECK(compressor.compress(text, std::span<char>(out).first(bytes / 2)) == 0);
  CHECK(compressor.compress(text, {}) == 0);
  CHECK(compressor.compress(text, out) == bytes);
}

TEST_CASE("levels_are_clamped") {
  CHECK(GzipCompressor(0).level() == 1);
  CHECK(GzipCompressor(-3).level() == 1);
  CHECK(GzipCompressor(6).level() == 6);
  CHECK(GzipCompressor(12).level() == 9);
}

TEST_CASE("the_state_is_mapped_at_first_use_only_and_within_the_documented_size") {
  for (const auto& [level, bytes_max] :
       {std::pair(1, GzipCompressor::kStateBytesLevel1), std::pair(2, GzipCompressor::kStateBytesMax),
        std::pair(9, GzipCompressor::kStateBytesMax)}) {
    // Measured first and asserted afterwards: an assertion may allocate.
    char out[256];
    const size_t before = mapped_bytes();
    GzipCompressor compressor(level);
    const size_t made = mapped_bytes();
    const bool first_done = compressor.compress("text", out) > 0;
    const size_t used_once = mapped_bytes();
    const bool second_done = compressor.compress("text", out) > 0;
    const size_t used_twice = mapped_bytes();
    CHECK((first_done && second_done));
    CHECK(made == before);
    CHECK(used_once - before <= bytes_max);
    CHECK(used_once - before > bytes_max / 2);
    CHECK(used_twice == used_once);
  }
}

}  // namespace
// Short ones, and the ends of long ones, go another way than by the processor's wide instructions.
TEST_CASE("checksums_of_any_length_are_those_of_gzip") {
  const auto expected = [](std::string_view text) {
    uint32_t crc = UINT32_MAX;
    for (const char c : text) {
      crc ^= static_cast<unsigned char>(c);
      for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
    }
    return ~crc;
  };
  std::string text;
  for (size_t bytes = 0; bytes < 600; bytes++) {
    CAPTURE(bytes);
    REQUIRE(libdeflate_crc32(0, text.data(), text.size()) == expected(text));
    if (bytes > 3)
      REQUIRE(libdeflate_crc32(0, text.data() + 3, text.size() - 3) == expected(std::string_view(text).substr(3)));
    text += static_cast<char>(bytes * 7 + bytes / 5);
  }
}

}  // namespace sleipnir
