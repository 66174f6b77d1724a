#include "net/basic_auth.h"

#include <catch2/catch_test_macros.hpp>

namespace sleipnir {

TEST_CASE("base64_gives_the_vectors_of_rfc_4648") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foob") == "Zm9vYg==");
  CHECK(base64("fooba") == "Zm9vYmE=");
  CHECK(base64("foobar") == "Zm9vYmFy");
}

TEST_CASE("base64_takes_every_byte") {
  CHECK(base64({"\x00\xff\xfe\x80", 4}) == "AP/+gA==");
}

TEST_CASE("basic_authorization_gives_the_example_of_rfc_7617") {
  CHECK(basic_authorization("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(basic_authorization("test", "123\xc2\xa3") == "Basic dGVzdDoxMjPCow==");
}

TEST_CASE("basic_authorization_takes_an_empty_password") {
  CHECK(basic_authorization("u", "") == "Basic dTo=");
}

}  // namespace sleipnir
