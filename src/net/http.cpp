#include "net/http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <memory>

#include "base/error.hpp"
#include "net/curl.hpp"

#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace net {
namespace {

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

// What libcurl's callbacks see: C functions that must not throw.
struct Exchange {
  const Receiver& receiver;
  Response response;
  bool head_told = false;
  std::exception_ptr thrown;

  template <class F>
  bool guarded(F&& f) {
    try {
      f();
      return true;
    } catch (...) {
      thrown = std::current_exception();
      return false;
    }
  }

  void tell_head() {
    if (head_told) return;
    head_told = true;
    if (receiver.head) receiver.head(response);
  }
};

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) {  // a redirect's head comes before the last one's
    exchange.response = {};
    const auto status = line.find(' ');
    if (status != std::string_view::npos) {
      const auto reason = line.find(' ', status + 1);
      std::from_chars(line.data() + status + 1, line.data() + line.size(),
                      exchange.response.status);
      if (reason != std::string_view::npos) exchange.response.reason = trimmed(line.substr(reason));
    }
    return size;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  exchange.response.headers[name] = trimmed(line.substr(colon + 1));
  return size;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const bool good = exchange.guarded([&] {
    exchange.tell_head();
    if (exchange.receiver.body) exchange.receiver.body({data, size});
  });
  return good ? size : 0;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& exchange = *static_cast<Exchange*>(user);
  bool stop = false;
  return exchange.guarded([&] { stop = exchange.receiver.stop(); }) && !stop ? 0 : 1;
}

std::string host_of(const std::string& url) {
  const auto start = url.find("://");
  const std::string rest = start == std::string::npos ? url : url.substr(start + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

Trouble trouble_of(CURLcode code, const std::string& detail, const std::string& url) {
  using Kind = Trouble::Kind;
  const std::string host = host_of(url);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {Kind::unknown_host, fmt::format("the host '{}' is not known", host)};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {Kind::unknown_host, fmt::format("the proxy's host is not known ({})", detail)};
    case CURLE_COULDNT_CONNECT:
      return {Kind::unreachable, fmt::format("'{}' does not answer ({})", host, detail)};
    case CURLE_OPERATION_TIMEDOUT:
      // Without a network some resolvers say nothing at all: asking again would only take longer.
      if (detail.starts_with("Resolving"))
        return {Kind::unknown_host, fmt::format("the host '{}' is not known ({})", host, detail)};
      return {Kind::silent, fmt::format("'{}' is silent ({})", host, detail)};
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return {Kind::dropped, fmt::format("'{}' ended the connection ({})", host, detail)};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
      return {Kind::tls, fmt::format("no secure connection to '{}' ({})", host, detail)};
    case CURLE_ABORTED_BY_CALLBACK:
      return {Kind::stopped, "it was stopped"};
    default:
      return {Kind::other, detail};
  }
}

}  // namespace

std::string Response::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? "" : found->second;
}

std::optional<std::uint64_t> Response::length() const {
  const std::string text = header("content-length");
  std::uint64_t bytes = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (text.empty() || read.ec != std::errc()) return std::nullopt;
  return bytes;
}

Machine machine_of(const base::Variables& environment) {
  Machine machine;
  machine.ca_file = base::variable(environment, "CURL_CA_BUNDLE");
  if (machine.ca_file.empty()) machine.ca_file = base::variable(environment, "SSL_CERT_FILE");
  return machine;
}

Answer send(const Request& request, const Machine& machine, const Receiver& receiver) {
  const Curl& lib = curl();
  const std::unique_ptr<CURL, void (*)(CURL*)> easy(lib.easy_init(), lib.easy_cleanup);
  if (!easy) throw base::Error(base::Code::unavailable, "libcurl does not start");
  curl_slist* list = nullptr;
  for (const auto& header : request.headers) list = lib.slist_append(list, header.c_str());
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(list, lib.slist_free_all);

  Exchange exchange{receiver, {}, false, nullptr};
  char detail[CURL_ERROR_SIZE] = "";
  const auto set = [&](CURLoption option, auto value) {
    lib.easy_setopt(easy.get(), option, value);
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_USERAGENT, "amlocal/" AMLOCAL_VERSION);
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_ERRORBUFFER, detail);
  set(CURLOPT_NOSIGNAL, 1L);  // threads: its resolver must not use SIGALRM
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 10L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, request.url.starts_with("https:") ? "https" : "http,https");
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(machine.connect_timeout.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(machine.silence.count()));
  if (!machine.ca_file.empty()) set(CURLOPT_CAINFO, machine.ca_file.c_str());
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, &exchange);
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, &exchange);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(CURLOPT_XFERINFODATA, &exchange);

  const CURLcode code = lib.easy_perform(easy.get());
  if (exchange.thrown) std::rethrow_exception(exchange.thrown);
  Answer answer{std::move(exchange.response), {}};
  if (code != CURLE_OK)
    answer.trouble = trouble_of(code, *detail ? detail : lib.easy_strerror(code), request.url);
  else if (!exchange.head_told && receiver.head)
    receiver.head(answer.response);  // a head without a body
  return answer;
}

}  // namespace net
