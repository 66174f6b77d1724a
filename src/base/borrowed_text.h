// BorrowedText: a text that somebody else holds, and that a NUL stands behind: a view that also goes where a C string
// is wanted.
//
// Of the environment, of the program itself, or out of a TextStore. A view of a part of one is a plain string_view.
#pragma once

#include <string>
#include <string_view>

namespace sleipnir {

class BorrowedText : public std::string_view {
 public:
  constexpr BorrowedText() : std::string_view("", 0) {}
  constexpr BorrowedText(const char* text) : std::string_view(text) {}  // NOLINT: implicit on purpose, a view
  // REQUIRES: a NUL behind the last byte.
  constexpr BorrowedText(const char* text, size_t bytes) : std::string_view(text, bytes) {}
  // What is gone at the end of the expression is not to be borrowed.
  BorrowedText(const std::string& text) : std::string_view(text) {}  // NOLINT: implicit on purpose, a view
  BorrowedText(std::string&&) = delete;

  constexpr const char* c_str() const { return data(); }
};

}  // namespace sleipnir
