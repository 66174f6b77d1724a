// FixedList<T, N>: at most N plain values, held in place in the order they were added.
//
// For what has a small limit anyway. Copied and dropped like a plain struct.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>

namespace sleipnir {

template <typename T, size_t N>
class FixedList {
 public:
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

  // False: there are N already, and this one is not added.
  bool add(const T& value) {
    if (size_ == N) return false;
    new (&room_.values[size_++]) T(value);
    return true;
  }
  // REQUIRES: size <= size().
  void cut(size_t size) { size_ = size; }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T* data() const { return room_.values; }
  const T* begin() const { return room_.values; }
  const T* end() const { return room_.values + size_; }
  const T& operator[](size_t index) const { return room_.values[index]; }

 private:
  // A union, so that there is nothing in it before it is added.
  union Room {
    Room() {}
    T values[N];
  };

  size_t size_ = 0;
  Room room_;
};

}  // namespace sleipnir
