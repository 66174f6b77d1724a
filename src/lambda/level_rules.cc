#include "lambda/level_rules.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/ascii.h"
#include "base/byte_block.h"
#include "lambda/level_names.h"

namespace sleipnir {
namespace {

std::string_view letters_at(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && is_letter(text[end])) ++end;
  return text.substr(at, end - at);
}

// What logging libraries and runtimes write at the very beginning.
struct Opening {
  std::string_view text;
  Level level;
};
constexpr Opening kOpenings[] = {
    {"Traceback (most recent call last)", Level::kError},  // Python
    {"Task timed out after", Level::kError},               // Lambda
    {"fatal error: ", Level::kFatal},                      // Go
    {"panic: ", Level::kFatal},
    {"PHP Fatal error: ", Level::kFatal},
    {"PHP Warning: ", Level::kWarn},
    {"PHP Notice: ", Level::kInfo},
    {"Exception in thread ", Level::kError},  // Java
    {"Unhandled exception", Level::kError},   // .NET
    {"Unhandled Exception", Level::kError},
    {"Uncaught Exception", Level::kError},  // Node
    {"UnhandledPromiseRejection", Level::kError},
    {"Error raised from handler method", Level::kError},  // Ruby
};

Level level_of_opening(std::string_view text) {
  const char first = text[0];
  for (const Opening& opening : kOpenings) {
    if (opening.text[0] == first && text.starts_with(opening.text)) return opening.level;
  }
  // Rust: thread 'main' panicked at src/main.rs:4:5
  if (text.starts_with("thread '")) {
    return text.find("' panicked at ") != std::string_view::npos ? Level::kError : Level::kUnknown;
  }
  // Lambda: RequestId: <uuid> Error: Runtime exited with error: signal: killed
  constexpr size_t kRequestBytes = 11 + 36;
  if (text.starts_with("RequestId: ") && text.size() > kRequestBytes &&
      text.substr(kRequestBytes).starts_with(" Error: ")) {
    return Level::kError;
  }
  return Level::kUnknown;
}

Level level_of_letter(char letter) {
  switch (letter) {
    case 'D': return Level::kDebug;
    case 'I': return Level::kInfo;
    case 'W': return Level::kWarn;
    case 'E': return Level::kError;
    case 'F': return Level::kFatal;
    default: return Level::kUnknown;
  }
}

// [ERROR] ..., [Information] ..., [info     ] ...
Level level_in_bracket(std::string_view text) {
  const size_t bracket = text.substr(0, 16).find(']');
  if (bracket == std::string_view::npos) return Level::kUnknown;
  std::string_view name = text.substr(1, bracket - 1);
  while (name.ends_with(' ')) name.remove_suffix(1);
  return level_of_word(name);
}

// error: ..., info: Microsoft.Hosting.Lifetime[0]
Level level_before_colon(std::string_view text) {
  const std::string_view word = letters_at(text.substr(0, 13), 0);
  if (word.empty() || word.size() >= text.size() || text[word.size()] != ':') return Level::kUnknown;
  const std::string_view behind = text.substr(word.size() + 1);
  if (!behind.empty() && behind[0] != ' ' && behind[0] != '\\') return Level::kUnknown;
  return level_of_word(word);
}

// 2026-11-20T08:00:00.529Z [warn]: slow, 2026-11-20 08:00:00 error: gone
Level level_behind_time(std::string_view text) {
  constexpr size_t kTimeBytesMin = 19, kTimeBytesMax = 40;
  if (text.size() <= kTimeBytesMin || text[4] != '-' || text[13] != ':') return Level::kUnknown;
  const size_t space = text.substr(0, kTimeBytesMax).find(' ', kTimeBytesMin);
  if (space == std::string_view::npos) return Level::kUnknown;
  const std::string_view rest = text.substr(space + 1);
  return rest.starts_with('[') ? level_in_bracket(rest) : level_before_colon(rest);
}

// java.lang.IllegalStateException: ..., System.IO.IOException: ..., TypeError: ...; or a line with nothing else in it.
bool is_exception(std::string_view text) {
  constexpr size_t kNameBytesMax = 96, kPlainNameBytesMin = 8;  // OnError and the like are handlers
  size_t end = 0;
  bool dotted = false;
  for (; end < text.size() && end < kNameBytesMax; ++end) {
    const char c = text[end];
    if (c == '.' || c == '$') {
      dotted = true;
    } else if (!is_letter(c) && !is_digit(c) && c != '_') {
      break;
    }
  }
  const std::string_view name = text.substr(0, end);
  const std::string_view behind = text.substr(end);
  return (dotted || end >= kPlainNameBytesMin) && (name.ends_with("Exception") || name.ends_with("Error")) &&
         (behind.starts_with(": ") || behind.starts_with("\\n"));
}

Level level_at_start(std::string_view text) {
  const char first = text[0];
  if (first == '[') return level_in_bracket(text);
  if (is_digit(first)) return level_behind_time(text);
  if (!is_letter(first)) return Level::kUnknown;
  // Ruby: E, [2026-11-20T08:00:00.529123 #8] ERROR -- : ...
  if (text.substr(1).starts_with(", [")) return level_of_letter(first);
  // klog: E1120 08:00:00.529123 ...
  if (text.size() > 8 && is_digit(text[1]) && is_digit(text[2]) && is_digit(text[3]) && is_digit(text[4]) &&
      text[5] == ' ' && is_digit(text[6]) && is_digit(text[7]) && text[8] == ':') {
    return level_of_letter(first);
  }
  const size_t word = letters_at(text.substr(0, 13), 0).size();
  if (word < text.size() && text[word] != ' ') {
    const Level level = level_before_colon(text);
    if (level != Level::kUnknown) return level;
    if (is_exception(text)) return Level::kError;
  }
  return level_of_opening(text);
}

// What a word leans on, to either side. kNone: on something that makes it part of another word.
enum class Side : uint8_t { kNone, kSpace, kEdge, kBracket, kPipe, kDash, kDot, kColon, kEscape, kColor };

// \u001b[32m, the end of a terminal colour, ending before `at`.
bool ends_color(std::string_view text, size_t at) {
  size_t begin = at - 1;
  while (begin > 0 && (is_digit(text[begin - 1]) || text[begin - 1] == ';')) --begin;
  return begin > 0 && text[begin - 1] == '[';
}

Side side_before(std::string_view text, size_t at) {
  if (at == 0) return Side::kEdge;
  const char before = text[at - 1];
  const char second = at > 1 ? text[at - 2] : ' ';
  switch (before) {
    case ' ':
      if (second == '-') return Side::kDash;
      return second == '|' ? Side::kPipe : Side::kSpace;
    case '[':
    case '(':
    case '<': return Side::kBracket;
    case '|': return Side::kPipe;
    case '.': return Side::kDot;
    case 't':
    case 'n': return second == '\\' ? Side::kEscape : Side::kNone;
    case 'm': return ends_color(text, at) ? Side::kColor : Side::kNone;
    default: return Side::kNone;
  }
}

Side side_after(std::string_view text, size_t at) {
  if (at >= text.size()) return Side::kEdge;
  const std::string_view behind = text.substr(at);
  switch (behind[0]) {
    case ' ': {
      const size_t next = std::min(behind.find_first_not_of(' '), behind.size() - 1);
      if (behind[next] == '-') return Side::kDash;
      return behind[next] == '|' ? Side::kPipe : Side::kSpace;
    }
    case ']':
    case ')':
    case '>': return Side::kBracket;
    case '|': return Side::kPipe;
    case ':': return Side::kColon;
    case '\\': return Side::kEscape;
    default: return Side::kNone;
  }
}

// Only what a logging library puts in front of its level stands before it: words with a digit in them (times, ids),
// in brackets (threads), or without a letter (dashes).
bool is_header(std::string_view text) {
  while (!text.empty()) {
    const size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    if (word.starts_with('[') || word.starts_with('(')) continue;
    if (std::ranges::any_of(word, is_letter) && !std::ranges::any_of(word, is_digit)) return false;
  }
  return true;
}

bool is_framed(Side before, Side after) {
  if (before == after)
    return before == Side::kBracket || before == Side::kPipe || before == Side::kDash || before == Side::kEscape;
  if (before == Side::kColor) return after == Side::kEscape;
  // Monolog's `app.INFO: `, the second line of java.util.logging.
  return after == Side::kColon && (before == Side::kDot || before == Side::kEscape);
}

// A word of capitals at `at`.
Level level_of_capitals(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && is_upper(text[end])) ++end;
  if (end - at < 3 || end - at > 8) return Level::kUnknown;
  const std::string_view word = text.substr(at, end - at);
  Level level = level_of_word(word);
  const bool rare = level == Level::kUnknown;
  if (rare) level = level_of_rare_word(word);
  if (level == Level::kUnknown) return Level::kUnknown;
  const Side before = side_before(text, at);
  const Side after = side_after(text, end);
  if (before == Side::kNone || after == Side::kNone) return Level::kUnknown;
  if (before == Side::kDot && after != Side::kColon) return Level::kUnknown;
  if (level < Level::kWarn || rare) {
    return is_framed(before, after) || is_header(text.substr(0, at)) ? level : Level::kUnknown;
  }
  const std::string_view ahead = text.substr(0, at);
  return ahead.ends_with("NO ") || ahead.ends_with("no ") ? Level::kUnknown : level;
}

