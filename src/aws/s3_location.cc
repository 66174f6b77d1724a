#include "aws/s3_location.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/result.h"

namespace sleipnir {

namespace {

bool is_lower_alphanumeric(char c) {
  return is_letter_or_digit(c) && !is_upper(c);
}

// RFC 3986's unreserved ones, and the slash between folders.
bool stands_for_itself(char c) {
  return is_letter_or_digit(c) || std::string_view("-._~/").find(c) != std::string_view::npos;
}

std::string_view between(std::string_view text, std::string_view begin, std::string_view end) {
  const size_t at = text.find(begin);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + begin.size());
  return text.substr(0, text.find(end));
}

}  // namespace

std::optional<S3Location> parse_s3_location(std::string_view text) {
  constexpr std::string_view kScheme = "s3://";
  constexpr size_t kPrefixBytesMax = 512;
  if (!text.starts_with(kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  const std::string_view bucket = text.substr(0, text.find('/'));
  const bool named = bucket.size() >= 3 && bucket.size() <= 63 && is_lower_alphanumeric(bucket.front()) &&
                     is_lower_alphanumeric(bucket.back()) && bucket.find("..") == std::string_view::npos &&
                     std::all_of(bucket.begin(), bucket.end(),
                                 [](char c) { return is_lower_alphanumeric(c) || c == '-' || c == '.'; });
  text.remove_prefix(bucket.size());
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  if (!named || text.size() > kPrefixBytesMax) return std::nullopt;
  return S3Location{.bucket = bucket, .prefix = text};
}

BorrowedText s3_path(std::string_view first, std::string_view second, std::string_view third, TextStore& texts) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  char* const begin = texts.room(4 + 3 * (first.size() + second.size() + third.size()));
  char* end = begin;
  *end++ = '/';
  for (const std::string_view part : {first, second, third}) {
    for (const char c : part) {
      if (stands_for_itself(c)) {
        *end++ = c;
        continue;
      }
      *end++ = '%';
      *end++ = kDigits[static_cast<unsigned char>(c) >> 4];
      *end++ = kDigits[static_cast<unsigned char>(c) & 15];
    }
    if (!part.empty()) *end++ = '/';
  }
  return TextStore::close(begin, end);
}

BorrowedText s3_failure(int status, std::string_view answer, TextStore& texts) {
  const std::string_view code = between(answer, "<Code>", "<");
  if (code.empty()) return texts.keep({Error::make("status %d", status).text()});
  const std::string_view whole = texts.keep({code, ": ", between(answer, "<Message>", "<")});
  return texts.one_line(whole.substr(0, 250));
}

}  // namespace sleipnir
