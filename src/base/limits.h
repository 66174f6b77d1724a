// Every number that bounds the program, with its unit, where it comes from and what happens beyond it.
//
// Numbers a user may set are the defaults and ranges of app/config_table.cc; here is what is fixed. The relations
// between them are static_asserts at the end: together they are the promise about memory in the README.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sleipnir {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr size_t kKiB = 1024;
inline constexpr size_t kMiB = 1024 * kKiB;

// ---- telemetry in ----

// Telemetry API: the smallest allowed buffering, so that a record reaches us as soon as it can.
inline constexpr int kTelemetryItemsMax = 1000;
inline constexpr int kTelemetryBytesMax = 262144;
inline constexpr int kTelemetryTimeoutMs = 25;

// A POST may have 2 * maxBytes plus metadata (Telemetry API reference): 0.5 MiB as subscribed. Beyond this: 413.
inline constexpr size_t kTelemetryBodyBytesMax = 4 * kMiB;
// Pages of the body buffer beyond this are given back to the system after a large POST.
inline constexpr size_t kTelemetryBodyBytesKept = 640 * kKiB;

// Lambda keeps one connection; the rest is for a reconnect and for whoever else knocks. Beyond: the connection that
// was idle longest is closed.
inline constexpr size_t kServerConnectionsMax = 6;
// Request line and headers of one request. Lambda's are about 200 bytes. Beyond: 431 and close.
inline constexpr size_t kRequestHeadBytesMax = 8 * kKiB;
inline constexpr uint32_t kRequestHeadersMax = 64;
// A connection's own input buffer, for heads and for what comes before the body buffer is granted.
inline constexpr size_t kServerInputBytes = 4 * kKiB;
// A request that has begun and of which no byte comes for so long, in awake time, is broken off. Guess, not tuned.
inline constexpr milliseconds kRequestStallMax{2000};
// A connection whose request was refused is read on so long and so far, so that the client sees the answer and no
// reset: it may still be sending its body. Guess, not tuned.
inline constexpr milliseconds kLingerMax{500};
inline constexpr size_t kLingerBytesMax = 16 * kMiB;
// Bytes read from one connection before the others get their turn.
inline constexpr size_t kReadBytesPerRound = 1 * kMiB;
// Telemetry bodies remembered to notice one that is delivered again.
inline constexpr size_t kRememberedBodies = 16;

// What happened longer ago, or lies further ahead, by our own clock, gets the time of its arrival, and its own as
// metadata `event_time`: Loki refuses what is older than 7 days or over 10 minutes ahead (its defaults), and one entry
// that lies ahead makes the others of its stream too old. Lambda's clock is ours, so nothing honest is ahead.
inline constexpr seconds kEventAgeMax = std::chrono::hours(7 * 24) - minutes(10);
inline constexpr seconds kEventAheadMax = minutes(5);

// EADDRINUSE of the listener: a predecessor's socket may linger for a moment after a reset.
inline constexpr milliseconds kListenRetryFor{200};
inline constexpr milliseconds kListenRetryEvery{20};

// ---- runtime API ----

// An event (INVOKE, SHUTDOWN) or the answer to register; real ones are below 2 KiB. Beyond: cut, which fails to parse.
inline constexpr size_t kRuntimeApiBodyBytesMax = 16 * kKiB;
// Contract: unreachable after so many tries, so far apart, means leaving.
inline constexpr int kRuntimeApiTries = 3;
inline constexpr milliseconds kRuntimeApiRetryEvery{50};
// What is left for flushing once the runtime API is gone.
inline constexpr milliseconds kOrphanedFlush{300};

// ---- lifecycle ----

// Logs of an invocation about to time out are pushed at deadline - min(this, timeout / 4).
inline constexpr milliseconds kPreDeadlineFlushMax{500};
// An invocation is never held past deadline - clamp(2 % of the timeout, these two).
inline constexpr milliseconds kDeadlineMarginMin{100};
inline constexpr milliseconds kDeadlineMarginMax{500};
// SHUTDOWN: everything is over by deadline - this.
inline constexpr milliseconds kShutdownMargin{200};
// At spindown the last platform.report comes within about 40 ms; waiting for it is bounded.
inline constexpr milliseconds kLastReportWait{300};
// The longest event deadline we believe, from "now": a wrong wall clock must not make us wait for ever.
inline constexpr seconds kDeadlineMax{900};

