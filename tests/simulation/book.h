// Book: every record the function and the platform wrote, what Loki has of it, and what it must not have.
//
// Each record carries its number in its text (`sim-000042`), so a line in Loki tells which record it is. The book knows
// nothing of the extension: it is what the ledger is held against at the end.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "findings.h"

namespace sleipnir::simulation {

// How far a record has come, as the world outside sees it.
enum class Taken : uint8_t {
  kNot,    // never given to the extension, or taken back
  kMaybe,  // in a POST that was not answered when the process ended
  kYes,    // answered with 200: the extension's now
};

class Book {
 public:
  explicit Book(Findings& findings) : findings_(findings) {}

  static std::string token(uint32_t number);
  // Whether one of the records named in a text is such.
  static bool any_number(std::string_view text, const std::function<bool(size_t)>& such);

  // The next record's number; write() follows.
  uint32_t next_number() const { return static_cast<uint32_t>(records_.size()); }
  // `line`: as it has to arrive in Loki. `shipped` false: it must never arrive (a filtered event).
  void write(std::string line, int64_t unix_ms, bool shipped);
  void taken(uint32_t number, Taken how) { records_[number].taken = how; }

  // One entry of a push that Loki stored. `metadata`: its JSON text, "" for none. Returns whether it is the first entry
  // of a record of the book, which is what the ledger counts.
  bool stored(std::string_view time_ns, std::string_view line, std::string_view metadata, uint32_t part,
              uint32_t parts);

  struct Totals {
    uint64_t written = 0;
    uint64_t taken = 0;      // with 200, to be shipped
    uint64_t delivered = 0;  // of them
    uint64_t missing = 0;
    uint64_t in_part = 0;  // begun, and not whole: the ledger counts a record with its first part
    uint64_t repeats = 0;  // entries that Loki had already, byte for byte
  };
  // Looks at every record; complains about what is stored in two versions or in part.
  Totals close();

 private:
  struct Copy {
    uint32_t part = 0;  // 0: not split
    uint64_t fingerprint = 0;
    std::string_view text;  // into Record::line
    uint32_t times = 0;
  };
  struct Record {
    std::string line;
    int64_t unix_ms = 0;
    bool shipped = true;
    Taken taken = Taken::kNot;
    uint32_t parts = 0;
    std::vector<Copy> copies;
  };

  void look_at(uint32_t number, const Record& record, Totals& totals);

  Findings& findings_;
  std::vector<Record> records_;
};

}  // namespace sleipnir::simulation
