// Text into the inside of a JSON string: escaping plain bytes, and copying what is a JSON string already.
//
// The hot path of the program: every byte of every record goes through here once, from the telemetry body (or from
// text of our own) into the wire form in a batch's arena. Whatever comes in, what goes out is the inside of a valid
// JSON string in valid UTF-8, and decodes to the same text but for bytes JSON cannot carry:
//
//   invalid UTF-8                      U+FFFD for each maximal ill-formed sequence (Unicode 3.9, WHATWG)
//   a lone surrogate escape `\uD83D`   `\ufffd`
//   a malformed escape `\x`, `\u12`    the backslash stands for itself: `\\x`, `\\u12`
//   a raw control character or quote   escaped
//
// Work is done in units that are never cut: a code point, an escape, a surrogate pair of escapes. Stopping at a limit
// and going on behind `consumed` therefore gives the same text as one go.
//
// Pure functions, no allocation; usable from every thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sleipnir {

// What becomes of a newline that is the very last character of the text: left out (an unescaped `\n` or `\u000a` of a
// token, a newline byte), or treated like any other. At most one is cut, and a carriage return before it stays.
enum class LastNewline : uint8_t { kKeep, kCut };

enum class JsonStop : uint8_t {
  kEnd,      // the whole text was taken
  kWire,     // the next unit needs more room than there is
  kDecoded,  // the next unit would make the decoded text longer than allowed
};

// How far a call came.
struct JsonCopied {
  size_t consumed = 0;  // bytes of the input, always whole units
  size_t written = 0;   // bytes of JSON
  size_t decoded = 0;   // bytes of UTF-8 that `written` stands for
  JsonStop stop = JsonStop::kEnd;
  bool operator==(const JsonCopied&) const = default;
};

// The longest unit: a surrogate pair in escapes (12 bytes of JSON for 4 decoded). Limits at least this large always
// take one unit, so a loop over parts comes to its end.
inline constexpr size_t kJsonUnitBytesMax = 12;
inline constexpr size_t kJsonUnitDecodedMax = 4;

// A JSON string is at most this many times as long as the plain bytes in it (a control character: `\u0001`).
inline constexpr size_t kJsonGrowthMax = 6;

inline constexpr size_t kNoDecodedLimit = SIZE_MAX;

// Escapes plain bytes (any bytes), also the text of a JSON value that becomes a string, into `out`.
[[nodiscard]] JsonCopied escape_json(std::string_view plain, std::span<char> out,
                                     size_t decoded_bytes_max = kNoDecodedLimit,
                                     LastNewline last_newline = LastNewline::kKeep);

// Copies the bytes in front that are ASCII and stand for themselves inside a JSON string; returns how many. What was
// taken of `plain` may be followed by anything in `out`. REQUIRES: out.size() >= plain.size().
[[nodiscard]] size_t copy_plain(std::string_view plain, std::span<char> out);

// Puts a question mark in the place of every U+FFFD, raw as escape_json writes it; returns the bytes left. For label
// and metadata values: Loki refuses a whole push for one U+FFFD in a label, and replaces it in metadata.
[[nodiscard]] size_t remove_replacements(std::span<char> json);

// Copies the inside of a JSON string token (without its quotes, any bytes) into `out`.
[[nodiscard]] JsonCopied copy_json_token(std::string_view token, std::span<char> out,
                                         size_t decoded_bytes_max = kNoDecodedLimit,
                                         LastNewline last_newline = LastNewline::kKeep);

// What copy_json_token makes, with LastNewline::kCut, of the inside of a token that is verbatim (json_scan.h): all of
// it but the newline at its end.
[[nodiscard]] std::string_view cut_newline(std::string_view token);

// The two that copy, without writing: where they would stop, given room for `wire_bytes_max` bytes.
[[nodiscard]] JsonCopied measure_json(std::string_view plain, size_t wire_bytes_max, size_t decoded_bytes_max,
                                      LastNewline last_newline);
[[nodiscard]] JsonCopied measure_json_token(std::string_view token, size_t wire_bytes_max, size_t decoded_bytes_max,
                                            LastNewline last_newline);

}  // namespace sleipnir