// SHUTDOWN: a deadline further away, or nearer, than this is a wall clock that is wrong; Lambda gives two seconds.
inline constexpr milliseconds kShutdownLongest{2000};
inline constexpr milliseconds kShutdownShortest{100};
// The sender's deadline lies so long before ours: for it to say that it is done, and for us to say what was lost.
inline constexpr milliseconds kSenderGrace{50};
// And so much more, at most, where it has to write to the spool what Loki has not taken: a full memory is 6 MB, gzipped
// on a fraction of a core. Guess, not tuned.
inline constexpr milliseconds kSpoolAtEndMax{400};

// ---- batches and the way to the sender ----

// Arenas of a pool: one bit each in an atomic word.
inline constexpr size_t kPoolBatchesMax = 64;
inline constexpr size_t kPoolBatchesMin = 4;
// What holds records beside the pool (the body buffer, compressed pushes) is taken off the memory limit.
inline constexpr size_t kMemoryLimitBytesMin = 4 * kMiB;
inline constexpr size_t kOutsidePoolBytes = 2 * kMiB;
// Room in the queue to the sender: every batch of the pool once, and the requests beside them.
inline constexpr size_t kQueueMessagesMax = 256;

// ---- pushes ----

// Pushes in flight at once, each on its own connection.
inline constexpr size_t kPushesInFlightMax = 4;
// Compressed form of one push. A push that compresses worse goes out as it is.
inline constexpr size_t kCompressedBytesMax = 512 * kKiB;
// Of an answer's body, what is looked at; the rest is read and thrown away.
inline constexpr size_t kAnswerBytesMax = 64 * kKiB;
// Head of a push request: path, credentials, further headers.
inline constexpr size_t kPushHeadBytesMax = 16 * kKiB;
// Back-off between attempts: doubling from the first to the last, half of it random.
inline constexpr milliseconds kBackoffFirst{100};
inline constexpr milliseconds kBackoffLast{5000};
// A push that takes longer than this no longer makes the others wait: they get a connection of their own. Below it a
// second handshake costs more than it gives. Guess, not tuned.
inline constexpr milliseconds kSlowPush{100};
// As long as pushes make progress, a full pool holds a telemetry POST back so long, all in all, before the oldest
// batches go; one with a runtimeDone in it no longer than the flush budget.
inline constexpr milliseconds kBackPressureMax{300};
// So many answers for the parts of one batch, then its rest is given up: a gateway may refuse everything, record by
// record. Bisecting 2^16 records down to one poisoned one takes 32.
inline constexpr int kAnswersPerBatchMax = 47;
// So often entries are written anew before a refusal drops them. What is older than Loki's first limit (7 days) may,
// stamped there, still lie behind the second (an hour before the stream's newest entry).
inline constexpr int kAmendmentsMax = 2;
// Our clock and Loki's may differ by less than this without anybody minding.
inline constexpr minutes kClockTrusted{1};
// A kept connection idle for longer than this is not used again: load balancers drop them from 60 s on.
inline constexpr seconds kConnectionIdleMax{50};
// A wait longer than this between two looks at the clocks, or clocks that drift apart by as much, is a thaw.
inline constexpr milliseconds kThawGap{1000};
// Of a DNS server's answer so much is read: some hundred addresses, of which four are kept.
inline constexpr size_t kDnsAnswerBytesMax = 4 * kKiB;
// An answer over TCP that is not whole after so long is done without.
inline constexpr seconds kDnsTcpPatience{2};
// Of /etc/hosts and /etc/resolv.conf so much is read: on the resolver's stack.
inline constexpr size_t kHostsBytesMax = 16 * kKiB;
inline constexpr size_t kResolvConfBytesMax = 4 * kKiB;
// Answers of the resolver are used for so long.
inline constexpr seconds kResolvedFor{45};
// A Retry-After beyond this is taken for this.
inline constexpr minutes kRetryAfterMax{5};
// Tag of the connection that fetches them, behind those of the pushes.
inline constexpr uint64_t kSecretsTag = kPushesInFlightMax;
// Tag of the connection that puts dead letters, behind that one.
inline constexpr uint64_t kDeadLetterTag = kSecretsTag + 1;
// So often an object is tried before its records are dropped. Guess, not tuned.
inline constexpr int kDeadLetterAttemptsMax = 3;
// At a SHUTDOWN behind which nobody comes back, so much of the time, but no more than half of it, is kept from Loki for
// the dead letter. Guess, not tuned.
inline constexpr milliseconds kDeadLetterAtEndMax{1000};
// Breaker: from the first probe interval, doubling, to the last.
inline constexpr seconds kProbeFirst{5};
inline constexpr seconds kProbeLast{300};

