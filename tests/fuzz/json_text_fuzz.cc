// Whatever goes in, what comes out is the inside of a JSON string that decodes to what the reference says, in one go
// and in pieces under any limit.
//
// Input: one byte for the limits, then the text, taken both as plain bytes and as a token.
#include "base/json_text.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "../unit/base/json_reference.h"

namespace {

using namespace sleipnir;

void expect(bool condition) {
  if (!condition) abort();
}

template <typename Copy, typename Measure>
void check(std::string_view text, const std::string& expected, size_t limit, Copy copy, Measure measure) {
  std::vector<char> whole(text.size() * kJsonGrowthMax);
  const JsonCopied all = copy(text, std::span<char>(whole), kNoDecodedLimit);
  expect(all.stop == JsonStop::kEnd && all.consumed == text.size() && all.decoded == expected.size());
  const std::string_view wire(whole.data(), all.written);
  expect(test::parsed_string(wire) == expected);

  std::string joined;
  for (;;) {
    // Exactly as large as allowed, so that a sanitizer sees a byte too many.
    std::vector<char> room(kJsonUnitBytesMax + limit);
    const size_t decoded_max = kJsonUnitDecodedMax + limit / 2;
    const JsonCopied piece = copy(text, std::span<char>(room), decoded_max);
    expect(piece == measure(text, room.size(), decoded_max));
    expect(piece.written <= room.size() && piece.decoded <= decoded_max);
    const std::string_view written(room.data(), piece.written);
    const std::optional<std::string> decoded = test::parsed_string(written);
    expect(decoded && decoded->size() == piece.decoded);
    joined += written;
    text.remove_prefix(piece.consumed);
    if (piece.stop == JsonStop::kEnd) break;
    expect(piece.consumed > 0);
  }
  expect(text.empty() && joined == wire);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t limit = data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const LastNewline last : {LastNewline::kKeep, LastNewline::kCut}) {
    const auto expected = [&](std::string decoded) {
      return last == LastNewline::kCut ? test::without_last_newline(std::move(decoded)) : decoded;
    };
    check(
        text, expected(test::sanitized_utf8(text)), limit,
        [&](std::string_view t, std::span<char> out, size_t decoded) { return escape_json(t, out, decoded, last); },
        [&](std::string_view t, size_t wire, size_t decoded) { return measure_json(t, wire, decoded, last); });
    check(
        text, expected(test::token_text(text)), limit,
        [&](std::string_view t, std::span<char> out, size_t decoded) { return copy_json_token(t, out, decoded, last); },
        [&](std::string_view t, size_t wire, size_t decoded) { return measure_json_token(t, wire, decoded, last); });
  }
  return 0;
}
