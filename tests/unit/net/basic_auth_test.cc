#include "net/basic_auth.h"

#include <catch2/catch_test_macros.hpp>

#include "support/texts.h"
namespace sleipnir {

TEST_CASE("base64_gives_the_vectors_of_rfc_4648") {
  CHECK(base64("", test::texts()) == "");
  CHECK(base64("f", test::texts()) == "Zg==");
  CHECK(base64("fo", test::texts()) == "Zm8=");
  CHECK(base64("foo", test::texts()) == "Zm9v");
  CHECK(base64("foob", test::texts()) == "Zm9vYg==");
  CHECK(base64("fooba", test::texts()) == "Zm9vYmE=");
  CHECK(base64("foobar", test::texts()) == "Zm9vYmFy");
}

TEST_CASE("base64_takes_every_byte") {
  CHECK(base64({"\x00\xff\xfe\x80", 4}, test::texts()) == "AP/+gA==");
}

TEST_CASE("basic_authorization_gives_the_example_of_rfc_7617") {
  CHECK(basic_authorization("Aladdin", "open sesame", test::texts()) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(basic_authorization("test", "123\xc2\xa3", test::texts()) == "Basic dGVzdDoxMjPCow==");
}

TEST_CASE("basic_authorization_takes_an_empty_password") {
  CHECK(basic_authorization("u", "", test::texts()) == "Basic dTo=");
}

}  // namespace sleipnir
