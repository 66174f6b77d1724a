// TemporaryDirectory: a directory that is there for one test, with all that is put into it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace sleipnir::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char path[] = "/tmp/sleipnir-test-XXXXXX";
    path_ = mkdtemp(path);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace sleipnir::test
