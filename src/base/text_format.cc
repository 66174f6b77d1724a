#include "base/text_format.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/ascii.h"

namespace sleipnir {
namespace {

// Counts what does not fit.
class Output {
 public:
  Output(char* out, size_t room) : out_(out), room_(room) {}

  void put(char c, size_t count = 1) {
    for (; count != 0; count--) put({&c, 1});
  }
  void put(std::string_view text) {
    if (bytes_ < room_) memcpy(out_ + bytes_, text.data(), std::min(text.size(), room_ - bytes_));
    bytes_ += text.size();
  }
  size_t end() {
    if (room_ != 0) out_[std::min(bytes_, room_ - 1)] = '\0';
    return bytes_;
  }

 private:
  char* const out_;
  const size_t room_;
  size_t bytes_ = 0;
};

struct Conversion {
  bool left = false;
  bool zeros = false;
  int width = 0;
  int precision = -1;  // -1: none
  size_t value_bytes = sizeof(int);
  char letter = '\0';
};

int take_number(const char*& at) {
  int number = 0;
  for (; is_digit(*at); at++) number = number * 10 + (*at - '0');
  return number;
}

// `at` stands behind the percent sign, and afterwards behind the letter (on the end of the format, if it has none).
Conversion parse(const char*& at, va_list& arguments) {
  Conversion conversion;
  for (; *at == '-' || *at == '0'; at++) (*at == '-' ? conversion.left : conversion.zeros) = true;
  conversion.width = take_number(at);
  if (*at == '.') {
    at++;
    if (*at == '*') {
      at++;
      conversion.precision = va_arg(arguments, int);
    } else {
      conversion.precision = take_number(at);
    }
  }
  // What is shorter than an int arrives as one.
  for (; strchr("hlzj", *at) != nullptr && *at != '\0'; at++) {
    if (*at != 'h') conversion.value_bytes = sizeof(uint64_t);
  }
  conversion.letter = *at;
  if (*at != '\0') at++;
  return conversion;
}

void put_padded(Output& output, const Conversion& conversion, std::string_view sign, std::string_view text) {
  const size_t bytes = sign.size() + text.size();
  const size_t width = static_cast<size_t>(conversion.width);
  const size_t padding = width > bytes ? width - bytes : 0;
  const bool zeros = conversion.zeros && !conversion.left;
  if (!conversion.left && !zeros) output.put(' ', padding);
  output.put(sign);
  if (zeros) output.put('0', padding);
  output.put(text);
  if (conversion.left) output.put(' ', padding);
}

void put_number(Output& output, const Conversion& conversion, uint64_t value, bool negative) {
  const unsigned base = conversion.letter == 'd' || conversion.letter == 'u' ? 10 : 16;
  const char* const digits = conversion.letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
  char text[20];
  size_t first = sizeof(text);
  do {
    text[--first] = digits[value % base];
    value /= base;
  } while (value != 0);
  put_padded(output, conversion, negative ? "-" : "", {text + first, sizeof(text) - first});
}

}  // namespace

size_t format_text(char* out, size_t room, const char* format, va_list given_arguments) {
  va_list arguments;
  va_copy(arguments, given_arguments);
  Output output(out, room);
  while (*format != '\0') {
    if (*format != '%') {
      const size_t bytes = strcspn(format, "%");
      output.put({format, bytes});
      format += bytes;
      continue;
    }
    format++;
    const Conversion conversion = parse(format, arguments);
    const bool wide = conversion.value_bytes == sizeof(uint64_t);
    switch (conversion.letter) {
      case '%': output.put('%'); break;
      case 'c': output.put(static_cast<char>(va_arg(arguments, int))); break;
      case 's': {
        const char* const text = va_arg(arguments, const char*);
        const size_t most = conversion.precision < 0 ? SIZE_MAX : static_cast<size_t>(conversion.precision);
        put_padded(output, {.left = conversion.left, .width = conversion.width}, "", {text, strnlen(text, most)});
        break;
      }
      case 'd': {
        const int64_t value = wide ? va_arg(arguments, int64_t) : va_arg(arguments, int);
        const uint64_t size = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
        put_number(output, conversion, size, value < 0);
        break;
      }
      case 'u':
      case 'x':
      case 'X':
        put_number(output, conversion, wide ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned), false);
        break;
      default: format = ""; break;
    }
  }
  va_end(arguments);
  return output.end();
}

}  // namespace sleipnir
