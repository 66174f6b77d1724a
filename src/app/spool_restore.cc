// The reading half of the spool: the oldest frame that waits, and what becomes of it.

#include <algorithm>
#include <cinttypes>

#include "app/spool.h"
#include "app/spool_load.h"
#include "base/check.h"

namespace sleipnir {

namespace {

// A ticket names a place in the table of loans and the loan that has it.
constexpr uint64_t kLoanPlaces = 256;
static_assert(kPoolBatchesMax <= kLoanPlaces);

}  // namespace

bool Spool::waiting() const {
  return more_to_scan_ ||
         std::any_of(segments_.begin(), segments_.end(),
                     [](const SpoolSegment& segment) { return segment.used() && !segment.read_to_end(); }) ||
         std::any_of(loans_.begin(), loans_.end(), [](const Loan& loan) { return loan.more_parts(); });
}

Spool::Restore Spool::restore(Batch& into, std::span<char> buffer, SpoolTicket& ticket, Instant now) {
  CHECK(into.empty() && buffer.size() >= kSpoolBufferBytesMin);
  if (!enabled()) return Restore::kNothing;
  for (Loan& loan : loans_) {
    if (loan.more_parts() && load_part(*find(loan.segment), loan, into, buffer, ticket, now)) return Restore::kRestored;
  }
  const auto free = std::find_if(loans_.begin(), loans_.end(), [](const Loan& loan) { return !loan.used(); });
  if (free == loans_.end()) return Restore::kBusy;
  for (size_t looked_at = 0; looked_at < kSpoolFramesPerCall; looked_at++) {
    SpoolSegment* segment = oldest_waiting();
    if (segment == nullptr && more_to_scan_) {
      if (adopted_count() >= kSpoolSegmentsAdoptedMax) return Restore::kBusy;
      adopt_more(now);
      segment = oldest_waiting();
    }
    if (segment == nullptr) return Restore::kNothing;
    const uint64_t offset = segment->cursor();
    const std::optional<FrameHeader> header = segment->frame_at_cursor(files_);
    if (!header) {
      if (damaged_gate_.open(now)) {
        log_line(LogLevel::kWarn,
                 "spool file %s: nothing readable from byte %" PRIu64 " on, the rest of %" PRIu64 " bytes is left out",
                 segment->path().c_str(), offset, segment->bytes() - offset);
      }
      segment->skip_rest();
      retire_if_over(*segment);
      continue;
    }
    segment->skip(*header);
    if (header->state == FrameState::kDelivered) {
      retire_if_over(*segment);
      continue;
    }
    *free = Loan{.segment = segment->id(), .offset = offset, .header = *header, .serial = ++last_serial_};
    if (load_part(*segment, *free, into, buffer, ticket, now)) return Restore::kRestored;
    if (segment->used() && !segment->read_to_end() && segment->cursor() == offset) return Restore::kBusy;
  }
  return Restore::kBusy;
}

uint64_t Spool::abandon(Instant now) {
  uint64_t records = 0;
  scan(now);
  for (Loan& loan : loans_) {
    if (!loan.more_parts()) continue;
    records += loan.records_left();
    loan.next_entry = loan.header.entries;
    if (loan.parts_out == 0) loan = Loan{};
  }
  for (size_t looked_at = 0; looked_at < kSpoolFramesAbandonedMax; looked_at++) {
    SpoolSegment* const segment = oldest_waiting();
    if (segment == nullptr) break;
    const std::optional<FrameHeader> header = segment->frame_at_cursor(files_);
    if (!header) {
      segment->skip_rest();
      continue;
    }
    segment->skip(*header);
    if (header->state == FrameState::kWaiting) records += header->records;
  }
  more_to_scan_ = false;
  return records;
}

// False: nothing was loaded, and the loan has ended or will with its last part.
bool Spool::load_part(SpoolSegment& segment, Loan& loan, Batch& into, std::span<char> buffer, SpoolTicket& ticket,
                      Instant now) {
  const UnpackResult unpacked =
      unpack_frame(files_, segment, loan.offset, loan.header, loan.next_entry, gunzip_, buffer, into);
  switch (unpacked.outcome) {
    case Unpacked::kDone:
      ticket = SpoolTicket{.id = loan.serial * kLoanPlaces + static_cast<uint64_t>(&loan - loans_.data()),
                           .entries_before = loan.next_entry,
                           .records_before = loan.records};
      loan.next_entry = unpacked.next_entry;
      loan.parts_out++;
      loan.records += into.record_count();
      counts_.restored += into.record_count();
      return true;
    case Unpacked::kNoMemory:
      if (loan.parts_out == 0 && loan.next_entry == 0) {
        segment.rewind(loan.offset);
        loan = Loan{};
      }
      return false;
    case Unpacked::kTooLarge:
      // Of use to an environment with a larger batch.
      segment.set_keep_file();
      break;
    case Unpacked::kDamaged: break;
  }
  const uint64_t records = loan.records_left();
  counts_.unreadable += records;
  if (damaged_gate_.open(now)) {
    log_line(LogLevel::kWarn, "spool file %s: %" PRIu64 " records at byte %" PRIu64 " %s, they are left out",
             segment.path().c_str(), records, loan.offset,
             unpacked.outcome == Unpacked::kTooLarge ? "do not fit (LOKI_MAX_BATCH_SIZE_BYTES)" : "are damaged");
  }
  // Parts that are out go their way; no more will come.
  loan.next_entry = loan.header.entries;
  if (loan.parts_out == 0) {
    loan = Loan{};
    retire_if_over(segment);
  }
  return false;
}

void Spool::delivered(SpoolTicket ticket, Instant now) {
  end_part(loan_of(ticket), now);
}

void Spool::put_back(SpoolTicket ticket, Settled settled) {
  Loan& loan = loan_of(ticket);
  const Settled from{.entries = ticket.entries_before + settled.entries,
                     .records = ticket.records_before + settled.records};
  if (!loan.put_back || from.entries < loan.put_back->entries) loan.put_back = from;
  end_part(loan, Instant{});
}

void Spool::end_part(Loan& loan, Instant now) {
  loan.parts_out--;
  if (loan.parts_out != 0 || loan.more_parts()) return;
  if (loan.put_back) {
    loan.next_entry = loan.put_back->entries;
    loan.records = loan.put_back->records;
    loan.put_back.reset();
    return;
  }
  SpoolSegment& segment = *find(loan.segment);
  const uint64_t offset = loan.offset;
  loan = Loan{};
  if (const Status marked = segment.mark_delivered(files_, offset); !marked && failed_gate_.open(now)) {
    log_line(LogLevel::kWarn, "spool file %s: cannot be marked as delivered: %s; after a restart it is sent again",
             segment.path().c_str(), marked.error().text());
  }
  retire_if_over(segment);
}

SpoolSegment* Spool::oldest_waiting() {
  SpoolSegment* oldest = nullptr;
  for (SpoolSegment& segment : segments_) {
    if (!segment.used() || segment.read_to_end()) continue;
    if (oldest == nullptr || segment.path() < oldest->path()) oldest = &segment;
  }
  return oldest;
}

Spool::Loan& Spool::loan_of(SpoolTicket ticket) {
  Loan& loan = loans_[ticket.id % kLoanPlaces];
  CHECK(loan.used() && loan.parts_out != 0 && loan.serial == ticket.id / kLoanPlaces);
  return loan;
}

// Nothing of it waits or is out: it is of no more use.
void Spool::retire_if_over(SpoolSegment& segment) {
  if (!segment.read_to_end()) return;
  if (std::any_of(loans_.begin(), loans_.end(), [&](const Loan& loan) { return loan.segment == segment.id(); })) return;
  if (segment.id() == current_) current_ = 0;
  retire(segment);
}

}  // namespace sleipnir