// ---- spool ----

// What a file system keeps free: a quarter of it, at least and at most these. Contract; the most is a quarter of
// Lambda's largest /tmp (10,240 MB), so that it says something only elsewhere, where a quarter can be more than anybody
// needs.
inline constexpr uint64_t kSpoolFreeBytesMin = 128 * kMiB;
inline constexpr uint64_t kSpoolFreeBytesMax = 2560 * kMiB;
// Segment files held at once: each is an open descriptor, of the 1,024 that the function has too.
inline constexpr size_t kSpoolSegmentsMax = 32;
// Of them, such of earlier processes: our own need the rest.
inline constexpr size_t kSpoolSegmentsAdoptedMax = 16;
// A segment is closed for writing beyond an eighth of LOKI_SPOOL_MAX_BYTES, within these: small ones are unlinked
// sooner, large ones are fewer. A cap of 4 GiB still has descriptors to spare.
inline constexpr uint64_t kSpoolSegmentBytesMin = 1 * kMiB;
inline constexpr uint64_t kSpoolSegmentBytesMax = 256 * kMiB;
// Names sorted in one round of a scan, rounds of one scan, and names listed in a round: a directory that holds more is
// not ours alone, and the rest is left alone.
inline constexpr size_t kSpoolNamesPerRound = 32;
inline constexpr size_t kSpoolScanRoundsMax = 16;
inline constexpr size_t kSpoolNamesListedMax = 4096;
// Frames looked at in one go to find one that waits.
inline constexpr size_t kSpoolFramesPerCall = 1024;
// Frames counted when nobody will come back for them: there may be more only where each holds a record or two.
inline constexpr size_t kSpoolFramesAbandonedMax = 65'536;
// Entries of one frame as wire text: no batch is larger, and a file that claims more is not read.
inline constexpr size_t kSpoolPayloadBytesMax = 8 * kMiB;
// For the head of a frame and what stands before its entries.
inline constexpr size_t kSpoolBufferBytesMin = 64 * kKiB;
// After a failure the file system is not asked again for so long. Guess, not tuned.
inline constexpr seconds kSpoolRetryEvery{10};
// Where there was no room, a range no smaller is refused for so long without compressing it to see.
inline constexpr milliseconds kSpoolFullFor{1000};

// ---- the word replay ----

// A file, read whole. Larger than any segment; beyond: it is not read.
inline constexpr size_t kReplayFileBytesMax = 512 * kMiB;
// The content of one gzip member in it.
inline constexpr size_t kReplayMemberBytesMax = 256 * kMiB;
// A few batches are delivered within this, back-off and Retry-After included, or given up. Guess, not tuned.
inline constexpr seconds kReplayRoundMax{60};

// ---- flush decision (adaptive) ----

inline constexpr size_t kGapsRemembered = 20;
inline constexpr uint64_t kFirstInvocationsHeld = 20;
inline constexpr milliseconds kBackgroundGapMax{2000};
inline constexpr seconds kRecordAgeMax{10};

static_assert(kPoolBatchesMax <= 64, "the pool keeps one bit for each batch");
static_assert(kOutsidePoolBytes <= kMemoryLimitBytesMin / 2);
static_assert(kQueueMessagesMax >= 2 * kPoolBatchesMax);
static_assert(kSpoolSegmentsMax - kSpoolSegmentsAdoptedMax >= 8 + 2,
              "as many as the cap divides into, and one to spare");
static_assert(kSpoolBufferBytesMin >= kSpoolPayloadBytesMax / 27 / 8 + 128, "an entry has 27 bytes at least");
static_assert(kTelemetryBodyBytesKept >= 2 * static_cast<size_t>(kTelemetryBytesMax));

}  // namespace sleipnir
