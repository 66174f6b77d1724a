// fixed_text, hash, log, mapped_memory, result: small things that everything else leans on.
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstring>
#include <set>
#include <string>

#include "base/fixed_text.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mapped_memory.h"
#include "base/result.h"
#include "base/same_text.h"
#include "fake/clock.h"

namespace sleipnir::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("fixed_text_cuts_what_is_too_long") {
  for (const size_t bytes : {size_t{0}, size_t{7}, size_t{8}, size_t{9}, size_t{100}}) {
    const std::string text(bytes, 'x');
    CHECK(FixedText<8>(text).view() == text.substr(0, 8));
    FixedText<8> appended("abc");
    appended.append(text);
    CHECK(appended.view() == ("abc" + text).substr(0, 8));
  }
}

TEST_CASE("fixed_text_takes_a_part_of_itself") {
  FixedText<16> text("hello world");
  text.assign(text.view().substr(6));
  CHECK(text == "world");
  text.clear();
  CHECK(text.empty());
  CHECK(text == "");
}

TEST_CASE("same_text_sees_every_byte_and_the_length") {
  for (size_t bytes = 0; bytes <= 40; bytes++) {
    const std::string text(bytes, 'x');
    REQUIRE(same_text(text, std::string(bytes, 'x')));
    REQUIRE_FALSE(same_text(text, std::string(bytes + 1, 'x')));
    for (size_t at = 0; at < bytes; at++) {
      std::string other = text;
      other[at] = 'y';
      REQUIRE_FALSE(same_text(text, other));
      REQUIRE_FALSE(same_text(other, text));
    }
  }
}

TEST_CASE("hash_tells_bytes_apart_at_every_length_and_place") {
  std::set<uint64_t> seen;
  size_t made = 0;
  for (size_t bytes = 0; bytes <= 140; bytes++) {
    std::string text(bytes, '\0');
    seen.insert(hash_bytes(text));
    made++;
    for (size_t at = 0; at < bytes; at++) {
      text[at] = 'x';
      seen.insert(hash_bytes(text));
      made++;
      text[at] = '\0';
    }
  }
  CHECK(seen.size() == made);
}

TEST_CASE("hash_reads_from_any_place_and_says_the_same") {
  const std::string text = "some bytes that are longer than sixteen";
  std::string elsewhere = "x" + text;
  CHECK(hash_bytes(text) == hash_bytes(std::string_view(elsewhere).substr(1)));
}

TEST_CASE("hash_tells_the_order_of_equal_stretches") {
  std::set<uint64_t> seen;
  for (size_t first = 0; first < 12; first++) {
    for (size_t second = 0; second < first; second++) {
      std::string text(12 * size_t{16}, 'a');
      text[first * 16] = 'b';
      text[second * 16] = 'c';
      seen.insert(hash_bytes(text));
      std::swap(text[first * 16], text[second * 16]);
      seen.insert(hash_bytes(text));
    }
  }
  CHECK(seen.size() == 12 * 11);
}

// What is written to stderr while it lives.
class CapturedStderr {
 public:
  CapturedStderr() : before_(dup(STDERR_FILENO)) {
    if (pipe2(pipe_, O_NONBLOCK) != 0) abort();
    dup2(pipe_[1], STDERR_FILENO);
  }
  CapturedStderr(const CapturedStderr&) = delete;
  CapturedStderr& operator=(const CapturedStderr&) = delete;
  ~CapturedStderr() {
    dup2(before_, STDERR_FILENO);
    for (const int fd : {before_, pipe_[0], pipe_[1]}) close(fd);
  }
  std::string take() {
    std::string text(10'000, '\0');
    const ssize_t got = read(pipe_[0], text.data(), text.size());
    text.resize(got < 0 ? 0 : static_cast<size_t>(got));
    return text;
  }

 private:
  int before_;
  int pipe_[2];
};

TEST_CASE("log_writes_one_line_with_its_prefix") {
  CapturedStderr captured;
  set_log_level(LogLevel::kWarn);
  log_line(LogLevel::kWarn, "%s is %d", "x", 5);
  CHECK(captured.take() == "sleipnir: x is 5\n");
  log_line(LogLevel::kInfo, "not this one");
  CHECK(captured.take().empty());
  log_line(LogLevel::kError, "two\nlines\tand \x1b[31m colour");
  CHECK(captured.take() == "sleipnir: two lines and  [31m colour\n");
}

TEST_CASE("log_cuts_a_line_that_is_too_long") {
  CapturedStderr captured;
  log_line(LogLevel::kError, "%s", std::string(5000, 'x').c_str());
  const std::string line = captured.take();
  CHECK(line.size() == 1024);
  CHECK(line.ends_with("x\n"));
}

TEST_CASE("log_gate_opens_once_a_minute") {
  FakeClock clock;
  LogGate gate;
  CHECK(gate.open(clock.now()));
  CHECK_FALSE(gate.open(clock.now()));
  clock.advance(60s - 1ns);
  CHECK_FALSE(gate.open(clock.now()));
  clock.advance(1ns);
  CHECK(gate.open(clock.now()));
}

TEST_CASE("mapped_memory_is_zero_and_gives_back_whole_pages_alone") {
  Result<MappedMemory> memory = MappedMemory::create(3 * 4096);
  REQUIRE(memory);
  const std::span<char> bytes = memory->bytes();
  CHECK(bytes.size() == 3 * 4096);
  CHECK(bytes[5000] == 0);
  memset(bytes.data(), 'x', bytes.size());
  MappedMemory::discard(bytes.subspan(1, 2 * 4096));
  CHECK(bytes[0] == 'x');
  CHECK(bytes[4095] == 'x');
  CHECK(bytes[4096] == 0);
  CHECK(bytes[2 * 4096 - 1] == 0);
  CHECK(bytes[2 * 4096] == 'x');
  MappedMemory::discard(bytes.subspan(10, 100));
  CHECK(bytes[50] == 'x');
}

TEST_CASE("mapped_memory_says_when_there_is_none") {
  const Result<MappedMemory> memory = MappedMemory::create(size_t{1} << 60);
  REQUIRE_FALSE(memory);
  CHECK(std::string_view(memory.error().text()).starts_with("mapping "));
}

TEST_CASE("mapped_memory_moves_with_its_owner") {
  MappedMemory first = std::move(MappedMemory::create(4096).value());
  char* const data = first.bytes().data();
  const MappedMemory second = std::move(first);
  CHECK(second.bytes().data() == data);
}

TEST_CASE("an_error_cuts_its_text_and_names_what_the_system_said") {
  CHECK(std::string_view(Error::from_os(ENOENT, "opening %s", "x").text()) == "opening x: No such file or directory");
  CHECK(strlen(Error::make("%s", std::string(1000, 'x').c_str()).text()) == 255);
  CHECK(strlen(Error::from_os(ENOENT, "%s", std::string(1000, 'x').c_str()).text()) == 255);
}

TEST_CASE("a_result_is_a_value_or_an_error") {
  const Result<int> value = 7;
  const Result<int> error = Error::make("no");
  CHECK(value);
  CHECK(value.value() == 7);
  CHECK_FALSE(error);
  CHECK(std::string_view(error.error().text()) == "no");
}

}  // namespace
}  // namespace sleipnir::test
