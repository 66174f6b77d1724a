#include "net/trust_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "net/pem.h"

namespace sleipnir {

namespace {

// Also the longest certificate we take, in PEM: real ones have 1 to 3 KiB.
constexpr size_t kWindowBytes = 16 * 1024;
// The subject must end within so much PEM after the BEGIN marker; it usually does within 500 bytes.
constexpr size_t kSubjectTextBytes = 4 * 1024;
// Tried first: decoding less is the point of it all.
constexpr size_t kSubjectDerFirst = 384;
constexpr size_t kSubjectDerMax = kSubjectTextBytes / 4 * 3;

// A file or a text, read at any place.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  explicit Reader(const char* path) : fd_(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (fd_ < 0) os_error_ = errno;
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    if (fd_ >= 0) close(fd_);
  }

  // Fills `out` from `offset` on; less means that the end is reached, or an error.
  size_t read_at(size_t offset, std::span<char> out) {
    if (fd_ < 0) {
      if (offset >= text_.size()) return 0;
      const std::string_view part = text_.substr(offset, out.size());
      memcpy(out.data(), part.data(), part.size());
      return part.size();
    }
    size_t filled = 0;
    while (filled < out.size()) {
      const ssize_t got = pread(fd_, out.data() + filled, out.size() - filled, static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) os_error_ = errno;
      if (got <= 0) break;
      filled += static_cast<size_t>(got);
    }
    return filled;
  }

  int os_error() const { return os_error_; }

 private:
  std::string_view text_;
  int fd_ = -1;
  int os_error_ = 0;
};

// FNV-1a: the names are some 100 bytes, no attacker writes the bundle, and a match is compared in full.
uint32_t hash(Bytes bytes) {
  uint32_t value = 2166136261U;
  for (const unsigned char byte : bytes) value = (value ^ byte) * 16777619U;
  return value;
}

bool equal(Bytes a, Bytes b) {
  return a.size() == b.size() && (a.empty() || memcmp(a.data(), b.data(), a.size()) == 0);
}

// `text` begins after a BEGIN marker. The subject's bytes lie in `scratch`; empty when it cannot be read.
Bytes subject_of(std::string_view text, std::array<unsigned char, kSubjectDerMax>& scratch) {
  for (const size_t bytes_max : {kSubjectDerFirst, kSubjectDerMax}) {
    const size_t decoded = decode_base64(text, std::span(scratch).first(bytes_max));
    const Bytes subject = certificate_subject(Bytes(scratch).first(decoded));
    if (!subject.empty() || decoded < bytes_max) return subject;
  }
  return {};
}

}  // namespace

Status TrustStore::judge(const char* what, const Pass& pass, Source source) {
  if (pass.good != 0) return Done{};
  drop(source);
  if (pass.os_error != 0) return Error::from_os(pass.os_error, "%s cannot be read", what);
  if (pass.unreadable != 0) return Error::make("%s: the certificate in it is damaged", what);
  return Error::make("%s: no certificate in it (PEM is wanted: -----BEGIN CERTIFICATE-----)", what);
}

Status TrustStore::add_file(std::string_view path) {
  CHECK(file_.empty());
  file_ = path;
  const Pass pass = index_source(Source::kFile);
  Status status = judge(file_.c_str(), pass, Source::kFile);
  if (!status) file_.clear();
  return status;
}

Status TrustStore::add_text(std::string_view pem) {
  CHECK(text_.empty());
  text_ = pem;
  const Pass pass = index_source(Source::kText);
  Status status = judge("the CA text", pass, Source::kText);
  if (!status) text_.clear();
  return status;
}

