// ExactBytes: a text in a heap block of exactly its size, so that the address sanitizer sees a read outside it.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>

namespace sleipnir::test {

class ExactBytes {
 public:
  explicit ExactBytes(std::string_view text) : bytes_(new char[text.size()]), size_(text.size()) {
    if (size_ != 0) memcpy(bytes_.get(), text.data(), size_);
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
};

}  // namespace sleipnir::test
