#include "providers/curl_http_client_transfer.hpp"

#include "messages/check.hpp"
#include "messages/footprint.hpp"
#include "providers/http_request_check.hpp"

#include <algorithm>
#include <climits>
#include <string>
#include <utility>

namespace penstock {

namespace {

static_assert(LIBCURL_VERSION_NUM >= 0x075000,
              "libcurl 7.80 or newer is needed (CURLOPT_PREREQFUNCTION)");

// Long silence is normal (a model thinks for minutes). Probes keep a NAT from
// forgetting the connection, and find out when the peer is gone.
constexpr long keepalive_idle_s = 30;
constexpr long keepalive_interval_s = 15;

constexpr long upload_buffer_bytes = 65'536; // libcurl's own default

error failure(errc code, std::string message) {
  return {code, std::move(message)};
}

} // namespace

curl_transfer::curl_transfer(transfer_id id,
                             std::shared_ptr<http_listener> listener,
                             curl_body_gather& gather)
  : listener_(std::move(listener)), gather_(gather), id_(id) {}

std::optional<error> curl_transfer::prepare(http_request request,
                                            const curl_options& options) {
  if (auto wrong = check_request(request))
    return wrong;
  body_ = std::move(request.body);
  host_ = host_and_port(request.url);
  connect_timeout_ = request.connect_timeout;
  companion_ = options.companion.get();
  head_.emplace(options.head_bytes_max);
  easy_.reset(curl_easy_init());
  if (!easy_ || !set_options(options) || !set_security(options)
      || !set_request(request) || !set_headers(request.headers))
    return failure(errc::internal,
                   "libcurl cannot prepare the transfer: out of memory, or "
                   "built without what is needed");
  return std::nullopt;
}

curl_transfer& curl_transfer::of(CURL* easy) {
  void* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  PENSTOCK_CHECK(self);
  return *static_cast<curl_transfer*>(self);
}

// ---- set-up -----------------------------------------------------------------

namespace {

// Programs that the host starts must not inherit a connection: it would stay
// open, and the provider would go on, after we have closed it.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* to) {
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

} // namespace

bool curl_transfer::set_options(const curl_options& options) {
  bool good = true;
  const auto set = [&](CURLoption option, auto value) {
    good = curl_easy_setopt(easy(), option, value) == CURLE_OK && good;
  };
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_ERRORBUFFER, reason_.data());
  set(CURLOPT_HEADERFUNCTION, static_cast<write_callback>(&on_header));
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, static_cast<write_callback>(&on_body));
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_PREREQFUNCTION,
      static_cast<int (*)(void*, char*, char*, int, int)>(&on_ready));
  set(CURLOPT_PREREQDATA, static_cast<void*>(this));
  set(CURLOPT_OPENSOCKETFUNCTION,
      static_cast<curl_opensocket_callback>(&open_socket));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_BUFFERSIZE, static_cast<long>(options.buffer_bytes));
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, keepalive_idle_s);
  set(CURLOPT_TCP_KEEPINTVL, keepalive_interval_s);
  set(CURLOPT_FORBID_REUSE, options.reuse_connections ? 0L : 1L);
  set(CURLOPT_HTTP_VERSION,
      static_cast<long>(options.http2 ? CURL_HTTP_VERSION_2TLS
                                      : CURL_HTTP_VERSION_1_1));
  set(CURLOPT_PIPEWAIT, options.wait_for_multiplexing ? 1L : 0L);
  // 0 would be libcurl's default of 300 s.
  const auto limit = connect_timeout_.count();
  set(CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(limit > 0 && limit < INT_MAX ? limit : INT_MAX));
#if LIBCURL_VERSION_NUM >= 0x075700
  // Else the end of a transfer whose name is being looked up blocks all the
  // others until the lookup is over.
  set(CURLOPT_QUICK_EXIT, 1L);
#endif
  return good;
}