TrustStore::Pass TrustStore::index_source(Source source) {
  drop(source);
  Reader reader = source == Source::kText ? Reader(std::string_view(text_))
                                          : Reader(source == Source::kFile ? file_.c_str() : system_bundle_);
  Pass pass;
  std::array<char, kWindowBytes> window;
  std::array<unsigned char, kSubjectDerMax> scratch;
  size_t window_offset = 0;
  // Each round moves the window on by at least one byte less than a marker, or ends.
  while (window_offset < kBundleBytesMax) {
    const size_t filled = reader.read_at(window_offset, window);
    const bool at_end = filled < window.size();
    const std::string_view text(window.data(), filled);
    size_t next_window = filled < kPemCertificate.size() ? filled : filled - (kPemCertificate.size() - 1);
    size_t from = 0;
    for (;;) {
      const size_t found = find_pem_certificate(text, from);
      if (found == std::string_view::npos) break;
      from = found + kPemCertificate.size();
      if (!at_end && filled - from < kSubjectTextBytes) {
        // Its subject may lie beyond the window: begin the next one with it.
        next_window = found;
        break;
      }
      const Bytes subject = subject_of(text.substr(from, kSubjectTextBytes), scratch);
      if (subject.empty()) {
        pass.unreadable++;
        continue;
      }
      pass.good++;
      if (count_ == kRootsMax) {
        beyond_++;
        continue;
      }
      entries_[count_++] = Entry{
          .subject_hash = hash(subject),
          .place = (static_cast<uint32_t>(source) << kOffsetBits) | static_cast<uint32_t>(window_offset + found),
      };
    }
    if (at_end) break;
    window_offset += next_window;
  }
  pass.os_error = reader.os_error();
  return pass;
}

void TrustStore::drop(Source source) {
  const auto belongs = [source](const Entry& entry) {
    return entry.place >> kOffsetBits == static_cast<uint32_t>(source);
  };
  Entry* const end = std::remove_if(entries_.data(), entries_.data() + count_, belongs);
  count_ = static_cast<size_t>(end - entries_.data());
}

void TrustStore::index_system() {
  system_indexed_ = true;
  beyond_ = 0;
  drop(Source::kSystem);
  for (const char* bundle : bundles_) {
    if (bundle == nullptr) continue;
    system_bundle_ = bundle;
    if (index_source(Source::kSystem).good != 0) return;
  }
  system_bundle_ = nullptr;
}

const char* TrustStore::system_bundle() {
  if (!system_indexed_) index_system();
  return system_bundle_;
}

size_t TrustStore::find(Bytes subject, Take take, void* context) {
  if (!system_indexed_) index_system();
  bool changed = false;
  const size_t found = find_indexed(subject, take, context, changed);
  if (found != 0 || !changed) return found;
  // A file is not what it was when it was indexed (a bundle was updated): once more from the start.
  if (!file_.empty()) index_source(Source::kFile);
  index_system();
  return find_indexed(subject, take, context, changed);
}

size_t TrustStore::find_indexed(Bytes subject, Take take, void* context, bool& changed) {
  const uint32_t wanted = hash(subject);
  std::array<char, kWindowBytes> window;
  size_t found = 0;
  for (size_t i = 0; i < count_; i++) {
    if (entries_[i].subject_hash != wanted) continue;
    const auto source = static_cast<Source>(entries_[i].place >> kOffsetBits);
    const size_t offset = entries_[i].place & ((1U << kOffsetBits) - 1);
    Reader reader = source == Source::kText ? Reader(std::string_view(text_))
                                            : Reader(source == Source::kFile ? file_.c_str() : system_bundle_);
    const std::string_view text(window.data(), reader.read_at(offset, window));
    if (!text.starts_with(kPemCertificate)) {
      changed = true;
      continue;
    }
    // In place: three bytes come out of four.
    auto* const der = reinterpret_cast<unsigned char*>(window.data());
    const size_t decoded = decode_base64(text.substr(kPemCertificate.size()), {der, window.size()});
    const size_t certificate_bytes = der_element_bytes({der, decoded});
    const Bytes certificate(der, std::min(certificate_bytes, decoded));
    if (!equal(certificate_subject(certificate), subject)) {
      changed = true;
      continue;
    }
    if (certificate_bytes > decoded) continue;  // cut short
    found++;
    if (!take(context, certificate)) break;
  }
  return found;
}

}  // namespace sleipnir
