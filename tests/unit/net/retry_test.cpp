#include "net/retry.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "net/curl.hpp"
#include "net/download.hpp"
#include "support/scratch.hpp"

using std::chrono::milliseconds;

namespace {

net::Answer status(int number, const std::string& retry_after = "") {
  net::Answer answer;
  answer.response.status = number;
  if (!retry_after.empty()) answer.response.headers["retry-after"] = retry_after;
  return answer;
}

net::Answer trouble(net::Trouble::Kind kind) {
  net::Answer answer;
  answer.trouble = net::Trouble{kind, "why"};
  return answer;
}

// Sun, 06 Nov 1994 08:49:37 GMT
const auto now = std::chrono::system_clock::from_time_t(784111777);

std::optional<milliseconds> wait(const net::Answer& answer, int attempt = 1) {
  return net::wait_before_next(net::patient, attempt, answer, now);
}

}  // namespace

TEST_CASE("what may pass is tried again, what will not is final") {
  using Kind = net::Trouble::Kind;
  for (const int number : {408, 429, 500, 502, 503, 504}) CHECK(wait(status(number)));
  for (const int number : {400, 401, 403, 404, 410, 501}) CHECK_FALSE(wait(status(number)));
  for (const Kind kind : {Kind::unreachable, Kind::silent, Kind::dropped})
    CHECK(wait(trouble(kind)));
  for (const Kind kind : {Kind::unknown_host, Kind::tls, Kind::stopped, Kind::other})
    CHECK_FALSE(wait(trouble(kind)));
}

TEST_CASE("the wait doubles, and the attempts have an end") {
  CHECK(wait(status(503), 1) == milliseconds(500));
  CHECK(wait(status(503), 2) == milliseconds(1000));
  CHECK(wait(status(503), 4) == milliseconds(4000));
  CHECK_FALSE(wait(status(503), 5));
}

TEST_CASE("Retry-After counts in seconds and as a date, up to a limit") {
  CHECK(wait(status(503, "7")) == milliseconds(7000));
  CHECK(wait(status(503, "0")) == milliseconds(500));
  CHECK(wait(status(429, "Sun, 06 Nov 1994 08:49:47 GMT")) == milliseconds(10000));
  CHECK(wait(status(429, "Sun, 06 Nov 1994 08:00:00 GMT")) == milliseconds(500));
  CHECK(wait(status(503, "soon")) == milliseconds(500));
  CHECK_FALSE(wait(status(503, "3600")));
}

TEST_CASE("a wait ends early when it is stopped") {
  CHECK(net::wait_for(milliseconds(1), [] { return false; }));
  CHECK_FALSE(net::wait_for(std::chrono::hours(1), [] { return true; }));
}

TEST_CASE("a machine without libcurl says what to install") {
  const char* const names[] = {"libcurl-that-nobody-has.so.9", nullptr};
  const auto error = support::error_of([&] { net::load_curl(names); });
  CHECK(error.code() == base::Code::unavailable);
  CHECK(error.message().starts_with("https needs libcurl: libcurl-that-nobody-has.so.9"));
  CHECK(error.hint().find("apt-get install libcurl4") != std::string::npos);
}

TEST_CASE("an address is shown without what may be secret") {
  CHECK(net::shown("https://a.org/b.csv?sig=S#x") == "https://a.org/b.csv");
  CHECK(net::shown("https://me:word@a.org/b@c.csv") == "https://a.org/b@c.csv");
  CHECK(net::shown("https://a.org") == "https://a.org");
}

TEST_CASE("certificates come from where curl takes them") {
  CHECK(net::machine_of({}).ca_file.empty());
  CHECK(net::machine_of({{"SSL_CERT_FILE", "/a.pem"}}).ca_file == "/a.pem");
  CHECK(net::machine_of({{"SSL_CERT_FILE", "/a.pem"}, {"CURL_CA_BUNDLE", "/b.pem"}}).ca_file ==
        "/b.pem");
}
