// One transfer of curl_http_client: an easy handle and its callbacks.
#pragma once

#include "messages/boxed.hpp"
#include "providers/curl_body_gather.hpp"
#include "providers/curl_http_client.hpp"
#include "providers/http_head_parser.hpp"

#include <array>
#include <curl/curl.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// Threads: the client's thread only. libcurl keeps pointers to it: it stays
///          where it is, and is destroyed after its removal from the multi.
class curl_transfer {
public:
  curl_transfer(transfer_id id, std::shared_ptr<http_listener> listener,
                curl_body_gather& gather);
  curl_transfer(const curl_transfer&) = delete;
  curl_transfer& operator=(const curl_transfer&) = delete;

  /// Checks the request and prepares the handle, which has from then on what
  /// it needs of the request but for the body: that is read in place.
  /// @returns why the transfer cannot begin, if it cannot.
  std::optional<error> prepare(http_request request,
                               const curl_options& options);

  transfer_id id() const noexcept { return id_; }
  CURL* easy() const noexcept { return easy_.get(); }
  bool answered() const noexcept { return answered_; }
  static curl_transfer& of(CURL* easy);

  /// Not from inside a callback of libcurl.
  void resume();

  /// Before its removal from the multi in the middle of an answer: its
  /// connection is not to be used again, and is closed at once unless other
  /// transfers are on it (HTTP/2).
  void give_up_connection();
  /// Whether its connection may have others, as with HTTP/2 over TLS.
  bool may_share_connection() const;
  /// Whether both are HTTP/2 streams, say, of one connection.
  bool shares_connection_with(const curl_transfer& other) const;
  /// Makes libcurl send what it has queued for the connection.
  void flush_connection();

  /// From the gather: the listener gets bytes, the companion its turn.
  void deliver(std::string_view bytes);

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
  bool set_request(const http_request& request);
  bool set_headers(const header_list& headers);

  std::size_t take_header(std::string_view line);
  std::size_t take_body(std::string_view bytes);
  std::size_t refuse(errc code, const char* why);
  void drop_what_was_sent();

  static int on_ready(void* self, char* ip, char*, int port,
                      int local_port) noexcept;
  static std::size_t on_header(char* bytes, std::size_t, std::size_t size,
                               void* self) noexcept;
  static std::size_t on_body(char* bytes, std::size_t, std::size_t size,
                             void* self) noexcept;

  // First what each read needs.
  std::shared_ptr<http_listener> listener_;
  curl_body_gather& gather_;            ///< The loop's.
  loop_companion* companion_ = nullptr; ///< The client's, or null.
  bool paused_ = false;                 ///< The listener wants no more for now.
  bool held_ = false; ///< libcurl holds bytes back and stopped the socket.

  transfer_id id_;
  std::string body_; ///< Of the request. libcurl reads it in place.
  std::string host_; ///< "host:port", for messages.
  std::chrono::milliseconds connect_timeout_{0};
  std::optional<http_head_parser> head_; ///< Set by `prepare`.
  boxed<error> failure_;                 ///< Ours; wins over libcurl's result.
  bool connected_ = false;
  bool answered_ = false; ///< `on_response` was called.
  bool sent_ = false;     ///< All of the request was, and `body_` is gone.
  /// The connection's addresses; port 0 until it stands.
  std::string peer_ip_;
  int peer_port_ = 0;
  int local_port_ = 0;
  std::array<char, CURL_ERROR_SIZE> reason_{}; ///< libcurl's own text.
  std::unique_ptr<curl_slist, list_free> headers_;
  std::unique_ptr<CURL, easy_free> easy_; ///< Last: refers to all above.
};

} // namespace penstock
