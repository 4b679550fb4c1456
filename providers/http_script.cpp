#include "providers/http_script.hpp"

#include "messages/check.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace penstock {

namespace {

std::string model_of(const http_request& request) {
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  if (body.is_object())
    if (const auto model = body.find("model");
        model != body.end() && model->is_string())
      return model->get<std::string>();
  return {};
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

bool matches(const request_match& match, const http_request& request) {
  return contains(request.url, match.url_contains)
         && contains(request.body, match.body_contains)
         && (match.model_contains.empty()
             || contains(request.url, match.model_contains)
             || contains(model_of(request), match.model_contains))
         && (!match.where || match.where(request));
}

http_answer no_rule_answer() {
  http_answer answer;
  answer.status = 400;
  answer.headers = {{"content-type", "application/json"}};
  answer.body = {{R"({"error":{"type":"invalid_request_error",)"
                  R"("message":"no rule of the script answers this request"}})",
                  {},
                  1}};
  return answer;
}

} // namespace

http_script::http_script(http_answer always) {
  on({}, std::move(always));
}

http_script& http_script::on(request_match match, http_answer answer) {
  return on(std::move(match),
            [answer = std::move(answer)](auto&, auto) { return answer; });
}

http_script& http_script::on(request_match match, answer_maker make) {
  PENSTOCK_CHECK(make);
  rules_.push_back({std::move(match), std::move(make), 0});
  return *this;
}

http_script& http_script::in_turn(std::vector<http_answer> answers) {
  PENSTOCK_CHECK(!answers.empty());
  return on({}, [answers = std::move(answers)](auto&, std::size_t number) {
    return answers[std::min(number, answers.size() - 1)];
  });
}

http_answer http_script::answer(const http_request& request) {
  for (auto& r : rules_) {
    if (!matches(r.match, request))
      continue;
    const auto seen = r.seen++;
    if (seen >= r.match.skip && seen - r.match.skip < r.match.times)
      return r.make(request, seen - r.match.skip);
  }
  return no_rule_answer();
}

std::vector<body_piece> cut_evenly(std::string_view body, std::size_t bytes,
                                   std::chrono::milliseconds between) {
  PENSTOCK_CHECK(bytes > 0);
  std::vector<body_piece> pieces;
  for (std::size_t at = 0; at < body.size(); at += bytes)
    pieces.push_back({std::string{body.substr(at, bytes)}, between, 1});
  return pieces;
}

std::vector<body_piece> cut_at(std::string_view body,
                               const std::vector<std::size_t>& offsets) {
  PENSTOCK_CHECK(std::is_sorted(offsets.begin(), offsets.end()));
  std::vector<body_piece> pieces;
  std::size_t begin = 0;
  const auto cut = [&](std::size_t end) {
    if (end > begin)
      pieces.push_back({std::string{body.substr(begin, end - begin)}, {}, 1});
    begin = end;
  };
  for (const auto offset : offsets)
    cut(std::min(offset, body.size()));
  cut(body.size());
  return pieces;
}

} // namespace penstock
