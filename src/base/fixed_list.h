// FixedList<T, N>: at most N plain values, held in place in the order they were added.
//
// For what has a small limit anyway. Copied and dropped like a plain struct.
#pragma once

#include <cstddef>

namespace sleipnir {

template <typename T, size_t N>
class FixedList {
 public:
  // False: there are N already, and this one is not added.
  bool add(const T& value) {
    if (size_ == N) return false;
    values_[size_++] = value;
    return true;
  }
  // REQUIRES: size <= size().
  void cut(size_t size) { size_ = size; }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T* data() const { return values_; }
  const T* begin() const { return values_; }
  const T* end() const { return values_ + size_; }
  const T& operator[](size_t index) const { return values_[index]; }

 private:
  T values_[N] = {};
  size_t size_ = 0;
};

}  // namespace sleipnir
