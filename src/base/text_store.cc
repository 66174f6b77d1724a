#include "base/text_store.h"

#include <algorithm>
#include <new>

#include "base/ascii.h"

namespace sleipnir {

TextStore::~TextStore() {
  while (newest_ != nullptr) ::operator delete(std::exchange(newest_, newest_->older));
}

char* TextStore::room(size_t bytes_max) {
  newest_ = new (::operator new(sizeof(Block) + bytes_max + 1)) Block{.older = newest_};
  return reinterpret_cast<char*>(newest_ + 1);
}

BorrowedText TextStore::close(const char* begin, char* end) {
  *end = '\0';
  return {begin, static_cast<size_t>(end - begin)};
}

BorrowedText TextStore::lowered(std::string_view text) {
  char* const begin = room(text.size());
  return close(begin, std::transform(text.begin(), text.end(), begin, to_lower));
}

BorrowedText TextStore::one_line(std::string_view text) {
  char* const begin = room(text.size());
  const auto shown = [](char c) { return static_cast<unsigned char>(c) < 0x20 ? ' ' : c; };
  return close(begin, std::transform(text.begin(), text.end(), begin, shown));
}

BorrowedText TextStore::keep(std::initializer_list<std::string_view> pieces) {
  size_t bytes = 0;
  for (const std::string_view piece : pieces) bytes += piece.size();
  char* const begin = room(bytes);
  char* end = begin;
  for (const std::string_view piece : pieces) end = std::copy(piece.begin(), piece.end(), end);
  return close(begin, end);
}

}  // namespace sleipnir
