// TemporaryFile: a file that is there for one test.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace sleipnir::test {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content = "") {
    char path[] = "/tmp/sleipnir-test-XXXXXX";
    close(mkstemp(path));
    path_ = path;
    write(content);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { unlink(path_.c_str()); }

  void write(std::string_view content) {
    FILE* const file = fopen(path_.c_str(), "w");
    fwrite(content.data(), 1, content.size(), file);
    fclose(file);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace sleipnir::test
