// Which segments there are: those of earlier processes are found and adopted, oldest first; what is not ours to touch
// is passed over and said once.

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstring>

#include "app/spool.h"

namespace sleipnir {

namespace {

using SegmentName = std::array<char, kSpoolNameBytes>;

std::string_view view(const SegmentName& name) {
  return {name.data(), name.size()};
}

// Keeps the first few names, in their order, behind a given one.
class NameCollector final : public NameVisitor {
 public:
  explicit NameCollector(std::string_view behind) : behind_(behind) {}

  Go on_name(std::string_view name) override {
    if (!is_spool_name(name)) {
      others_++;
    } else if (name > behind_) {
      insert(name);
    }
    return ++listed_ < kSpoolNamesListedMax ? Go::kOn : Go::kStop;
  }

  std::span<const SegmentName> names() const { return std::span(names_).first(count_); }
  bool full() const { return count_ == names_.size(); }
  size_t others() const { return others_; }

 private:
  void insert(std::string_view name) {
    size_t at = count_;
    while (at != 0 && name < view(names_[at - 1])) at--;
    if (at == names_.size()) return;
    // The last one falls out where there are too many: a later round finds it.
    const size_t last = std::min(count_, names_.size() - 1);
    for (size_t i = last; i > at; i--) names_[i] = names_[i - 1];
    memcpy(names_[at].data(), name.data(), name.size());
    count_ = last + 1;
  }

  const std::string_view behind_;
  std::array<SegmentName, kSpoolNamesPerRound> names_;
  size_t count_ = 0;
  size_t others_ = 0;
  size_t listed_ = 0;
};

}  // namespace

// Files that are not adopted, by the reason.
struct Spool::Skipped {
  size_t in_use = 0;
  size_t foreign = 0;
  size_t other_labels = 0;
  size_t failed = 0;
};

void Spool::scan(Instant now) {
  if (!enabled() || scanned_) return;
  scanned_ = true;
  adopt_more(now);
}

void Spool::adopt_more(Instant now) {
  Skipped skipped;
  const size_t before = adopted_count();
  more_to_scan_ = true;
  for (size_t round = 0; round < kSpoolScanRoundsMax && more_to_scan_; round++) {
    const std::string behind = scanned_through_;
    NameCollector found(behind);
    if (const Status listed = files_.list(directory_.c_str(), found); !listed) {
      if (failed_gate_.open(now)) {
        log_line(LogLevel::kWarn, "cannot look for spooled records (LOKI_SPOOL_DIR %s): %s", directory_.c_str(),
                 listed.error().text());
      }
      more_to_scan_ = false;
      break;
    }
    if (behind.empty()) skipped.foreign += found.others();
    bool all_tried = true;
    for (const SegmentName& name : found.names()) {
      if (adopted_count() >= kSpoolSegmentsAdoptedMax) {
        all_tried = false;
        break;
      }
      scanned_through_ = view(name);
      adopt(view(name), skipped);
    }
    if (!all_tried) break;
    more_to_scan_ = found.full();
  }
  // A directory with so many names that they were not all looked at: what is left is for a later process.
  if (adopted_count() < kSpoolSegmentsAdoptedMax) more_to_scan_ = false;
  recount();

  if (adopted_count() != before) {
    log_line(LogLevel::kInfo, "found spooled records of an earlier start: %zu files in %s", adopted_count() - before,
             directory_.c_str());
  }
  const bool odd = skipped.foreign + skipped.other_labels + skipped.failed != 0;
  if ((odd || skipped.in_use != 0) && skipped_gate_.open(now)) {
    log_line(odd ? LogLevel::kWarn : LogLevel::kInfo,
             "files in the spool directory %s that are left alone: %zu not of this version of Sleipnir, %zu with other "
             "labels, %zu not readable, %zu in use by another environment",
             directory_.c_str(), skipped.foreign, skipped.other_labels, skipped.failed, skipped.in_use);
  }
}

void Spool::adopt(std::string_view name, Skipped& skipped) {
  SpoolSegment* const segment = unused_segment();
  if (segment == nullptr) return;
  const std::string path = path_of(name);
  for (const SpoolSegment& held : segments_) {
    if (held.used() && held.path() == path) return;
  }
  using Adopted = SpoolSegment::Adopted;
  switch (segment->adopt(files_, last_id_ + 1, path, push_prefix_)) {
    case Adopted::kYes:
      last_id_++;
      if (segment->read_to_end()) retire(*segment);
      break;
    case Adopted::kEmpty:
      last_id_++;
      retire(*segment);
      break;
    case Adopted::kGone: break;
    case Adopted::kInUse: skipped.in_use++; break;
    case Adopted::kForeign: skipped.foreign++; break;
    case Adopted::kOtherLabels: skipped.other_labels++; break;
    case Adopted::kFailed: skipped.failed++; break;
  }
}

std::string Spool::path_of(std::string_view name) const {
  std::string path = directory_;
  path += '/';
  path += name;
  return path;
}

SpoolSegment* Spool::find(SegmentId id) {
  if (id == 0) return nullptr;
  for (SpoolSegment& segment : segments_) {
    if (segment.used() && segment.id() == id) return &segment;
  }
  return nullptr;
}

SpoolSegment* Spool::unused_segment() {
  for (SpoolSegment& segment : segments_) {
    if (!segment.used()) return &segment;
  }
  return nullptr;
}

size_t Spool::adopted_count() const {
  return static_cast<size_t>(std::count_if(segments_.begin(), segments_.end(), [](const SpoolSegment& segment) {
    return segment.used() && !segment.own();
  }));
}

// Unlinked while its lock is held: nobody else can be about to read it.
void Spool::retire(SpoolSegment& segment) {
  // A failure leaves a file in which all is marked: the next process that finds it tries again.
  if (!segment.keep_file()) static_cast<void>(files_.unlink(segment.path().c_str()));
  segment.close(files_);
  refused_until_ = MonotonicTime::min();
  recount();
}

void Spool::recount() {
  counts_.bytes_on_disk = 0;
  for (const SpoolSegment& segment : segments_) {
    if (segment.used()) counts_.bytes_on_disk += segment.bytes();
  }
}

}  // namespace sleipnir
