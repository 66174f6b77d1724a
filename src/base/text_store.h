// TextStore: holds the texts that are put together while the configuration is read, for as long as it lives.
//
// What has many texts (a Config, an Endpoint, a list of labels) borrows them all, and one store beside it holds those
// that do not stand in the environment as they are. To copy or to drop such a thing then costs nothing. Texts stay
// where they are when the store moves, and go with it all at once. Not for the record path: it allocates. No thread of
// its own.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/borrowed_text.h"

namespace sleipnir {

class TextStore {
 public:
  TextStore() = default;
  TextStore(TextStore&& other) noexcept : newest_(std::exchange(other.newest_, nullptr)) {}
  TextStore& operator=(TextStore&& other) noexcept {
    std::swap(newest_, other.newest_);
    return *this;
  }
  ~TextStore();

  // One text out of several.
  BorrowedText keep(std::initializer_list<std::string_view> pieces);

  // The text in lower case, ASCII alone.
  BorrowedText lowered(std::string_view text);

  // The text with a space for each control character: for a log line.
  BorrowedText one_line(std::string_view text);

  // Room for a text of at most so many bytes, to be written and closed.
  char* room(size_t bytes_max);
  // The text from `begin`, which is what room() gave, to `end`.
  static BorrowedText close(const char* begin, char* end);

 private:
  struct Block {
    Block* older;
  };

  Block* newest_ = nullptr;
};

}  // namespace sleipnir
