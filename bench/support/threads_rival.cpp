// Rival (c): what a user would write. A thread a stream with an easy handle,
// a DOM for each event, and a workspace with a lock and a condition, whose
// consumer is one more thread for all of them.
#include "bench/support/event_text.hpp"
#include "bench/support/rival.hpp"

#include <condition_variable>
#include <curl/curl.h>
#include <deque>
#include <mutex>
#include <thread>

namespace penstock::bench {

namespace {

class threads_rival final : public rival {
public:
  threads_rival(const load& what, tally& results)
    : what_(what), results_(results),
      url_(what.server + "/v1/chat/completions"),
      body_(request_body(what.shape)) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
  }
  ~threads_rival() override {
    closing_ = true;
    for (auto& s : streams_) {
      {
        const std::lock_guard lock{s.mutex};
        s.over = true;
      }
      s.changed.notify_all();
    }
    for (auto& s : streams_) {
      s.producer.join();
      s.consumer.join();
    }
  }

  void start() override {
    for (std::size_t i = 0; i < what_.streams; ++i) {
      auto& s = streams_.emplace_back();
      s.owner = this;
      s.index = i;
      s.extractor = make_dom_extractor();
      s.consumer = std::thread{[&s] { s.owner->consume(s); }};
      s.producer = std::thread{[&s] { s.owner->produce(s); }};
    }
  }

private:
  struct stream {
    threads_rival* owner = nullptr;
    std::size_t index = 0;
    event_splitter splitter;
    std::unique_ptr<text_extractor> extractor;
    std::mutex mutex; // guards text and over
    std::condition_variable changed;
    std::string text;
    bool over = false;
    std::thread producer, consumer;
  };

  static std::size_t on_body(char* bytes, std::size_t, std::size_t size,
                             void* self) {
    auto& s = *static_cast<stream*>(self);
    if (s.owner->closing_)
      return 0;
    s.owner->results_.bytes(size);
    s.splitter.push({bytes, size}, [&](std::string_view data) {
      const auto text = s.extractor->text_of(data);
      {
        const std::lock_guard lock{s.mutex};
        s.text += text;
      }
      s.changed.notify_one();
    });
    return size;
  }

  void produce(stream& s) {
    auto* const easy = curl_easy_init();
    auto* const headers =
      curl_slist_append(nullptr, "content-type: application/json");
    curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body_.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &s);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    const bool whole = curl_easy_perform(easy) == CURLE_OK;
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    {
      const std::lock_guard lock{s.mutex};
      s.over = true;
    }
    s.changed.notify_all();
    whole_[whole] += 1;
  }

  void consume(stream& s) {
    std::unique_lock lock{s.mutex};
    for (;;) {
      s.changed.wait(lock, [&] { return s.over || !s.text.empty(); });
      const auto text = std::exchange(s.text, {});
      const bool over = s.over;
      lock.unlock();
      results_.text(s.index, text);
      if (over && text.empty())
        return results_.ended(true);
      lock.lock();
    }
  }

  const load what_;
  tally& results_;
  const std::string url_, body_;
  std::atomic<bool> closing_{false};
  std::atomic<std::size_t> whole_[2] = {};
  std::deque<stream> streams_;
};

} // namespace

std::unique_ptr<rival> make_threads_rival(const load& what, tally& results) {
  return std::make_unique<threads_rival>(what, results);
}

} // namespace penstock::bench
