// S3Location: where objects are put, as "s3://bucket/prefix" says it; and what S3 says when it takes none. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/text_store.h"

namespace sleipnir {

struct S3Location {
  std::string_view bucket;
  std::string_view prefix;  // without slashes at its ends; may be empty
};

// Nothing if it is none: no s3://, no name that a bucket may have, or a prefix of more than 512 bytes (a key has 1,024
// at most). Views into it.
std::optional<S3Location> parse_s3_location(std::string_view text);

// "/a/b%20c/d/" of "a", "b c" and "d": each encoded once, empty ones left out.
BorrowedText s3_path(std::string_view first, std::string_view second, std::string_view third, TextStore& texts);

// What went wrong by an answer that is not 200: "AccessDenied: Access Denied".
BorrowedText s3_failure(int status, std::string_view answer, TextStore& texts);

}  // namespace sleipnir
