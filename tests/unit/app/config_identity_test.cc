// As whom pushes are sent: every rule of authorization, their order, tenants, headers, and what is refused.
// The base64 texts are written by hand, not made by the code under test.
#include "app/config_identity.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "base/limits.h"
#include "support/environment.h"
#include "support/texts.h"

namespace sleipnir {

using test::has_error;
using test::has_warning;
using test::load_with;
using test::problem_texts;
using test::TestEnvironment;

namespace {

constexpr const char* kBasicMePw = "Basic bWU6cHc=";         // me:pw
constexpr const char* kBasicMeKey = "Basic bWU6a2V5";        // me:key
constexpr const char* kBasicUrl = "Basic dXJsOnNlY3JldA==";  // url:secret

Config load_url_user(std::vector<std::string> entries) {
  entries.push_back("LOKI_URL=https://url:secret@loki.example.com");
  return TestEnvironment(std::move(entries)).load();
}

}  // namespace

TEST_CASE("each_kind_of_credential_alone_gives_its_authorization") {
  struct Case {
    std::vector<std::string> entries;
    const char* authorization;
  };
  const Case c = GENERATE(
      Case{{}, ""}, Case{{R"(LOKI_HEADERS={"Authorization":"Custom x"})"}, "Custom x"},
      Case{{R"(LOKI_HEADERS={"authorization":"Custom x"})"}, "Custom x"}, Case{{"LOKI_AUTH_TOKEN=tok"}, "Bearer tok"},
      Case{{"LOKI_BEARER_TOKEN=tok"}, "Bearer tok"}, Case{{"LOKI_AUTH_TOKEN=Bearer tok"}, "Bearer tok"},
      Case{{"LOKI_AUTH_TOKEN=Basic bWU6cHc="}, kBasicMePw}, Case{{"LOKI_BEARER_TOKEN=bearer tok"}, "bearer tok"},
      Case{{"LOKI_AUTH_TOKEN=Bearertok"}, "Bearer Bearertok"}, Case{{"LOKI_USER=me", "LOKI_API_KEY=key"}, kBasicMeKey},
      Case{{"LOKI_API_KEY=key"}, "Bearer key"}, Case{{"LOKI_API_KEY=Bearer key"}, "Bearer key"},
      Case{{"LOKI_USERNAME=me", "LOKI_PASSWORD=pw"}, kBasicMePw},
      Case{{"LOKI_USER=me", "LOKI_PASSWORD=pw"}, kBasicMePw},
      Case{{"LOKI_USERNAME=me", "LOKI_PASSWORD=p:w"}, "Basic bWU6cDp3"});
  const Config config = load_with(c.entries);
  CAPTURE(c.entries, problem_texts(config));
  CHECK(config.authorization == c.authorization);
  CHECK(config.problems.empty());
  CHECK(config.headers.empty());
}

TEST_CASE("user_info_of_the_url_is_basic_authorization") {
  const Config config = load_url_user({});
  CHECK(config.authorization == kBasicUrl);
  CHECK(config.endpoint->url(test::texts()) == "https://loki.example.com/loki/api/v1/push");
  CHECK(problem_texts(config) == "");
}

TEST_CASE("an_earlier_rule_wins_and_what_is_left_over_is_named") {
  struct Case {
    std::vector<std::string> entries;
    const char* authorization;
    const char* from;
    std::vector<std::string_view> unused;
  };
  const std::string headers = R"(LOKI_HEADERS={"Authorization":"Custom x"})";
  const Case c = GENERATE_COPY(
      Case{{headers, "LOKI_AUTH_TOKEN=tok"}, "Custom x", "LOKI_HEADERS;", {"LOKI_AUTH_TOKEN is"}},
      Case{{headers, "LOKI_USERNAME=me", "LOKI_PASSWORD=pw"},
           "Custom x",
           "LOKI_HEADERS;",
           {"LOKI_USERNAME and LOKI_PASSWORD are"}},
      Case{{"LOKI_BEARER_TOKEN=tok", "LOKI_USER=me", "LOKI_API_KEY=key"},
           "Bearer tok",
           "LOKI_BEARER_TOKEN;",
           {"LOKI_USER and LOKI_API_KEY are"}},
      Case{{"LOKI_AUTH_TOKEN=tok", "LOKI_API_KEY=key"}, "Bearer tok", "LOKI_AUTH_TOKEN;", {"LOKI_API_KEY is"}},
      Case{{"LOKI_USER=me", "LOKI_API_KEY=key", "LOKI_PASSWORD=pw"},
           kBasicMeKey,
           "LOKI_USER and LOKI_API_KEY;",
           {"LOKI_PASSWORD is"}},
      Case{{"LOKI_API_KEY=key", "LOKI_USERNAME=me", "LOKI_PASSWORD=pw"},
           "Bearer key",
           "LOKI_API_KEY;",
           {"LOKI_USERNAME and LOKI_PASSWORD are"}},
      Case{{"LOKI_API_KEY=key", "LOKI_USERNAME=me"}, "Bearer key", "LOKI_API_KEY;", {"LOKI_USERNAME is"}});
  const Config config = load_with(c.entries);
  CAPTURE(c.entries, problem_texts(config));
  CHECK(config.authorization == c.authorization);
  CHECK(config.problems.size() == 1);
  std::vector<std::string_view> words = {"authorization comes from", c.from, "not used"};
  words.insert(words.end(), c.unused.begin(), c.unused.end());
  CHECK(has_warning(config, words));
}

TEST_CASE("every_variable_comes_before_the_user_info_of_the_url") {
  const std::vector<std::string> entries =
      GENERATE(std::vector<std::string>{"LOKI_AUTH_TOKEN=x"}, std::vector<std::string>{"LOKI_API_KEY=x"},
               std::vector<std::string>{"LOKI_USERNAME=x", "LOKI_PASSWORD=y"},
               std::vector<std::string>{"LOKI_USER=x", "LOKI_API_KEY=y"},
               std::vector<std::string>{R"(LOKI_HEADERS={"Authorization":"x"})"});
  const Config config = load_url_user(entries);
  CAPTURE(entries);
  CHECK(config.authorization != kBasicUrl);
  CHECK(has_warning(config, {"the user info in the endpoint is not used"}));
}

TEST_CASE("half_of_a_credential_is_named_and_gives_way_to_the_url") {
  const Config user = load_with({"LOKI_USERNAME=me"});
  CHECK(user.authorization.empty());
  CHECK(problem_texts(user) ==
        "warning: LOKI_USERNAME is set without LOKI_PASSWORD or LOKI_API_KEY, so it is not used\n");
  const Config alias = load_with({"LOKI_USER=me"});
  CHECK(has_warning(alias, {"LOKI_USER is set without"}));
  const Config password = load_url_user({"LOKI_PASSWORD=pw"});
  CHECK(password.authorization == kBasicUrl);
  CHECK(has_warning(password, {"LOKI_PASSWORD is set without LOKI_USERNAME"}));
}

TEST_CASE("two_names_of_one_credential_that_disagree_are_named") {
  const Config token = load_with({"LOKI_BEARER_TOKEN=b", "LOKI_AUTH_TOKEN=a"});
  CHECK(token.authorization == "Bearer a");
  CHECK(problem_texts(token) ==
        "warning: LOKI_AUTH_TOKEN and LOKI_BEARER_TOKEN are both set and disagree; LOKI_AUTH_TOKEN "
        "is used, remove the other\n");
  const Config user = load_with({"LOKI_USER=other", "LOKI_USERNAME=me", "LOKI_PASSWORD=pw"});
  CHECK(user.authorization == kBasicMePw);
  CHECK(has_warning(user, {"LOKI_USERNAME and LOKI_USER", "disagree"}));
}

TEST_CASE("credentials_that_could_break_out_of_a_header_are_refused_by_name_and_not_shown") {
  struct Case {
    std::vector<std::string> entries;
    const char* variable;
  };
  const Case c =
      GENERATE(Case{{"LOKI_AUTH_TOKEN=hunter2\n"}, "LOKI_AUTH_TOKEN"},
               Case{{"LOKI_BEARER_TOKEN=a\r\nX: hunter2"}, "LOKI_BEARER_TOKEN"},
               Case{{"LOKI_API_KEY=hunter2\n"}, "LOKI_API_KEY"}, Case{{"LOKI_API_KEY=hunter2\x7f"}, "LOKI_API_KEY"},
               Case{{"LOKI_USERNAME=me", "LOKI_PASSWORD=hunter2\n"}, "LOKI_PASSWORD"},
               Case{{"LOKI_USERNAME=hunter2\t", "LOKI_PASSWORD=pw"}, "LOKI_USERNAME"},
               Case{{"LOKI_USER=hunter2\n", "LOKI_PASSWORD=pw"}, "LOKI_USER"},
               Case{{"LOKI_USERNAME=hunter2:x", "LOKI_PASSWORD=pw"}, "LOKI_USERNAME"},
               Case{{"LOKI_HEADERS={\"Authorization\":\"hunter2\\r\\nX: y\"}"}, "LOKI_HEADERS: Authorization"},
               Case{{"LOKI_HEADERS={\"Authorization\":\"hunter2\\u0000\"}"}, "LOKI_HEADERS: Authorization"});
  const Config config = load_with(c.entries);
  CAPTURE(c.entries, problem_texts(config));
  CHECK(config.authorization.empty());
  CHECK(has_error(config, {c.variable}));
  CHECK(problem_texts(config).find("hunter2") == std::string::npos);
}

TEST_CASE("a_refused_user_is_refused_once") {
  const Config config = load_with({"LOKI_USER=me\n", "LOKI_API_KEY=key"});
  CHECK(config.authorization == "Bearer key");
  CHECK(config.problems.size() == 1);
}

TEST_CASE("headers_are_taken_in_order_without_those_that_are_set_elsewhere") {
  const Config config = load_with({R"(LOKI_HEADERS={"X-Team":"logs","User-Agent":"mine","X-Scope-OrgID":"acme",
"Authorization":"Custom x","X-N":5})"});
  CHECK(config.headers == std::vector<NameValue>{{"X-Team", "logs"}, {"User-Agent", "mine"}, {"X-N", "5"}});
  CHECK(config.tenant_id == "acme");
  CHECK(config.authorization == "Custom x");
  CHECK(problem_texts(config) == "");
}

TEST_CASE("headers_that_cannot_be_sent_are_dropped_by_name_and_the_others_kept") {
  struct Case {
    const char* json;
    const char* says;
  };
  const Case c = GENERATE(
      Case{R"({"X-A":"1","X-B":"a\r\nX-Evil: 1"})", "LOKI_HEADERS: X-B"}, Case{R"({"X-A":"1","X-B":"a\u0000"})", "X-B"},
      Case{R"({"X-A":"1","X-B":"a\nb"})", "X-B"}, Case{R"({"X-A":"1","X B":"a"})", "X B"},
      Case{R"({"X-A":"1","X-B: y\r\nX":"a"})", "X-B: y??X"}, Case{R"({"X-A":"1","":"a"})", "characters"},
      Case{R"({"X-A":"1","X-ä":"a"})", "characters"}, Case{R"({"X-A":"1","X-B":{"c":1}})", "X-B is no text"},
      Case{R"({"X-A":"1","X-B":null})", "X-B is no text"},
      Case{R"({"X-A":"1","content-length":"5"})", "content-length"},
      Case{R"({"X-A":"1","Host":"h"})", "Host is set by Sleipnir itself"},
      Case{R"({"X-A":"1","Transfer-Encoding":"chunked"})", "Transfer-Encoding is set by Sleipnir"});
  const Config config = load_with({std::string("LOKI_HEADERS=") + c.json});
  CAPTURE(c.json, problem_texts(config));
  CHECK(config.headers == std::vector<NameValue>{{"X-A", "1"}});
  CHECK(config.problems.size() == 1);
  CHECK(has_error(config, {"LOKI_HEADERS", c.says}));
}

TEST_CASE("a_header_twice_is_sent_once") {
  const Config config = load_with({R"(LOKI_HEADERS={"X-A":"1","x-a":"2"})"});
  CHECK(config.headers == std::vector<NameValue>{{"X-A", "1"}});
  CHECK(has_warning(config, {"LOKI_HEADERS: x-a", "twice"}));
}

TEST_CASE("headers_that_are_no_json_object_are_named_without_being_shown") {
  const Config config = load_with({"LOKI_HEADERS=Authorization: hunter2"});
  CHECK(config.headers.empty());
  CHECK(config.problems.size() == 1);
  CHECK(has_error(config, {"LOKI_HEADERS is no JSON object", R"({"X-Team":"logs"})"}));
  CHECK(problem_texts(config).find("hunter2") == std::string::npos);
}

TEST_CASE("headers_beyond_the_room_of_a_request_are_dropped_by_name") {
  const std::string large(9 * kKiB, 'x');
  const Config config =
      load_with({R"(LOKI_HEADERS={"X-A":"1","X-B":")" + large + R"(","X-C":")" + large + R"(","X-D":"1"})"});
  REQUIRE(config.headers.size() == 2);
  CHECK(config.headers[1].name == "X-B");
  CHECK(has_error(config, {"LOKI_HEADERS: from X-C on", "16384"}));
  const Config token = load_with({"LOKI_AUTH_TOKEN=" + large + large});
  CHECK(token.authorization.empty());
  CHECK(has_error(token, {"does not fit"}));
}

TEST_CASE("headers_beyond_their_number_are_dropped_by_name") {
  std::string json = "{";
  for (size_t i = 0; i <= kHeadersMax; i++) json += (i == 0 ? "\"X-" : ",\"X-") + std::to_string(i) + "\":\"1\"";
  const Config config = load_with({"LOKI_HEADERS=" + json + "}"});
  CHECK(config.headers.size() == kHeadersMax);
  CHECK(config.problems.size() == 1);
  CHECK(has_error(config, {"LOKI_HEADERS: X-64 is one too many", "64 are possible"}));
}

TEST_CASE("tenants_follow_lokis_rule") {
  const std::string longest(150, 't');
  for (const std::string& tenant : {std::string("acme"), std::string("Team-1_a.b*c'(d)!"), longest}) {
    CAPTURE(tenant);
    const Config config = load_with({"LOKI_TENANT_ID=" + tenant});
    CHECK(config.tenant_id == tenant);
    CHECK(problem_texts(config) == "");
  }
  for (const std::string& tenant : {std::string("a b"), std::string("a|b"), std::string("a/b"), std::string("a\nb"),
                                    std::string("\xc3\xa4"), std::string("."), std::string(".."), longest + "t"}) {
    CAPTURE(tenant);
    const Config config = load_with({"LOKI_TENANT_ID=" + tenant});
    CHECK(config.tenant_id.empty());
    CHECK(config.problems.size() == 1);
    CHECK(has_error(config, {"LOKI_TENANT_ID=", "letters, digits", "150 bytes"}));
  }
}

TEST_CASE("the_tenant_of_the_headers_comes_first") {
  const Config config = load_with({"LOKI_TENANT_ID=a", R"(LOKI_HEADERS={"x-scope-orgid":"b"})"});
  CHECK(config.tenant_id == "b");
  CHECK(has_warning(config, {"LOKI_HEADERS and LOKI_TENANT_ID"}));
  CHECK(problem_texts(load_with({"LOKI_TENANT_ID=a", R"(LOKI_HEADERS={"x-scope-orgid":"a"})"})) == "");
  const Config bad = load_with({R"(LOKI_HEADERS={"X-Scope-OrgID":"a|b"})"});
  CHECK(bad.tenant_id.empty());
  CHECK(has_error(bad, {"LOKI_HEADERS: X-Scope-OrgID=a|b"}));
}

TEST_CASE("credentials_over_plain_http_are_warned_about_except_on_loopback") {
  const Config plain = TestEnvironment({"LOKI_URL=http://loki.example.com", "LOKI_AUTH_TOKEN=t"}).load();
  CHECK(plain.authorization == "Bearer t");
  CHECK(has_warning(plain, {"LOKI_AUTH_TOKEN", "plain http", "loki.example.com", "https://"}));
  const Config url = TestEnvironment({"LOKI_URL=http://me:pw@loki.example.com"}).load();
  CHECK(has_warning(url, {"the user info in the endpoint", "plain http"}));
  for (const char* endpoint : {"LOKI_URL=http://127.0.0.1:3100", "LOKI_URL=http://localhost:3100",
                               "LOKI_URL=http://[::1]:3100", "LOKI_URL=https://loki.example.com"}) {
    CAPTURE(endpoint);
    CHECK(problem_texts(TestEnvironment({endpoint, "LOKI_AUTH_TOKEN=t"}).load()) == "");
  }
  CHECK(problem_texts(TestEnvironment({"LOKI_URL=http://loki.example.com"}).load()) == "");
}

TEST_CASE("an_identity_is_composed_anew_from_a_fetched_secret") {
  Config config = load_with({"LOKI_AUTH_TOKEN=arn:aws:secretsmanager:eu-west-1:1:secret:loki"});
  REQUIRE(config.secrets.size() == 1);
  CHECK(config.secrets[0].reference == "arn:aws:secretsmanager:eu-west-1:1:secret:loki");
  Credentials fetched = config.credentials;
  fetched.token = "tok";
  std::vector<ConfigProblem> list;
  TextStore texts;
  Problems problems(list, texts);
  CHECK(compose_identity(fetched, &*config.endpoint, problems, texts).authorization == "Bearer tok");
  CHECK(list.empty());
}

}  // namespace sleipnir
