// Goal: scripts are played without a network, each model's answers in turn, and
// every other request goes to the network untouched.
// Method: the client on a virtual clock, beside a network that is a script too.
#define BOOST_TEST_MODULE scripted_endpoints
#include <boost/test/unit_test.hpp>

#include "providers/model_catalog.hpp"
#include "providers/scripted_answers.hpp"
#include "providers/scripted_endpoints.hpp"
#include "providers/scripted_http_client.hpp"
#include "tests/support/recording_listener.hpp"
#include "tests/support/virtual_clock.hpp"

#include <set>

using namespace penstock;
using namespace std::chrono_literals;
using testing::recording_listener;
using testing::virtual_clock;

namespace {

http_answer says(const std::string& text,
                 std::chrono::milliseconds first = {}) {
  answer_pace pace;
  pace.first = first;
  return openai_chat_answer(scripted_turn{}.text(text), pace);
}

provider_config scripted(model_script script) {
  provider_config config;
  config.api = "scripted";
  config.script = std::move(script);
  return config;
}

http_request to(std::string url, std::string body = {}) {
  http_request request;
  request.url = std::move(url);
  request.body = std::move(body);
  return request;
}

struct fixture {
  std::map<std::string, provider_config> providers{
    {"one", scripted({{"a", {says("1"), says("2")}}, {"b", {says("3")}}})},
    {"one/../two ü", scripted({{"a", {says("4", 50ms)}}})},
  };
  model_catalog models{providers};
  virtual_clock time;
  std::shared_ptr<scripted_http_client> network =
    std::make_shared<scripted_http_client>(time, http_script{says("net")});
  std::unique_ptr<http_client> client =
    make_scripted_endpoints(models.scripts(), time, network);
  std::set<transfer_id> ids;

  std::shared_ptr<recording_listener> send(const http_request& request) {
    auto listener = std::make_shared<recording_listener>();
    last = client->start(request, listener);
    BOOST_TEST(ids.insert(last).second); // Never used twice.
    BOOST_TEST((last != transfer_id{}));
    return listener;
  }
  // As an attempt asks: by the catalogue and the codec.
  http_request request_to(const std::string& name) {
    const auto model = models.resolve(name);
    BOOST_REQUIRE_MESSAGE(model.has_value(),
                          (model ? "" : model.error().message));
    prompt what;
    what.messages = {user_text("hi")};
    auto request = model->codec->encode(model->at, model->wire_name, what);
    BOOST_REQUIRE(request.has_value());
    return request->http;
  }
  // The text that an attempt would read.
  std::string ask(const std::string& name) {
    const auto listener = send(request_to(name));
    time.advance(1s);
    BOOST_REQUIRE(listener->copy().ended.has_value());
    const auto decoder =
      models.resolve(name)->codec->make_decoder(name.substr(0, 3));
    part_batch parts;
    decoder->push(listener->copy().body, parts);
    decoder->end(parts);
    BOOST_TEST(decoder->finished());
    std::string text;
    for (const auto& part : parts.parts())
      if (const auto* t = std::get_if<part::text>(&part))
        text += t->bytes;
    return text;
  }

  transfer_id last{};
};

} // namespace

BOOST_FIXTURE_TEST_CASE(each_model_answers_in_turn_and_the_last_one_for_ever,
                        fixture) {
  BOOST_TEST(ask("one:a") == "1");
  BOOST_TEST(ask("one:b") == "3");
  BOOST_TEST(ask("one:a") == "2");
  BOOST_TEST(ask("one:a") == "2");
  BOOST_TEST(ask("one/../two ü:a") == "4");
  BOOST_TEST(network->records().empty());
}

BOOST_FIXTURE_TEST_CASE(what_is_for_no_script_goes_to_the_network, fixture) {
  const auto listener =
    send(to("https://api.example/v1/chat/completions", "x"));
  time.advance(1s);
  BOOST_TEST(listener->copy().body
             == says("net").body[0].bytes + says("net").body[1].bytes
                  + says("net").body[2].bytes + says("net").body[3].bytes);
  BOOST_REQUIRE(network->records().size() == 1u);
  BOOST_TEST(network->records()[0].request.body == "x");
}

