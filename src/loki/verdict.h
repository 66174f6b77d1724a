// Verdict: what an answer to a push means for the batch that was pushed.
//
// Loki's status alone does not tell what it stored: a 400 from parsing stored nothing, a 400 from validation stored
// every valid entry, and which of the two it is stands in the text. A pure function from the answer to a decision; the
// push client carries it out. Texts as of Loki 3.7 (pkg/validation, pkg/ingester, pkg/util/errors.go).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/fixed_text.h"
#include "base/limits.h"
#include "batch/counters.h"

namespace sleipnir {

// Above this a push that meets overload is halved before it is tried again: one larger than the tenant's burst, or than
// Loki's gRPC message limit of 4 MiB, could never succeed. The size that Loki's own clients push.
inline constexpr size_t kSplitFirstBytes = size_t{1} << 20;

enum class BodyRead : uint8_t { kWhole, kCut };
enum class PushedMetadata : uint8_t { kPresent, kAbsent };

struct PushAnswer {
  int status = 0;
  std::optional<Milliseconds> retry_after;
  std::string_view content_type;
  std::string_view body;  // at most kAnswerBytesMax are looked at
  BodyRead body_read = BodyRead::kWhole;
};

// The part of a batch that was pushed.
struct PushedRange {
  uint32_t entries = 0;
  size_t body_bytes = 0;  // before compression
  PushedMetadata metadata = PushedMetadata::kPresent;
};

struct Verdict {
  enum class Action : uint8_t {
    kSent,     // stored
    kRetry,    // keep and try again unchanged, after `retry_after` if that is set, else with back-off
    kSplit,    // nothing was stored; push both halves. `body_bytes_max` is the server's limit if it named one
    kBisect,   // nothing was stored, one entry may be to blame: push both halves, and so on
    kAmend,    // the valid entries were stored; push what `amend` says once more, changed accordingly
    kDrop,     // done with: `dropped_entries` of the range are lost for `reason`, the others were stored
    kRefused,  // the endpoint or the credentials are at fault, not the batch: keep it, stop pushing, say so
  };

  // How entries have to be changed to be taken. Several may be set at once; each entry is concerned by the fields whose
  // condition it meets. Entries that meet none were stored and are not pushed again. An entry is amended once for each
  // cause: a second refusal drops it.
  struct Amend {
    // The server takes no structured metadata: every entry again, and all later ones, without it.
    bool strip_metadata = false;
    // Entries older than this were refused: again, stamped at `restamp_from_ns` and counting upwards, with metadata
    // `event_time`. That lies a minute above the limit: the limit moves with the server's clock and the stream's newest
    // entry, and would have passed the entry again before it arrives. Loki prints the limit in whole seconds, cut; this
    // is the second's end, so an entry of that very second may be stored twice, but none is lost.
    std::optional<int64_t> oldest_accepted_ns;
    int64_t restamp_from_ns = 0;
    // Entries at or after this time were refused as too far in the future: again, stamped with the present, by Loki's
    // clock if ours is wrong. The earliest time the answer names, cut to its second.
    std::optional<int64_t> too_new_from_ns;
    // Lines longer than this (decoded bytes) were refused: again, split, and all later ones too.
    std::optional<size_t> line_bytes_max;
    // How many entries the answer counts as refused for these causes, never more than the range has: what is lost if
    // they are not pushed again.
    uint32_t entries = 0;

    bool any() const { return strip_metadata || oldest_accepted_ns || too_new_from_ns || line_bytes_max; }
  };

  Action action = Action::kRetry;
  // The answer is a page for people (HTML): a gateway's or a firewall's, not Loki's.
  bool page = false;
  // Valid where `dropped_entries` is not 0.
  DropReason reason = DropReason::kRejected;
  // With kDrop and kAmend: entries of the range that are lost, never more than it has.
  uint32_t dropped_entries = 0;
  std::optional<Milliseconds> retry_after;
  std::optional<size_t> body_bytes_max;
  Amend amend;
  // The answer's first words on one line, printable, for a log line. Empty when it said nothing.
  FixedText<200> words;
};

[[nodiscard]] Verdict judge_answer(const PushAnswer& answer, const PushedRange& pushed);

}  // namespace sleipnir