bool curl_transfer::set_security(const curl_options& options) {
  bool good = true;
  const auto set = [&](CURLoption option, auto value) {
    good = curl_easy_setopt(easy(), option, value) == CURLE_OK && good;
  };
  const char* const nothing = nullptr;
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  // A CA directory turns off libcurl's cache of the CA file, which is then
  // parsed for every connection: 27 ms instead of 0.8 ms.
  set(CURLOPT_CAPATH, nothing);
  set(CURLOPT_PROXY_CAPATH, nothing);
  if (!options.ca_file.empty())
    set(CURLOPT_CAINFO, options.ca_file.c_str());
  // The empty strings keep libcurl from asking the environment.
  set(CURLOPT_PROXY, options.proxy.c_str());
  set(CURLOPT_NOPROXY, "");
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
  set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  if (!options.user_agent.empty())
    set(CURLOPT_USERAGENT, options.user_agent.c_str());
  return good;
}

bool curl_transfer::set_request(const http_request& request) {
  bool good = true;
  const auto set = [&](CURLoption option, auto value) {
    good = curl_easy_setopt(easy(), option, value) == CURLE_OK && good;
  };
  const auto& method = request.method;
  set(CURLOPT_URL, request.url.c_str());
  if (method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (method == "POST" || !body_.empty()) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
    set(CURLOPT_POSTFIELDS, body_.c_str());
    if (method != "POST")
      set(CURLOPT_CUSTOMREQUEST, method.c_str());
  } else if (method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, method.c_str());
  }
  return good;
}

bool curl_transfer::set_headers(const header_list& headers) {
  const auto add = [&](const std::string& line) {
    auto* const longer = curl_slist_append(headers_.get(), line.c_str());
    if (!longer)
      return false;
    (void)headers_.release(); // The same list, or its new first node.
    headers_.reset(longer);
    return true;
  };
  bool typed = false;
  for (const auto& [name, value] : headers) {
    // libcurl's way to write a header without a value.
    if (!add(value.empty() ? name + ";" : name + ": " + value))
      return false;
    typed = typed || curl_strequal(name.c_str(), "content-type") != 0;
  }
  // Without a value: libcurl leaves out what it would add itself.
  if (!add("Expect:") || (!typed && !add("Content-Type:")))
    return false;
  return curl_easy_setopt(easy(), CURLOPT_HTTPHEADER, headers_.get())
         == CURLE_OK;
}

// ---- callbacks: inside libcurl, on the client's thread ----------------------

int curl_transfer::on_ready(void* self, char* ip, char*, int port,
                            int local_port) noexcept {
  auto& me = *static_cast<curl_transfer*>(self);
  me.peer_ip_ = ip ? ip : "";
  me.peer_port_ = port;
  me.local_port_ = local_port;
  // Called again when libcurl repeats a request on a fresh connection because
  // a pooled one turned out to be dead: then nothing of the answer had come.
  if (me.sent_)
    return CURL_PREREQFUNC_ABORT;
  if (!std::exchange(me.connected_, true))
    me.listener_->on_connected();
  return CURL_PREREQFUNC_OK;
}

std::size_t curl_transfer::on_header(char* bytes, std::size_t, std::size_t size,
                                     void* self) noexcept {
  return static_cast<curl_transfer*>(self)->take_header({bytes, size});
}

std::size_t curl_transfer::on_body(char* bytes, std::size_t, std::size_t size,
                                   void* self) noexcept {
  return static_cast<curl_transfer*>(self)->take_body({bytes, size});
}

std::size_t curl_transfer::take_header(std::string_view line) {
  switch (head_->take(line)) {
  case http_head_parser::outcome::complete:
    answered_ = true;
    drop_what_was_sent();
    listener_->on_response(head_->head());
    break;
  case http_head_parser::outcome::more:
  case http_head_parser::outcome::ignored:
    break;
  case http_head_parser::outcome::too_large:
    return refuse(errc::protocol,
                  "the headers of the answer exceed head_bytes_max");
  case http_head_parser::outcome::malformed:
    return refuse(errc::network, "the answer is not HTTP");
  }
  return line.size();
}