BOOST_FIXTURE_TEST_CASE(a_script_that_is_not_there_never_reaches_the_network,
                        fixture) {
  const auto listener = send(to("https://scripted.invalid/three/x"));
  time.advance(1s);
  BOOST_TEST(listener->copy().head->status == 400);
  auto request = request_to("one:a");
  request.body = R"({"model":"c"})";
  const auto missing = send(request);
  time.advance(1s);
  BOOST_TEST(missing->copy().head->status == 404);
  BOOST_TEST(network->records().empty());
}

BOOST_FIXTURE_TEST_CASE(delays_run_on_the_clock, fixture) {
  const auto listener = send(request_to("one/../two ü:a"));
  time.advance(49ms);
  BOOST_TEST(listener->copy().head->status == 200);
  BOOST_TEST(listener->copy().body == "");
  time.advance(1ms);
  BOOST_TEST(listener->copy().body != "");
}

BOOST_FIXTURE_TEST_CASE(a_cancel_and_a_resume_find_their_transfer, fixture) {
  // The same number on either side: only its own transfer may end.
  const auto scripted = send(request_to("one/../two ü:a"));
  const auto script_id = last;
  const auto listener = std::make_shared<recording_listener>(
    [](const testing::heard& h) { return h.pieces == 1; });
  const auto network_id = client->start(to("https://api.example/x"), listener);
  time.advance(10ms);
  BOOST_TEST(listener->copy().pieces == 1u);
  client->resume(script_id); // Not paused: no effect.
  client->cancel(script_id);
  time.advance(10ms);
  BOOST_TEST((scripted->copy().ended->code == errc::aborted));
  BOOST_TEST(!listener->copy().ended);
  client->resume(network_id);
  time.advance(1s);
  BOOST_TEST((listener->copy().ended->code == errc::none));
}

BOOST_AUTO_TEST_CASE(a_model_without_an_answer_is_not_found) {
  const model_catalog models{
    {{"one", scripted({{"a", {says("1")}}, {"empty", {}}})},
     {"none", scripted({})}}};
  for (const auto& [name, why] :
       {std::pair{"one:b", "has no model \"b\"; there are a, empty"},
        {"one:empty", "has no model \"empty\""},
        {"none:a", "provider \"none\": the script has no model \"a\"; it is "
                   "empty"}}) {
    const auto got = models.resolve(name);
    BOOST_REQUIRE(!got);
    BOOST_TEST(to_string(got.error().code) == "model_not_found");
    BOOST_TEST(got.error().message.find(why) != std::string::npos,
               got.error().message);
  }
}

BOOST_AUTO_TEST_CASE(a_script_and_an_address_exclude_each_other) {
  auto with_url = scripted({{"a", {says("1")}}});
  with_url.base_url = "https://x.example";
  auto other_api = with_url;
  other_api.api = "openai-chat";
  const model_catalog models{{{"url", with_url}, {"api", other_api}}};
  for (const auto& [name, why] :
       {std::pair{"url:a", "has no base_url"},
        {"api:a", "only the API \"scripted\" plays"}}) {
    const auto got = models.resolve(name);
    BOOST_REQUIRE(!got);
    BOOST_TEST(to_string(got.error().code) == "invalid_request");
    BOOST_TEST(got.error().message.find(why) != std::string::npos,
               got.error().message);
  }
}

BOOST_AUTO_TEST_CASE(there_is_a_script_without_any_configuration) {
  const model_catalog models;
  const auto hello = models.resolve("scripted:hello");
  BOOST_REQUIRE(hello.has_value());
  BOOST_TEST(hello->at.api == "scripted");
  BOOST_TEST(hello->at.key.empty());
  BOOST_TEST(models.scripts().size() == 1u);
  // A configuration that gives it another script takes this one away, and one
  // that gives it another API plays none.
  const model_catalog other{{{"scripted", scripted({{"a", {says("1")}}})}}};
  BOOST_TEST(!other.resolve("scripted:hello"));
  BOOST_TEST(other.resolve("scripted:a").has_value());
  provider_config elsewhere;
  elsewhere.api = "openai-chat";
  elsewhere.base_url = "http://127.0.0.1:9/v1";
  const model_catalog real{{{"scripted", elsewhere}}};
  BOOST_TEST(real.resolve("scripted:hello").has_value());
  BOOST_TEST(real.scripts().empty());
}
