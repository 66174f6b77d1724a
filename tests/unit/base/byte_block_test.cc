#include "base/byte_block.h"

#include <catch2/catch_test_macros.hpp>
#include <cctype>
#include <string>
#include <vector>

#include "lambda/hex_rules.h"

namespace sleipnir {
namespace {

std::vector<size_t> indexes(BlockMask mask) {
  std::vector<size_t> found;
  for (; mask != 0; mask = without_first(mask)) found.push_back(first_index(mask));
  return found;
}

TEST_CASE("byte_block_names_the_positions_that_fit") {
  const ByteBlock block("a\"b\\c\nd\"{}[]0Z9\x7f");
  CHECK(indexes(block_mask(block.equal('"'))) == std::vector<size_t>{1, 7});
  CHECK(indexes(block_mask(block.equal('\\') | block.below(0x20))) == std::vector<size_t>{3, 5});
  CHECK(indexes(block_mask(block.folded().equal('{'))) == std::vector<size_t>{8, 10});
  CHECK(indexes(block_mask(block.within('0', '9'))) == std::vector<size_t>{12, 14});
  CHECK(indexes(block_mask(block.within('A', 'Z'))) == std::vector<size_t>{13});
  CHECK(block_mask(block.equal('?')) == 0);
}

TEST_CASE("byte_block_compares_bytes_without_sign") {
  std::string text(16, '\x80');
  text[15] = '\x1f';
  text[0] = '\xff';
  const ByteBlock block(text.data());
  CHECK(indexes(block_mask(block.below(0x20))) == std::vector<size_t>{15});
  CHECK(indexes(block_mask(block.within(0xf0, 0xff))) == std::vector<size_t>{0});
}

TEST_CASE("byte_block_agrees_with_plain_comparisons_for_every_byte_at_every_place") {
  for (int byte = 0; byte < 256; ++byte) {
    for (size_t place = 0; place < kBlockBytes; ++place) {
      std::string text(kBlockBytes, '.');
      text[place] = static_cast<char>(byte);
      const ByteBlock block(text.data());
      const BlockMask at_place = from_index(kWholeMask, place) & ~from_index(kWholeMask, place + 1);
      CAPTURE(byte, place);
      REQUIRE((block_mask(block.equal('"')) == at_place) == (byte == '"'));
      REQUIRE((block_mask(block.below(0x20)) == at_place) == (byte < 0x20));
      REQUIRE((block_mask(block.folded().within('a', 'z')) == at_place) == (std::isalpha(byte) != 0));
      REQUIRE((block_mask(block.folded().equal('{')) == at_place) == (byte == '{' || byte == '['));
      REQUIRE((block_mask(block.folded().equal('}')) == at_place) == (byte == '}' || byte == ']'));
    }
  }
}

TEST_CASE("from_index_keeps_what_stands_at_or_behind_an_index") {
  CHECK(from_index(kWholeMask, 0) == kWholeMask);
  CHECK(indexes(from_index(kWholeMask, 14)) == std::vector<size_t>{14, 15});
  CHECK(from_index(kWholeMask, 16) == 0);
  CHECK(from_index(kWholeMask, 30) == 0);
}

TEST_CASE("find_byte_agrees_with_the_standard_search_at_every_length_and_place") {
  for (size_t bytes = 0; bytes <= 40; ++bytes) {
    for (size_t place = 0; place <= bytes; ++place) {
      std::string text(bytes, 'a');
      if (place < bytes) text[place] = '\\';
      if (place + 3 < bytes) text[place + 3] = '\\';
      REQUIRE(find_byte(text, '\\') == text.find('\\'));
    }
  }
  CHECK(find_byte("\xff\x80", '\x80') == 1);
}

TEST_CASE("is_uuid_wants_hyphens_at_four_places_and_hex_digits_elsewhere") {
  const std::string uuid = "0b6f3c1e-5a55-4c0e-9D5B-2f7f3b0b9a11";
  CHECK(is_uuid(uuid));
  CHECK_FALSE(is_uuid(uuid.substr(1)));
  CHECK_FALSE(is_uuid(uuid + "0"));
  CHECK_FALSE(is_uuid(""));
  for (size_t place = 0; place < uuid.size(); ++place) {
    for (const char wrong : {'g', ' ', '\0', '\xff', uuid[place] == '-' ? '0' : '-', '/', ':', '@', 'G', '`'}) {
      std::string text = uuid;
      text[place] = wrong;
      CAPTURE(place, wrong);
      REQUIRE_FALSE(is_uuid(text));
    }
  }
}

}  // namespace
}  // namespace sleipnir
