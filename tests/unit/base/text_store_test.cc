// TextStore, what borrows from it, and the lists of such.
#include "base/text_store.h"

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "base/fixed_list.h"
#include "base/kept_json.h"

namespace sleipnir {

TEST_CASE("a_borrowed_text_is_a_view_and_a_c_string") {
  const BorrowedText none;
  CHECK(none.empty());
  CHECK(strlen(none.c_str()) == 0);
  const BorrowedText text = "loki";
  CHECK(text == "loki");
  CHECK(strlen(text.c_str()) == text.size());
  const std::string owner = "owner";
  CHECK(BorrowedText(owner).data() == owner.data());
}

TEST_CASE("a_borrowed_text_is_not_of_a_string_that_is_about_to_go") {
  CHECK(std::is_convertible_v<std::string&, BorrowedText>);
  CHECK_FALSE(std::is_constructible_v<BorrowedText, std::string>);
  CHECK_FALSE(std::is_constructible_v<BorrowedText, std::string_view>);
}

TEST_CASE("a_text_store_joins_pieces_and_puts_a_nul_behind") {
  TextStore texts;
  CHECK(texts.keep({}).empty());
  CHECK(*texts.keep({}).c_str() == '\0');
  const BorrowedText text = texts.keep({"a", "", "bc", std::string_view("d\0e", 3)});
  CHECK(text == std::string_view("abcd\0e", 6));
  CHECK(text.c_str()[6] == '\0');
  CHECK(texts.keep({text, "!", text}) == std::string_view("abcd\0e!abcd\0e", 13));
}

TEST_CASE("a_text_store_keeps_its_texts_where_they_are_until_it_goes") {
  TextStore texts;
  std::vector<BorrowedText> kept;
  std::vector<std::string> expected;
  for (size_t bytes = 0; bytes < 200; bytes++) {
    expected.push_back(std::string(bytes, static_cast<char>('a' + bytes % 26)));
    kept.push_back(texts.keep({expected.back()}));
  }
  TextStore moved = std::move(texts);
  TextStore assigned;
  assigned.keep({"gone with the next one"});
  assigned = std::move(moved);
  for (size_t i = 0; i < kept.size(); i++) CHECK(kept[i] == expected[i]);
}

TEST_CASE("a_text_store_has_room_for_a_text_to_be_written") {
  TextStore texts;
  char* const begin = texts.room(5);
  memcpy(begin, "hello", 5);
  const BorrowedText text = TextStore::close(begin, begin + 5);
  CHECK(text == "hello");
  CHECK(strlen(text.c_str()) == 5);
}

TEST_CASE("a_text_store_lowers_ascii_and_makes_one_line_of_a_text") {
  TextStore texts;
  CHECK(texts.lowered("Loki.EXAMPLE_\xc3\x84") == "loki.example_\xc3\x84");
  CHECK(texts.one_line("not\r\nyou\t\x1f!") == "not  you  !");
}

TEST_CASE("kept_json_decodes_and_escapes_texts_of_any_length") {
  TextStore texts;
  CHECK(decoded_json(R"(a\"b\\\u00e4\ud83d\ude00)", texts) == "a\"b\\\xc3\xa4\xf0\x9f\x98\x80");
  CHECK(decoded_json("", texts).empty());
  CHECK(escaped_json("a\"b\\\n", texts) == R"(a\"b\\\n)");
  const std::string controls(3000, '\x01');
  const BorrowedText escaped = escaped_json(controls, texts);
  CHECK(escaped.size() == 6 * controls.size());
  CHECK(strlen(escaped.c_str()) == escaped.size());
  CHECK(decoded_json(escaped, texts) == controls);
}

TEST_CASE("a_fixed_list_takes_so_many_and_no_more") {
  FixedList<int, 3> list;
  CHECK(list.empty());
  for (const int value : {7, 8, 9}) CHECK(list.add(value));
  CHECK_FALSE(list.add(10));
  CHECK(std::vector<int>(list.begin(), list.end()) == std::vector<int>{7, 8, 9});
  list.cut(1);
  CHECK(list.size() == 1);
  CHECK(list[0] == 7);
  CHECK(std::is_trivially_copyable_v<FixedList<BorrowedText, 4>>);
}

}  // namespace sleipnir
