#include "gateway/gateway.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "base/fd.hpp"
#include "base/files.hpp"
#include "base/names.hpp"
#include "gateway/route.hpp"

namespace gateway {
namespace {

using nlohmann::json;

// Longer than any run, and before 2038-01-19, where azureml-core's date reader ends.
constexpr std::chrono::hours lifetime{24 * 365};

std::string base64url(std::string_view text) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string encoded;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) encoded += digits[bits >> (count - 6) & 63];
  }
  if (count > 0) encoded += digits[bits << (6 - count) & 63];
  return encoded;
}

std::string make_token(std::int64_t expires) {
  return base64url(R"({"alg":"none","typ":"JWT"})") + "." +
         base64url(json{{"iss", "amlocal"}, {"exp", expires}}.dump()) + "." +
         base64url(base::random_id(40));
}

bool may(const net::Incoming& request, const std::string& token) {
  const std::string given = request.header("authorization");
  constexpr std::string_view scheme = "Bearer ";
  return given.starts_with(scheme) && same(std::string_view(given).substr(scheme.size()), token);
}

// Source: "Troubleshooting machine learning pipelines", the body of a 401.
net::Reply unauthorized() {
  return reply(
      {{"code", "Unauthorized"},
       {"statusCode", 401},
       {"message", "Unauthorized"},
       {"details",
        {{{"code", "InvalidOrExpiredToken"},
          {"message",
           "The request token was either invalid or expired. Please try again with a valid "
           "token."}}}}},
      401);
}

net::Reply answer(Call& call) {
  for (const auto& dialect : dialects())
    for (const auto& route : dialect.routes) {
      if (route.method != call.request.method) continue;
      auto words = match(route.pattern, call.request.path);
      if (!words) continue;
      if (!dialect.open && !may(call.request, call.self.token)) return unauthorized();
      call.words = std::move(*words);
      try {
        return route.answer(call);
      } catch (const base::Error& error) {
        return dialect.refuse(error);
      } catch (const json::exception& problem) {
        // A value of another type than the protocol says.
        return dialect.refuse({base::Code::bad_input, problem.what()});
      } catch (const std::exception& problem) {
        return dialect.refuse({base::Code::internal, problem.what()});
      }
    }
  return refuse_as_service(base::Error(
      base::Code::not_found,
      fmt::format("amlocal does not answer {} {}", call.request.method, call.request.path)));
}

class Text final : public net::Body {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}
  void read(const std::function<void(std::string_view)>& take) override { take(text_); }

 private:
  std::string text_;
};

// The bytes of a file that the shim could not send.
class FromFile final : public net::Body {
 public:
  // Whoever wrote the line may have put a link there: what it names is not his to send.
  explicit FromFile(const fs::path& path)
      : path_(path), fd_(base::open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)) {}
  void read(const std::function<void(std::string_view)>& take) override {
    std::array<char, 1 << 16> block;
    while (const auto got = base::sys("read", path_.native(), [&] {
             return ::read(fd_.get(), block.data(), block.size());
           }))
      take({block.data(), static_cast<std::size_t>(got)});
  }

 private:
  fs::path path_;
  base::Fd fd_;
};

// `file` is a name in the folder beside the file of lines.
std::unique_ptr<net::Body> body_of(const json& entry, const fs::path& lines) {
  if (!entry.contains("file"))
    return std::make_unique<Text>(entry.value("body", json::object()).dump());
  return std::make_unique<FromFile>(
      inside(lines.native() + ".files", entry["file"].get<std::string>()));
}

}  // namespace

std::span<const Dialect> dialects() {
  static const std::array all{shim_runs(),         shim_workspace(),
                              telemetry(),         run_services(),
                              history_queries(),   artifact_services(),
                              model_services(),    workspace_services(),
                              discovery_service(), blobs(),
                              mlflow_runs(),       mlflow_experiments(),
                              mlflow_artifacts(),  mlflow_registry(),
                              mlflow_unanswered()};
  return all;
}

struct Gateway::State {
  RunStore& store;
  const base::Clock& clock;
  Self self;
  std::int64_t expires = 0;
  net::Certificate certificate;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<net::HttpServer> tls_server;
};

Gateway::Gateway(RunStore& store, const base::Clock& clock, bool tls)
    : state_(new State{store, clock, {}, 0, {}, nullptr, nullptr}) {
  State& state = *state_;
  state.expires =
      std::chrono::duration_cast<std::chrono::seconds>((clock.now() + lifetime).time_since_epoch())
          .count();
  state.self.token = make_token(state.expires);
  state.self.instrumentation_key = base::random_uuid();
  const auto serve = [&state](const net::Incoming& request, net::Body& body) {
    Call call{request, body, state.store, state.clock, state.self, {}};
    return answer(call);
  };
  // First: the other one's answers name its port.
  if (tls) {
    state.certificate = net::make_certificate({blob_host, "localhost"});
    state.tls_server = std::make_unique<net::HttpServer>(serve, &state.certificate);
    state.self.blobs = fmt::format("https://{}:{}", blob_host, state.tls_server->port());
  }
  state.server = std::make_unique<net::HttpServer>(serve);
  state.self.endpoint = endpoint();
  if (!tls) state.self.blobs = state.self.endpoint;
}

Gateway::~Gateway() = default;

std::string Gateway::endpoint() const {
  return fmt::format("http://127.0.0.1:{}", state_->server->port());
}
const std::string& Gateway::token() const {
  return state_->self.token;
}
std::int64_t Gateway::expires() const {
  return state_->expires;
}
const std::string& Gateway::instrumentation_key() const {
  return state_->self.instrumentation_key;
}
const std::string& Gateway::certificate() const {
  return state_->certificate.chain;
}

std::size_t take_in(RunStore& store, const base::Clock& clock, const fs::path& file) {
  const Self self{"", "own", "", ""};
  std::size_t refused = 0;
  std::ifstream lines(file.c_str());
  for (std::string line; std::getline(lines, line);) {
    const json entry = json::parse(line, nullptr, false);
    if (!entry.is_object() || !entry.contains("method") || !entry.contains("path")) {
      ++refused;  // torn: its writer was killed
      continue;
    }
    try {
      net::Incoming request{entry["method"], entry["path"], {}, {}};
      request.headers.emplace("authorization", "Bearer own");
      const auto body = body_of(entry, file);
      Call call{request, *body, store, clock, self, {}};
      if (answer(call).status >= 300) ++refused;
    } catch (const base::Error&) {
      ++refused;  // its file is gone
    } catch (const json::exception&) {
      ++refused;
    }
  }
  return refused;
}

}  // namespace gateway
