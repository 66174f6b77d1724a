// Drives a fuzz target without libFuzzer: each file given (or below a directory given) once as it is, then mutated.
//
//     NAME_fuzz [-seed=N] [-mutations=N] FILE|DIRECTORY...
//
// The mutations of one file depend on the seed and the file's content alone, so a failure repeats on another machine.
// What is running is written before it runs: after an abort the last line says which input and which mutation it was.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

struct Options {
  uint64_t seed = 1;
  uint64_t mutations = 0;
  std::vector<std::filesystem::path> files;
};

bool read_number(std::string_view argument, std::string_view name, uint64_t& value) {
  if (!argument.starts_with(name)) return false;
  argument.remove_prefix(name.size());
  return std::from_chars(argument.data(), argument.data() + argument.size(), value).ec == std::errc{};
}

Options read_options(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (read_number(argument, "-seed=", options.seed) || read_number(argument, "-mutations=", options.mutations)) {
      continue;
    }
    if (std::filesystem::is_directory(argument)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(argument)) {
        if (entry.is_regular_file()) options.files.push_back(entry.path());
      }
    } else {
      options.files.emplace_back(argument);
    }
  }
  std::sort(options.files.begin(), options.files.end());
  return options;
}

uint64_t hash_of(const Bytes& bytes) {
  uint64_t hash = 14695981039346656037u;
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 1099511628211u;
  return hash;
}

// One small change: the kinds that break parsers are a flipped bit, a lost, doubled or foreign piece, a cut.
void mutate(Bytes& bytes, std::mt19937_64& random) {
  static constexpr std::string_view kAlien = "\"\\{}[]:,\r\n\0\xff\xc3\xed\xa0\x80u0000 -9";
  const auto below = [&random](size_t limit) { return static_cast<size_t>(random() % limit); };
  if (bytes.empty()) {
    bytes.push_back(static_cast<uint8_t>(random()));
    return;
  }
  const auto at = static_cast<std::ptrdiff_t>(below(bytes.size()));
  const auto length =
      static_cast<std::ptrdiff_t>(1 + below(std::min<size_t>(16, bytes.size() - static_cast<size_t>(at))));
  const auto position = bytes.begin() + at;
  switch (below(5)) {
    case 0: *position ^= static_cast<uint8_t>(1u << below(8)); break;
    case 1: bytes.erase(position, position + length); break;
    case 2: {
      const Bytes piece(position, position + length);
      bytes.insert(position, piece.begin(), piece.end());
      break;
    }
    case 3: bytes.insert(position, static_cast<uint8_t>(kAlien[below(kAlien.size())])); break;
    default: bytes.resize(static_cast<size_t>(at)); break;
  }
}

void run(const Bytes& bytes) {
  // A copy of exactly this size: a read past the end then meets the sanitizer, not spare capacity.
  const Bytes exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

}  // namespace

int main(int count, char** arguments) {
  const Options options = read_options(count, arguments);
  std::printf("seed %llu, %zu inputs, %llu mutations each\n", static_cast<unsigned long long>(options.seed),
              options.files.size(), static_cast<unsigned long long>(options.mutations));
  if (options.files.empty()) {
    std::fputs("no input: the corpus is missing or empty\n", stderr);
    return 1;
  }
  for (const auto& path : options.files) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
      return 1;
    }
    const Bytes original{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);
    run(original);
    std::mt19937_64 random(options.seed ^ hash_of(original));
    for (uint64_t i = 0; i < options.mutations; ++i) {
      Bytes changed = original;
      const uint64_t changes = 1 + random() % 4;
      for (uint64_t change = 0; change < changes; ++change) mutate(changed, random);
      run(changed);
    }
  }
  return 0;
}
