#include "app/dead_letter.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <numeric>

#include "aws/s3_location.h"
#include "base/ascii.h"
#include "batch/backoff.h"

namespace sleipnir {

namespace {

uint64_t sum(std::span<const uint64_t> records) {
  return std::accumulate(records.begin(), records.end(), uint64_t{0});
}

// What a key may have in it without being encoded; a log stream's name has slashes and brackets.
bool stays(char c) {
  return is_letter_or_digit(c) || c == '_' || c == '.';
}

}  // namespace

DeadLetter::DeadLetter(Kernel& kernel, const Config& config, RandomSource& random, Counters& counters,
                       MappedMemory buffer)
    : config_(config),
      random_(random),
      counters_(counters),
      buffer_(std::move(buffer)),
      call_(kernel, config, kDeadLetterTag) {}

bool DeadLetter::take(std::string_view push, GzipCompressor& gzip, std::string_view instance, DropReason reason,
                      uint64_t records) {
  const size_t bytes = full_ ? 0 : gzip.compress(push, buffer_.bytes().subspan(filled_));
  if (bytes == 0) {
    full_ = !empty();
    return false;
  }
  filled_ += bytes;
  waiting_[static_cast<size_t>(reason)] += records;
  if (!instance.empty()) instance_.assign(instance);
  return true;
}

uint64_t DeadLetter::records() const {
  return sum(waiting_) + sum(in_object_);
}

void DeadLetter::step(Instant now) {
  for (;;) {
    if (!call_.under_way()) {
      if (empty() || now.monotonic < next_attempt_) return;
      if (object_bytes_ == 0) close_object(now);
      asked_at_ = now.wall;
      call_.forget_keys();
      call_.start(*config_.dead_letter,
                  {.service = "s3",
                   .method = "PUT",
                   .path = path_,
                   .content_type = "application/gzip",
                   .body = {buffer_.bytes().data(), object_bytes_}},
                  now);
    }
    const AwsCall::Event event = call_.step(now);
    if (event == AwsCall::Event::kNone) return;
    settle(event, now);
  }
}

// All that waits is the next object.
void DeadLetter::close_object(Instant now) {
  object_bytes_ = filled_;
  in_object_ = std::exchange(waiting_, Records{});
  attempts_ = 0;
  char text[kInstanceBytesMax + 64];
  if (instance_.empty()) {
    snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(random_.next()));
    instance_.assign(text);
  }
  const AwsTime time = aws_time(now.wall);
  const std::string_view instance = instance_.view();
  snprintf(text, sizeof(text), "%.4s/%.2s/%.2s/%.*s-%013llu-%u.json.gz", time.data(), time.data() + 4, time.data() + 6,
           static_cast<int>(instance.size()), instance.data(), static_cast<unsigned long long>(unix_ms(now.wall)),
           ++objects_);
  constexpr size_t kDateBytes = 11;
  std::replace_if(text + kDateBytes, text + kDateBytes + instance.size(), [](char c) { return !stays(c); }, '-');
  path_texts_ = TextStore();
  path_ = path_texts_.keep({config_.dead_letter->endpoint.path, text});
}

void DeadLetter::settle(AwsCall::Event event, Instant now) {
  const bool answered = event == AwsCall::Event::kAnswered;
  const int status = answered ? call_.status() : 0;
  if (status == 200) {
    const uint64_t records = sum(in_object_);
    counters_.dead_lettered.add(records);
    log_line(LogLevel::kInfo, "%llu records put into LOKI_DEAD_LETTER_S3_URI: %s",
             static_cast<unsigned long long>(records), path_.c_str());
    return take_off();
  }
  // A request that was frozen half-way is refused for its age.
  const bool aged = now.wall - asked_at_ > config_.request_timeout;
  const bool passing = !answered || status >= 500 || status == 429 || status == 408 || aged;
  if (passing && ++attempts_ < kDeadLetterAttemptsMax) {
    next_attempt_ = now.monotonic + backoff_after(attempts_, random_);
    call_.hang_up();
    return;
  }
  TextStore texts;
  lose(answered ? s3_failure(status, call_.body(), texts).c_str() : call_.failure(), now);
}

void DeadLetter::lose(const char* why, Instant now) {
  if (lost_gate_.open(now)) {
    log_line(LogLevel::kError, "cannot put %llu records into LOKI_DEAD_LETTER_S3_URI %s: %s; they are dropped",
             static_cast<unsigned long long>(sum(in_object_)), config_.dead_letter_uri.c_str(), why);
  }
  for (size_t i = 0; i < kDropReasons; i++) counters_.dropped[i].add(in_object_[i]);
  take_off();
}

void DeadLetter::take_off() {
  call_.hang_up();
  char* const buffer = buffer_.bytes().data();
  filled_ -= object_bytes_;
  memmove(buffer, buffer + object_bytes_, filled_);
  object_bytes_ = 0;
  in_object_ = {};
  full_ = false;
  next_attempt_ = MonotonicTime::min();
}

MonotonicTime DeadLetter::next_deadline() const {
  if (call_.under_way()) return call_.next_deadline();
  return empty() ? kNever : next_attempt_;
}

void DeadLetter::give_up(Instant now) {
  if (empty()) return;
  for (size_t i = 0; i < kDropReasons; i++) in_object_[i] += waiting_[i];
  waiting_ = {};
  object_bytes_ = filled_;
  lose("the environment ends", now);
}

}  // namespace sleipnir
