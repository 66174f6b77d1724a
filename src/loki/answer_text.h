// Reading the words of a server's answer: phrases, numbers, times, and an excerpt for a log line.
//
// For verdict.cc. The text comes from outside and may be anything. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/fixed_text.h"

namespace sleipnir {

// ASCII case is ignored throughout: Loki wrote `Max entry size` before 3.6 and `max entry size` since.
[[nodiscard]] size_t find_phrase(std::string_view text, std::string_view phrase, size_t from = 0);  // or npos
[[nodiscard]] size_t find_last_phrase(std::string_view text, std::string_view phrase);              // or npos
[[nodiscard]] bool begins_with_phrase(std::string_view text, std::string_view phrase);
[[nodiscard]] inline bool has_phrase(std::string_view text, std::string_view phrase) {
  return find_phrase(text, phrase) != std::string_view::npos;
}

// The decimal number at the beginning of the text; none if there is no digit or it does not fit.
[[nodiscard]] std::optional<uint64_t> leading_number(std::string_view text);
// The one right behind the first occurrence of the phrase.
[[nodiscard]] std::optional<uint64_t> number_behind(std::string_view text, std::string_view phrase);

// A time as Go's time.RFC3339 and time.RFC3339Nano print it: 2026-08-05T12:00:00.123456789Z, or with +02:00.
struct AnswerTime {
  int64_t unix_ns = 0;
  // It was printed in whole seconds, so what it stands for is up to a second later.
  bool whole_seconds = false;
};
// None if the text does not begin with one, or with one beyond an int64_t of nanoseconds.
[[nodiscard]] std::optional<AnswerTime> leading_time(std::string_view text);

// The time of a Date header, `Sat, 21 Nov 2026 15:00:00 GMT`, in nanoseconds; none if it is not of that form.
[[nodiscard]] std::optional<int64_t> http_date(std::string_view text);

// The first words on one line of printable ASCII: blanks for control characters, one `?` for each other character.
// Ends before what Loki's JSON parser quotes of the body it could not read: that is payload.
[[nodiscard]] FixedText<200> first_words(std::string_view text);

}  // namespace sleipnir
