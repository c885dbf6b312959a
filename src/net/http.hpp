// One HTTP exchange: a request, its answer's head, and the body as it arrives.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/process.hpp"

namespace net {

// How this machine reaches others. libcurl itself reads http_proxy, https_proxy and no_proxy.
struct Machine {
  std::string ca_file;  // trusted certificates (PEM); "": the system's
  std::chrono::milliseconds connect_timeout{15000};
  // An exchange during which nothing arrives for this long has failed.
  std::chrono::seconds silence{30};
};

// CURL_CA_BUNDLE, else SSL_CERT_FILE, as the program curl takes them.
Machine machine_of(const base::Variables& environment);

struct Request {
  std::string url;                   // http:// or https://
  std::vector<std::string> headers;  // "Range: bytes=0-"
};

struct Response {
  int status = 0;
  std::string reason;                          // "Not Found"; empty under HTTP/2
  std::map<std::string, std::string> headers;  // names in lower case

  std::string header(const std::string& lower_case_name) const;
  // What Content-Length says, if it is there.
  std::optional<std::uint64_t> length() const;
};

// Why there is no whole answer.
struct Trouble {
  enum class Kind {
    unknown_host,  // no such name, or no network
    unreachable,   // refused, no route, or too slow to connect
    silent,        // connected, then nothing for too long
    dropped,       // ended in the middle
    tls,           // the certificate or the handshake
    stopped,       // `stop` asked for it
    other,
  };
  Kind kind = Kind::other;
  std::string text;  // "the host 'example.org' is not known"
};

// Who takes the answer. Exceptions of either end the exchange and reach the caller of send().
struct Receiver {
  std::function<void(const Response&)> head;          // once, before the body
  std::function<void(std::string_view)> body;         // a piece at a time
  std::function<bool()> stop = [] { return false; };  // asked several times a second
};

struct Answer {
  Response response;  // status 0 when none arrived
  std::optional<Trouble> trouble;
};

// GET, following up to ten redirects, never from https to http. Throws unavailable when libcurl is
// not here; everything the network does is in the Answer.
Answer send(const Request&, const Machine&, const Receiver&);

}  // namespace net
