#include "net/der.h"

#include <catch2/catch_test_macros.hpp>
#include <vector>

namespace sleipnir {

namespace {

using Buffer = std::vector<unsigned char>;

Buffer element(unsigned char tag, const Buffer& content) {
  Buffer out = {tag};
  if (content.size() < 0x80) {
    out.push_back(static_cast<unsigned char>(content.size()));
  } else {
    out.push_back(0x82);
    out.push_back(static_cast<unsigned char>(content.size() >> 8));
    out.push_back(static_cast<unsigned char>(content.size()));
  }
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Buffer joined(std::initializer_list<Buffer> parts) {
  Buffer out;
  for (const Buffer& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

const Buffer kSubject = element(0x30, Buffer(200, 0x31));

Buffer certificate(bool with_version) {
  const Buffer fields =
      joined({with_version ? element(0xa0, {2, 1, 2}) : Buffer{}, element(2, {7}), element(0x30, Buffer(70, 1)),
              element(0x30, Buffer(300, 2)), element(0x30, Buffer(30, 3)), kSubject, element(0x30, Buffer(500, 4))});
  return element(0x30, element(0x30, fields));
}

Buffer subject_of(const Buffer& bytes) {
  const Bytes subject = certificate_subject(bytes);
  return {subject.begin(), subject.end()};
}

}  // namespace

TEST_CASE("der_finds_the_subject_with_and_without_a_version_field") {
  CHECK(subject_of(certificate(true)) == kSubject);
  CHECK(subject_of(certificate(false)) == kSubject);
}

TEST_CASE("der_needs_no_byte_behind_the_subject_and_every_byte_before_its_end") {
  const Buffer whole = certificate(true);
  const Bytes subject = certificate_subject(whole);
  const size_t end = static_cast<size_t>(subject.data() - whole.data()) + subject.size();
  for (size_t bytes = 0; bytes <= whole.size(); bytes++) {
    INFO("bytes " << bytes);
    // A copy, so that a sanitizer sees a read past the end.
    const Buffer part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(bytes));
    CHECK(certificate_subject(part).empty() == (bytes < end));
  }
}

TEST_CASE("der_refuses_lengths_that_lie") {
  CHECK(der_element_bytes(Buffer{}) == 0);
  CHECK(der_element_bytes(Buffer{0x30}) == 0);
  CHECK(der_element_bytes(Buffer{0x30, 0x80}) == 0);              // indefinite
  CHECK(der_element_bytes(Buffer{0x30, 0x84, 1, 1, 1, 1}) == 0);  // 16 MiB and more
  CHECK(der_element_bytes(Buffer{0x30, 0x82, 1}) == 0);
  CHECK(der_element_bytes(Buffer{0x30, 0x82, 1, 2}) == 4 + 258);
  CHECK(certificate_subject(Buffer{0x30, 0x83, 0xff, 0xff, 0xff, 0x30, 0x83, 0xff, 0xff, 0xff, 2, 1}).empty());
}

TEST_CASE("der_keeps_inner_elements_within_the_outer_one") {
  // The inner sequence says it is longer than the certificate it stands in.
  Buffer bytes = certificate(true);
  bytes[1 + 3] = 0x30;
  bytes[3] = 8;  // the certificate's own length: now 8 and a bit
  bytes[2] = 0;
  CHECK(certificate_subject(bytes).empty());
}

}  // namespace sleipnir
