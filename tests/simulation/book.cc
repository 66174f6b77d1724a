#include "book.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/hash.h"

namespace sleipnir::simulation {

namespace {

constexpr std::string_view kTokenBegin = "sim-";
constexpr size_t kDigits = 6;

// The number of the next record named in a text from `at` on, which moves behind it; SIZE_MAX: there is none.
size_t next_number_in(std::string_view text, size_t& at) {
  for (at = text.find(kTokenBegin, at); at != std::string_view::npos; at = text.find(kTokenBegin, at)) {
    at += kTokenBegin.size();
    const std::string_view digits = text.substr(at, kDigits);
    if (digits.size() != kDigits || digits.find_first_not_of("0123456789") != std::string_view::npos) continue;
    size_t number = 0;
    for (const char digit : digits) number = number * 10 + static_cast<size_t>(digit - '0');
    return number;
  }
  return SIZE_MAX;
}

}  // namespace

std::string Book::token(uint32_t number) {
  char text[16];
  snprintf(text, sizeof(text), "sim-%06u", number);
  return text;
}

bool Book::any_number(std::string_view text, const std::function<bool(size_t)>& such) {
  size_t at = 0;
  for (size_t number = next_number_in(text, at); number != SIZE_MAX; number = next_number_in(text, at)) {
    if (such(number)) return true;
  }
  return false;
}

void Book::write(std::string line, int64_t unix_ms, bool shipped) {
  records_.push_back({.line = std::move(line), .unix_ms = unix_ms, .shipped = shipped, .copies = {}});
}

bool Book::stored(std::string_view time_ns, std::string_view line, std::string_view metadata, uint32_t part,
                  uint32_t parts) {
  size_t at_token = 0;
  const size_t number = next_number_in(line, at_token);
  if (number >= records_.size()) {
    findings_.fail("Loki got a line that nobody wrote: %.*s", static_cast<int>(std::min<size_t>(line.size(), 100)),
                   line.data());
    return false;
  }
  Record& record = records_[number];
  if (!record.shipped) findings_.fail("record %zu was shipped, and must not be", number);
  if (record.taken == Taken::kNot) findings_.fail("record %zu is in Loki and was never handed over", number);
  const uint64_t fingerprint = hash_bytes(time_ns) ^ (hash_bytes(line) * 3) ^ (hash_bytes(metadata) * 7);
  for (Copy& copy : record.copies) {
    if (copy.part != part) continue;
    copy.times++;
    if (copy.fingerprint != fingerprint) {
      findings_.fail("record %zu is in Loki twice: time %.*s, metadata %.*s, and once before otherwise", number,
                     static_cast<int>(time_ns.size()), time_ns.data(), static_cast<int>(metadata.size()),
                     metadata.data());
    }
    return part <= 1;
  }
  const std::string_view own = record.line;
  const size_t at = part == 0 ? (own == line ? 0 : std::string_view::npos) : own.find(line);
  if (at == std::string_view::npos) {
    findings_.fail("record %zu arrived as another line: %.*s", number,
                   static_cast<int>(std::min<size_t>(line.size(), 100)), line.data());
    return false;
  }
  const int64_t ms = strtoll(std::string(time_ns).c_str(), nullptr, 10) / 1'000'000;
  if (ms != record.unix_ms) {
    findings_.fail("record %zu arrived with another time: %lld ms, not %lld", number, static_cast<long long>(ms),
                   static_cast<long long>(record.unix_ms));
  }
  record.parts = parts;
  record.copies.push_back({.part = part, .fingerprint = fingerprint, .text = own.substr(at, line.size()), .times = 1});
  return part <= 1;
}

void Book::look_at(uint32_t number, const Record& record, Totals& totals) {
  for (const Copy& copy : record.copies) totals.repeats += copy.times - 1;
  if (record.taken != Taken::kYes || !record.shipped) return;
  totals.taken++;
  const bool begun =
      std::any_of(record.copies.begin(), record.copies.end(), [](const Copy& copy) { return copy.part <= 1; });
  if (!begun) {
    totals.missing++;
    return;
  }
  totals.delivered++;
  if (record.copies.size() != std::max<size_t>(record.parts, 1)) {
    totals.in_part++;
    return;
  }
  // Cut where it should be: the parts side by side are the line.
  size_t bytes = 0;
  for (const Copy& copy : record.copies) bytes += copy.text.size();
  if (bytes != record.line.size()) {
    findings_.fail("record %u of %zu bytes arrived in %zu parts of %zu bytes", number, record.line.size(),
                   record.copies.size(), bytes);
  }
}

Book::Totals Book::close() {
  Totals totals;
  totals.written = records_.size();
  for (uint32_t number = 0; number < records_.size(); number++) look_at(number, records_[number], totals);
  return totals;
}

}  // namespace sleipnir::simulation
