// Advice: what is to be changed where a step of `sleipnir check` fails, in words that name the variable. Pure.
#pragma once

#include <cstdarg>
#include <string_view>

#include "app/config.h"
#include "loki/verdict.h"

namespace sleipnir {

// Which variable says where Loki is, and which one where the proxy is: as the user named them.
struct CheckNames {
  BorrowedText endpoint = "LOKI_ENDPOINT";
  BorrowedText proxy = "LOKI_PROXY";
};

// What came of a step: what was found, and what to change; empty where nothing is. Both printf-like, at most 700 bytes
// at a time; add() puts a further line behind what is there.
class Finding {
 public:
  [[gnu::format(printf, 2, 3)]] void found(const char* format, ...);
  [[gnu::format(printf, 2, 3)]] void fix(const char* format, ...);
  [[gnu::format(printf, 2, 3)]] void add_fix(const char* format, ...);

  void clear_fix() { fix_ = {}; }

  BorrowedText found() const { return found_; }
  BorrowedText fix() const { return fix_; }

 private:
  void append_line(BorrowedText& text, const char* format, va_list arguments);

  BorrowedText found_;
  BorrowedText fix_;
  TextStore texts_;
};

// A name that was not found. `failure` is the resolver's.
void say_name_failure(Finding& finding, const Config& config, const CheckNames& names, const char* failure);

// A TCP connection that was not made; `os_error` 0: not in time. `address` is the one tried.
void say_connect_failure(Finding& finding, const Config& config, const CheckNames& names, const char* address,
                         int os_error);

// A failure that may end in "; <what to change>".
void say_failure(Finding& finding, std::string_view failure);

// An answer by which the line was not stored.
void say_push_failure(Finding& finding, const Config& config, const CheckNames& names, int status,
                      std::string_view location, const Verdict& verdict);

}  // namespace sleipnir
