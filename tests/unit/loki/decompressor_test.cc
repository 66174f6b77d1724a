#include "loki/decompressor.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "fake/random.h"
#include "loki/compressor.h"

using namespace sleipnir;
using namespace sleipnir::test;

namespace {

std::string gzipped(const std::string& text) {
  GzipCompressor compressor(1);
  std::string out(text.size() + 200, '\0');
  out.resize(compressor.compress(text, out));
  return out;
}

}  // namespace

TEST_CASE("decompressor_gives_back_what_was_compressed_at_each_size") {
  GzipDecompressor decompressor;
  SeededRandom random(1);
  std::string text;
  for (size_t size = 0; size < 3000; size += 1 + size / 3) {
    while (text.size() < size) text += static_cast<char>('a' + random.below(10));
    std::string out(size, '\0');
    REQUIRE(decompressor.decompress(gzipped(text), out));
    CHECK(out == text);
  }
}

TEST_CASE("decompressor_takes_one_whole_member_of_exactly_the_size_given") {
  GzipDecompressor decompressor;
  const std::string text(500, 'x');
  const std::string packed = gzipped(text);
  std::vector<char> out(1000);
  CHECK(decompressor.decompress(packed, std::span(out).first(500)));
  CHECK_FALSE(decompressor.decompress(packed, std::span(out).first(499)));
  CHECK_FALSE(decompressor.decompress(packed, std::span(out).first(501)));
  CHECK_FALSE(decompressor.decompress(packed + "x", std::span(out).first(500)));
  CHECK_FALSE(decompressor.decompress(packed + packed, std::span(out).first(500)));
  for (size_t bytes = 0; bytes < packed.size(); bytes++) {
    CHECK_FALSE(decompressor.decompress(std::string_view(packed).substr(0, bytes), std::span(out).first(500)));
  }
}
