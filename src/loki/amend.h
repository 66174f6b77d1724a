// Amending: entries that Loki refused for what they are, written once more in a form that it takes.
//
// After a 400 from validation the valid entries of a push are stored; these are the others: too old, too far ahead, or
// with a line too long. They are copied from the batch that was refused into a fresh one, restamped or split; the rest
// is left out. Works on wire entries alone, so nothing has to be decoded. Pure; sender thread.
#pragma once

#include <optional>

#include "batch/batch.h"
#include "loki/verdict.h"

namespace sleipnir {

struct AmendResult {
  uint32_t entries = 0;  // of the source that were amended
  uint32_t records = 0;  // of them, those that begin a record
  // Not all of them fit: the target is of no use, amend a smaller range.
  bool overflow = false;
};

// Copies from `range` of `source` into `target` (empty, same layout) every entry that meets a condition of `amend`,
// with what the condition asks for done to it:
//  - older than oldest_accepted_ns: stamped at restamp_from_ns, restamp_from_ns + 1, ..., its own time kept as metadata
//    `event_time` where it has metadata and none yet;
//  - at or after too_new_from_ns: likewise, stamped from `now` on;
//  - a line of more than line_bytes_max: split, with metadata `part` and `parts`.
AmendResult amend_entries(const Batch& source, EntryRange range, const Verdict::Amend& amend, WallTime now,
                          Batch& target);

}  // namespace sleipnir
