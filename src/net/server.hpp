// An HTTP server on the loopback interface, for the steps of one run.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/path.hpp"
#include "net/certificate.hpp"

namespace net {

// A request's body, read once and never wholly in memory unless read_all is asked for.
class Body {
 public:
  virtual ~Body() = default;
  // Hands over the bytes as they arrive. Throws unavailable when the client goes away before the
  // end.
  virtual void read(const std::function<void(std::string_view)>& take) = 0;
};

// The whole body. Throws bad_input when it is longer than `most` bytes.
std::string read_all(Body&, std::size_t most);

struct Incoming {
  std::string method;                               // "GET"
  std::string path;                                 // decoded, without the query
  std::multimap<std::string, std::string> query;    // decoded
  std::multimap<std::string, std::string> headers;  // names in lower case

  // The first of that name, "" where there is none.
  std::string header(const std::string& lower_case_name) const;
  std::string parameter(const std::string& name) const;
};

// What is answered: `body`, or else the bytes of `file`, or else what `stream` writes.
struct Reply {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  fs::path file;
  // Called again and again with where to write to, until it returns false.
  using Write = std::function<void(std::string_view)>;
  std::function<bool(const Write&)> stream;
};

class HttpServer {
 public:
  using Answer = std::function<Reply(const Incoming&, Body&)>;

  // Listens on 127.0.0.1, on a port of the system's choice, with a thread for each connection: a
  // client that keeps an idle one never makes another wait. `answer` is called from these threads;
  // what it throws becomes a 500. With a certificate it speaks TLS. Throws unavailable when nothing
  // can be listened on, and bad_input for a certificate that cannot be used.
  explicit HttpServer(Answer answer, const Certificate* certificate = nullptr);
  // Waits for the answers under way, and up to 5 s for clients that idle on an open connection.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace net
