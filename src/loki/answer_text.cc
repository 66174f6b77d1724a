#include "loki/answer_text.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"
#include "base/date.h"

namespace sleipnir {

namespace {

bool same_letter(char a, char b) {
  return to_lower(a) == to_lower(b);
}

// Takes exactly `digits` decimal digits off the front of the text.
std::optional<int> take_digits(std::string_view& text, size_t digits) {
  if (text.size() < digits) return {};
  int value = 0;
  for (size_t i = 0; i < digits; i++) {
    if (!is_digit(text[i])) return {};
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || to_lower(text[0]) != to_lower(expected)) return false;
  text.remove_prefix(1);
  return true;
}

// Nanoseconds of a fraction; digits beyond the ninth are passed over.
int64_t take_fraction(std::string_view& text) {
  int64_t value = 0;
  int64_t unit = 100'000'000;
  while (!text.empty() && is_digit(text[0])) {
    value += unit * (text[0] - '0');
    unit /= 10;
    text.remove_prefix(1);
  }
  return value;
}

// Seconds east of UTC: "Z", "+02:00".
std::optional<int64_t> take_zone(std::string_view& text) {
  if (take(text, 'Z')) return 0;
  const bool east = take(text, '+');
  if (!east && !take(text, '-')) return {};
  const std::optional<int> hours = take_digits(text, 2);
  if (!hours || !take(text, ':')) return {};
  const std::optional<int> minutes = take_digits(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return {};
  const int64_t seconds = int64_t{*hours} * 3600 + int64_t{*minutes} * 60;
  return east ? seconds : -seconds;
}

}  // namespace

size_t find_phrase(std::string_view text, std::string_view phrase, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const auto found =
      std::search(text.begin() + static_cast<ptrdiff_t>(from), text.end(), phrase.begin(), phrase.end(), same_letter);
  return found == text.end() ? std::string_view::npos : static_cast<size_t>(found - text.begin());
}

size_t find_last_phrase(std::string_view text, std::string_view phrase) {
  const auto found = std::find_end(text.begin(), text.end(), phrase.begin(), phrase.end(), same_letter);
  return found == text.end() ? std::string_view::npos : static_cast<size_t>(found - text.begin());
}

bool begins_with_phrase(std::string_view text, std::string_view phrase) {
  return text.size() >= phrase.size() && std::equal(phrase.begin(), phrase.end(), text.begin(), same_letter);
}

std::optional<uint64_t> leading_number(std::string_view text) {
  uint64_t value = 0;
  size_t digits = 0;
  for (; digits < text.size() && is_digit(text[digits]); digits++) {
    const auto digit = static_cast<uint64_t>(text[digits] - '0');
    if (value > (UINT64_MAX - digit) / 10) return {};
    value = value * 10 + digit;
  }
  if (digits == 0) return {};
  return value;
}

std::optional<uint64_t> number_behind(std::string_view text, std::string_view phrase) {
  const size_t at = find_phrase(text, phrase);
  if (at == std::string_view::npos) return {};
  return leading_number(text.substr(at + phrase.size()));
}

std::optional<AnswerTime> leading_time(std::string_view text) {
  const std::optional<int> year = take_digits(text, 4);
  if (!year || !take(text, '-')) return {};
  const std::optional<int> month = take_digits(text, 2);
  if (!month || !take(text, '-')) return {};
  const std::optional<int> day = take_digits(text, 2);
  if (!day || !take(text, 'T')) return {};
  const std::optional<int> hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return {};
  const std::optional<int> minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return {};
  const std::optional<int> second = take_digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return {};
  const bool whole_seconds = !take(text, '.');
  const int64_t fraction = whole_seconds ? 0 : take_fraction(text);
  const std::optional<int64_t> zone = take_zone(text);
  if (!zone) return {};

  if (*month < 1 || *month > 12 || *day < 1 || *day > days_in_month(*year, *month)) return {};
  const int64_t seconds = unix_seconds_of({.tm_sec = *second,
                                           .tm_min = *minute,
                                           .tm_hour = *hour,
                                           .tm_mday = *day,
                                           .tm_mon = *month - 1,
                                           .tm_year = *year - 1900}) -
                          *zone;
  // The years that an int64_t of nanoseconds holds whole.
  constexpr int64_t kSecondsMax = 9'223'372'036 - 1;
  if (seconds > kSecondsMax || seconds < -kSecondsMax) return {};
  return AnswerTime{.unix_ns = seconds * 1'000'000'000 + fraction, .whole_seconds = whole_seconds};
}

std::optional<int64_t> http_date(std::string_view text) {
  constexpr std::string_view kForm = "Sat, 21 Nov 2026 15:00:00 GMT";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != kForm.size()) return {};
  const size_t month = kMonths.find(text.substr(8, 3)) / 3 + 1;
  if (month > 12) return {};
  // The same as a time that is read already.
  char rfc3339[] = "2026-11-21T15:00:00Z";
  memcpy(rfc3339, &text[12], 4);
  rfc3339[5] = static_cast<char>('0' + month / 10);
  rfc3339[6] = static_cast<char>('0' + month % 10);
  memcpy(rfc3339 + 8, &text[5], 2);
  memcpy(rfc3339 + 11, &text[17], 8);
  const std::optional<AnswerTime> time = leading_time({rfc3339, sizeof rfc3339 - 1});
  return time ? std::optional(time->unix_ns) : std::nullopt;
}

FixedText<200> first_words(std::string_view text) {
  // jsoniter: `..., error found in #10 byte of ...|<a piece of the body>|..., bigger context ...|<more>|...`
  constexpr std::string_view kQuoteBegin = "...|";
  text = text.substr(0, text.find(kQuoteBegin));
  constexpr size_t kBytesMax = 200;
  FixedText<kBytesMax> words;
  bool blank = true;  // none at the beginning
  for (const char c : text) {
    if (words.view().size() == kBytesMax) break;
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80) continue;  // the rest of a character
    const char shown = byte <= 0x20 || byte == 0x7F ? ' ' : byte < 0x80 ? c : '?';
    if (shown == ' ' && blank) continue;
    blank = shown == ' ';
    words.append({&shown, 1});
  }
  std::string_view trimmed = words.view();
  if (!trimmed.empty() && trimmed.back() == ' ') trimmed.remove_suffix(1);
  return FixedText<kBytesMax>(trimmed);
}

}  // namespace sleipnir
