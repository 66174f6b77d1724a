#include "lambda/text_prefix.h"

#include <cstddef>

#include "base/ascii.h"
#include "base/byte_block.h"
#include "lambda/hex_rules.h"

namespace sleipnir {
namespace {

// A time has at least "2026-11-20 08:00:00" and no more than nanoseconds and an offset behind it.
constexpr size_t kTimeBytesMin = 19;
constexpr size_t kTimeBytesMax = 40;
constexpr size_t kTabBytes = 2;
constexpr size_t kFieldBytesMax = 64;
constexpr std::string_view kRequestId = "RequestId: ";

// Takes the field before the next tab off `rest`; false, and nothing taken, if it is too long to be one.
bool take_field(std::string_view& rest, std::string_view& field) {
  const size_t end = find_byte(rest.substr(0, kFieldBytesMax), '\\');
  if (end == std::string_view::npos || end + 1 >= rest.size() || rest[end + 1] != 't') return false;
  field = rest.substr(0, end);
  rest.remove_prefix(end + kTabBytes);
  return true;
}

bool is_time(std::string_view field) {
  return field.size() >= kTimeBytesMin && field.size() <= kTimeBytesMax && is_digit(field[0]) && field[4] == '-' &&
         field[13] == ':';
}

TextPrefix read_python(std::string_view text) {
  TextPrefix prefix{.message = text};
  std::string_view rest = text, level, time, id;
  if (!take_field(rest, level) || !level.ends_with(']') || !take_field(rest, time) || !is_time(time)) return prefix;
  if (!take_field(rest, id)) return prefix;
  prefix.level_name = level.substr(1, level.size() - 2);
  if (is_uuid(id)) prefix.request_id = id;
  prefix.message = rest;
  return prefix;
}

TextPrefix read_ruby(std::string_view text) {
  TextPrefix prefix{.message = text};
  const size_t bracket = text.substr(0, kFieldBytesMax).find(']');
  if (bracket == std::string_view::npos) return prefix;
  std::string_view rest = text.substr(bracket + 1);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  const size_t space = rest.substr(0, kFieldBytesMax).find(' ');
  if (space == std::string_view::npos || !is_uuid(rest.substr(space + 1, kUuidBytes))) return prefix;
  prefix.level_name = rest.substr(0, space);
  prefix.request_id = rest.substr(space + 1, kUuidBytes);
  prefix.message = rest.substr(space + 1 + kUuidBytes);
  return prefix;
}

TextPrefix read_after_time(std::string_view text) {
  TextPrefix prefix{.message = text};
  // The date is separated from the time by a space or a `T`; the next space or tab ends both.
  size_t end = kTimeBytesMin;
  while (end < text.size() && end <= kTimeBytesMax && text[end] != ' ' && text[end] != '\\') ++end;
  if (end + 1 >= text.size() || !is_time(text.substr(0, end))) return prefix;

  if (text[end] == ' ') {
    const std::string_view rest = text.substr(end + 1);
    if (rest.size() <= kUuidBytes || rest[kUuidBytes] != ' ' || !is_uuid(rest.substr(0, kUuidBytes))) return prefix;
    prefix.request_id = rest.substr(0, kUuidBytes);
    prefix.message = rest.substr(kUuidBytes + 1);
    return prefix;
  }
  if (text[end + 1] != 't') return prefix;
  std::string_view rest = text.substr(end + kTabBytes), field;
  if (!take_field(rest, field)) return prefix;
  if (is_uuid(field)) {
    prefix.request_id = field;
    prefix.message = rest;
  }
  // Node says `undefined` for an id it does not have; others have the level here.
  if (is_uuid(field) || field == "undefined") {
    if (!take_field(rest, field)) return prefix;
  }
  prefix.level_name = field;
  prefix.message = rest;
  return prefix;
}

}  // namespace

TextPrefix read_text_prefix(std::string_view text) {
  if (text.size() <= kTimeBytesMin) return {.message = text};
  if (text[0] == '[') return read_python(text);
  if (is_digit(text[0])) return read_after_time(text);
  if (text[1] == ',' && text[3] == '[') return read_ruby(text);
  if (text.starts_with(kRequestId)) {
    const std::string_view id = text.substr(kRequestId.size(), kUuidBytes);
    if (is_uuid(id)) return {.request_id = id, .message = text};
  }
  return {.message = text};
}

}  // namespace sleipnir
