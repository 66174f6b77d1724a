// TelemetryScanner: cuts one received telemetry body into its elements, without parsing what is inside them.
//
//   TelemetryScanner scanner(body);
//   TelemetryElement element;
//   for (;;) {
//     const ScanOutcome outcome = scanner.next(element);
//     if (outcome == ScanOutcome::kEnd) break;
//     if (outcome == ScanOutcome::kMalformed) { ++malformed; continue; }
//     ... decoder.decode(element, now) ...
//   }
//
// Place in the flow: telemetry server (a whole body) -> TelemetryScanner -> TelemetryDecoder -> batcher. Loop thread;
// the scanner is a value on the caller's stack and holds nothing but positions, so it may be left between any two
// calls.
//
// The body is a JSON array of objects {"time": string, "type": string, "record": anything}. Any order of keys, any
// white space, unknown keys, keys written with escapes: all fine; of two equal keys the first counts. A single object
// and objects or arrays one after the other (a line each) are taken too.
//
// What is checked, because the push body is made of it: strings (end, escapes, no raw control characters; not UTF-8,
// not pairing of surrogates) and nesting. What is not: the grammar between the tokens inside a record, which is
// shipped as text whatever it says.
//
// Malformed input: each stretch that yields no element is reported once, the elements around it are kept. Where the
// structure is lost, scanning goes on at the next object that is a whole element (time, type and record).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sleipnir {

// Spans of the body. A key that is absent leaves an empty view; so does a time or type that is not a string.
struct TelemetryElement {
  std::string_view time;    // inside of the JSON string, without its quotes, escapes in place
  std::string_view type;    // likewise
  std::string_view record;  // the JSON token as it stands: with its quotes, braces or brackets
  bool verbatim = false;    // the record is a string of ASCII and two-byte escapes (TokenEnd::verbatim)
};

enum class ScanOutcome : uint8_t {
  kElement,    // `element` is filled: it has a type or a record
  kMalformed,  // a stretch of the body that is no element was passed over; `element` is empty
  kEnd,        // the body is used up; further calls say the same
};

class TelemetryScanner {
 public:
  // `body` must outlive the scanner and every element taken from it. Any bytes, any size.
  explicit TelemetryScanner(std::string_view body) : body_(body), rescan_bytes_(rescan_allowance(body.size())) {}

  // Bounded: every call but the last moves offset() forward; all calls together read the body once, plus at most
  // kRescanFactor times again for malformed parts, after which its rest is given up as one malformed stretch.
  [[nodiscard]] ScanOutcome next(TelemetryElement& element);

  // How far the body has been read.
  size_t offset() const { return at_; }

 private:
  // What may stand at offset().
  enum class State : uint8_t {
    kDocument,      // nothing read yet: `[` or `{`
    kElement,       // in an array, before an element (after `[` or `,`)
    kAfterElement,  // in an array, after an element: `,` or `]`
    kBetween,       // after a whole document: another one, or the end
    kLost,          // structure lost: look for the next whole element
    kDone,
  };

  // Guess, not tuned: honest bodies need none; with it the worst body of 4 MiB costs well under 100 ms.
  static constexpr size_t kRescanFactor = 8;
  static constexpr size_t rescan_allowance(size_t body_bytes) {
    return body_bytes > SIZE_MAX / kRescanFactor ? SIZE_MAX : body_bytes * kRescanFactor;
  }

  ScanOutcome take_value(TelemetryElement& element);
  ScanOutcome find_whole_element(TelemetryElement& element);
  ScanOutcome lose_structure();
  State after_value() const { return in_array_ ? State::kAfterElement : State::kBetween; }

  std::string_view body_;
  size_t at_ = 0;
  size_t rescan_bytes_;
  State state_ = State::kDocument;
  bool in_array_ = false;  // of the document being read
};

}  // namespace sleipnir
