#include "bench/support/rival.hpp"

#include <cstdio>
#include <cstdlib>

namespace penstock::bench {

void tally::text(std::size_t index, std::string_view text) {
  add(text_bytes_, text.size());
  digests_[index].add(text);
  if (watching_.load(std::memory_order_relaxed)) {
    auto& s = stamps_[index];
    s.reader.take(text, now_ns(), s.ages_ns);
    if (s.first == 0) {
      s.first = s.reader.last();
      s.first.notify_all();
    }
  }
}

std::vector<std::uint64_t> tally::ages() const {
  std::vector<std::uint64_t> all;
  for (const auto& s : stamps_)
    all.insert(all.end(), s.ages_ns.begin(), s.ages_ns.end());
  return all;
}

std::uint64_t tally::hash() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& d : digests_)
    sum += d.value();
  return sum;
}

std::string request_body(const std::string& shape) {
  return R"({"model":")" + shape
         + R"(","messages":[{"role":"user","content":"Go on."}],)"
           R"("stream":true,"stream_options":{"include_usage":true}})";
}

std::unique_ptr<rival> make_rival(std::string_view name, const load& what,
                                  tally& results) {
  if (name == "bytes" || name == "hops" || name == "extract" || name == "dom")
    return make_multi_rival(name, what, results);
  if (name == "threads")
    return make_threads_rival(what, results);
  if (name.starts_with("penstock"))
    return make_penstock_rival(name, what, results);
  std::fprintf(stderr, "no such rival: %s\n", std::string{name}.c_str());
  std::exit(2);
}

} // namespace penstock::bench