// level=error, lvl=warn, severity=\"INFO\"; `at` is the equals sign.
Level level_of_assignment(std::string_view text, size_t at) {
  size_t begin = at;
  while (begin > 0 && is_letter(text[begin - 1])) --begin;
  const std::string_view key = text.substr(begin, at - begin);
  if (key.size() < 3 || key.size() > 8) return Level::kUnknown;
  const uint64_t name = packed(key);
  if (name != packed("level") && name != packed("lvl") && name != packed("severity") && name != packed("loglevel")) {
    return Level::kUnknown;
  }
  if (begin > 0 && (text[begin - 1] == '_' || text[begin - 1] == '-' || text[begin - 1] == '.')) return Level::kUnknown;
  size_t value = at + 1;
  if (text.substr(value).starts_with("\\\"")) value += 2;
  return level_of_name(letters_at(text, value));
}

// Finds the first capital of every run of capitals, and every equals sign, a block at a time.
Level level_in_head(std::string_view text) {
  BlockMask last_was_upper = 0;  // of the block before, moved to the first byte's place
  for (size_t at = 0; at < text.size(); at += kBlockBytes) {
    char padded[kBlockBytes] = {};
    const char* bytes = text.data() + at;
    if (text.size() - at < kBlockBytes) {
      memcpy(padded, bytes, text.size() - at);
      bytes = padded;
    }
    const ByteBlock block(bytes);
    const BlockMask upper = block_mask(block.within('A', 'Z'));
    const BlockMask equals = block_mask(block.equal('='));
    // A run of one is no level; whether the last byte's run goes on is seen later.
    const BlockMask goes_on = (upper >> kMaskStep) | from_index(kWholeMask, kBlockBytes - 1);
    const BlockMask starts = upper & ~((upper << kMaskStep) | last_was_upper) & goes_on;
    last_was_upper = upper >> ((kBlockBytes - 1) * kMaskStep);
    for (BlockMask hits = starts | equals; hits != 0; hits = without_first(hits)) {
      const size_t hit = at + first_index(hits);
      const Level level = text[hit] == '=' ? level_of_assignment(text, hit) : level_of_capitals(text, hit);
      if (level != Level::kUnknown) return level;
    }
  }
  return Level::kUnknown;
}

// The text less its terminal colours, \u001b[1;32m, written to `out`.
std::string_view without_colors(std::string_view text, char (&out)[kLevelTextBytes]) {
  constexpr std::string_view kEscape = "\\u001b[";
  size_t bytes = 0;
  while (!text.empty()) {
    if (text.starts_with(kEscape)) {
      const size_t end = text.find_first_not_of("0123456789;", kEscape.size());
      if (end != std::string_view::npos && text[end] == 'm') {
        text.remove_prefix(end + 1);
        continue;
      }
    }
    out[bytes++] = text[0];
    text.remove_prefix(1);
  }
  return {out, bytes};
}

}  // namespace

Level level_of_text(std::string_view text) {
  text = text.substr(0, kLevelTextBytes);
  if (text.empty()) return Level::kUnknown;
  // Lines in colours begin with one, or have one behind a bracket.
  char plain[kLevelTextBytes];
  if (text[0] == '\\' || text.starts_with("[\\")) {
    text = without_colors(text, plain);
    if (text.empty()) return Level::kUnknown;
  }
  const Level level = level_at_start(text);
  return level != Level::kUnknown ? level : level_in_head(text);
}

}  // namespace sleipnir