// The listener takes all bytes and then says whether it wants more, but
// libcurl pauses by refusing bytes. So the pause begins with the next ones;
// libcurl keeps those (one buffer) and leaves the socket alone.
std::size_t curl_transfer::take_body(std::string_view bytes) {
  if (bytes.empty())
    return 0;
  if (!paused_)
    gather_.make_room(*this, bytes.size());
  if (paused_) {
    held_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  gather_.add(*this, bytes);
  return bytes.size();
}

// One call of libcurl can read a hundred times. By this turn what came is used
// while it is in the cache, and its memory is given back.
void curl_transfer::deliver(std::string_view bytes) {
  footprint::note(footprint::place::transfer, this, &id_);
  paused_ = !listener_->on_body(bytes);
  if (companion_)
    companion_->turn();
}

// An answer may last for minutes. libcurl would keep as long what a prompt was
// sent from: over TLS also a buffer of 64 KiB, which this option gives back.
void curl_transfer::drop_what_was_sent() {
  curl_off_t sent = 0;
  curl_easy_getinfo(easy(), CURLINFO_SIZE_UPLOAD_T, &sent);
  if (static_cast<std::size_t>(sent) < body_.size())
    return; // It answers before it has read all.
  sent_ = true;
  body_.clear();
  body_.shrink_to_fit();
  curl_easy_setopt(easy(), CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer_bytes);
}

// @returns how a callback says that it failed.
std::size_t curl_transfer::refuse(errc code, const char* why) {
  failure_ = failure(code, host_ + ": " + why);
  return 0;
}

void curl_transfer::resume() {
  paused_ = false;
  if (std::exchange(held_, false))
    curl_easy_pause(easy(), CURLPAUSE_CONT); // Delivers what it kept.
}

// ---- the connection ---------------------------------------------------------

void curl_transfer::give_up_connection() {
  curl_easy_setopt(easy(), CURLOPT_FORBID_REUSE, 1L);
}

bool curl_transfer::may_share_connection() const {
  const char* scheme = nullptr; // Until it is connected.
  long version = 0;
  curl_easy_getinfo(easy(), CURLINFO_SCHEME, &scheme);
  curl_easy_getinfo(easy(), CURLINFO_HTTP_VERSION, &version);
  return scheme && curl_strequal(scheme, "https") != 0
         && (!answered_ || version >= CURL_HTTP_VERSION_2_0);
}

bool curl_transfer::shares_connection_with(const curl_transfer& other) const {
  return local_port_ != 0 && local_port_ == other.local_port_
         && peer_port_ == other.peer_port_ && peer_ip_ == other.peer_ip_;
}

// The end of a pause changes the HTTP/2 window, and that is sent at once with
// all that waits before it. A transfer that is held stays so: `take_body`
// refuses what libcurl hands out again.
void curl_transfer::flush_connection() {
  curl_easy_pause(easy(), CURLPAUSE_RECV);
  curl_easy_pause(easy(), CURLPAUSE_CONT);
}

// ---- the end ----------------------------------------------------------------

void curl_transfer::end(error why) {
  gather_.flush();
  listener_->on_end(std::move(why));
  listener_.reset();
}

error curl_transfer::error_of(CURLcode code) const {
  if (failure_)
    return *failure_;
  if (code == CURLE_OK && answered_)
    return {};
  // libcurl is content with a head that lacks its end.
  if (code == CURLE_OK)
    return failure(errc::network, host_ + ": connection closed in the head");
  const auto text =
    one_line(reason_[0] ? reason_.data() : curl_easy_strerror(code));
  switch (code) {
  case CURLE_OPERATION_TIMEDOUT: // We set no other limit than this.
    return failure(errc::timeout,
                   host_ + ": no connection within connect_timeout_ms ("
                     + std::to_string(connect_timeout_.count())
                     + " ms): " + text);
  case CURLE_SSL_CACERT_BADFILE:
    return failure(errc::invalid_request, host_ + ": ca_file: " + text);
  case CURLE_PEER_FAILED_VERIFICATION:
    return failure(errc::network,
                   host_ + ": " + text
                     + " (a server with a CA of its own needs ca_file)");
  default:
    return failure(errc::network, host_ + ": " + text);
  }
}

} // namespace penstock
