// One transfer of curl_http_client: an easy handle and its callbacks.
#pragma once

#include "providers/curl_http_client.hpp"
#include "providers/http_head_parser.hpp"

#include <array>
#include <curl/curl.h>
#include <memory>
#include <optional>

namespace penstock {

/// Threads: the client's thread only. libcurl keeps pointers to it: it stays
///          where it is, and is destroyed after its removal from the multi.
class curl_transfer {
public:
  curl_transfer(transfer_id id, http_request request,
                std::shared_ptr<http_listener> listener);
  curl_transfer(const curl_transfer&) = delete;
  curl_transfer& operator=(const curl_transfer&) = delete;

  /// Checks the request and prepares the handle.
  /// @returns why the transfer cannot begin, if it cannot.
  std::optional<error> prepare(const curl_options& options);

  transfer_id id() const noexcept { return id_; }
  CURL* easy() const noexcept { return easy_.get(); }
  static curl_transfer& of(CURL* easy);

  /// Not from inside a callback of libcurl.
  void resume();

  /// Tells the listener, for the last time.
  void end(error why);
  /// What libcurl's result means.
  error error_of(CURLcode code) const;

private:
  struct easy_free {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct list_free {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  using write_callback = std::size_t (*)(char*, std::size_t, std::size_t,
                                         void*);

  bool set_options(const curl_options& options);
  bool set_security(const curl_options& options);
  bool set_request();
  bool set_headers();

  std::size_t take_header(std::string_view line);
  std::size_t take_body(std::string_view bytes);
  std::size_t refuse(errc code, const char* why);

  static int on_ready(void* self, char*, char*, int, int) noexcept;
  static std::size_t on_header(char* bytes, std::size_t, std::size_t size,
                               void* self) noexcept;
  static std::size_t on_body(char* bytes, std::size_t, std::size_t size,
                             void* self) noexcept;

  transfer_id id_;
  http_request request_; ///< libcurl reads its body in place.
  std::shared_ptr<http_listener> listener_;
  std::optional<http_head_parser> head_; ///< Set by `prepare`.
  std::optional<error> failure_;         ///< Ours; wins over libcurl's result.
  bool connected_ = false;
  bool answered_ = false; ///< `on_response` was called.
  bool paused_ = false; ///< The listener wants no more for now.
  bool held_ = false;   ///< libcurl holds bytes back and stopped the socket.
  std::array<char, CURL_ERROR_SIZE> reason_{}; ///< libcurl's own text.
  std::unique_ptr<curl_slist, list_free> headers_;
  std::unique_ptr<CURL, easy_free> easy_; ///< Last: refers to all above.
};

} // namespace penstock
