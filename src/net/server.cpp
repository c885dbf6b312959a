#include "net/server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <httplib.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>
#include <cctype>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace net {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string first(const std::multimap<std::string, std::string>& entries, const std::string& name) {
  const auto found = entries.find(name);
  return found == entries.end() ? "" : found->second;
}

// One thread a connection. The library's own pool of a fixed size lets idle clients starve others.
class ThreadEach final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> serve) override {
    {
      const std::lock_guard lock(mutex_);
      ++running_;
    }
    std::thread([this, serve = std::move(serve)] {
      serve();
      const std::lock_guard lock(mutex_);
      if (--running_ == 0) none_.notify_all();
    }).detach();
  }
  void shutdown() override {
    std::unique_lock lock(mutex_);
    none_.wait(lock, [&] { return running_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t running_ = 0;
};

class RequestBody final : public Body {
 public:
  explicit RequestBody(const httplib::ContentReader* reader) : reader_(reader) {}
  void read(const std::function<void(std::string_view)>& take) override {
    if (!reader_ || std::exchange(read_, true)) return;
    std::exception_ptr thrown;
    // What is left after a refusal is read all the same: the next request follows it.
    const bool whole = (*reader_)([&](const char* bytes, std::size_t size) {
      try {
        if (!thrown) take({bytes, size});
      } catch (...) {
        thrown = std::current_exception();
      }
      return true;
    });
    if (thrown) std::rethrow_exception(thrown);
    if (!whole) throw base::Error(base::Code::unavailable, "the client went away in mid-request");
  }

 private:
  const httplib::ContentReader* reader_;
  bool read_ = false;
};

void give_file(const fs::path& file, const std::string& type, httplib::Response& response) {
  const auto fd = std::make_shared<base::Fd>(
      base::sys("open", file.native(), [&] { return ::open(file.c_str(), O_RDONLY | O_CLOEXEC); }));
  const auto size = static_cast<std::size_t>(fs::file_size(file));
  if (size == 0) return response.set_content("", type);
  response.set_content_provider(
      size, type, [fd](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        std::array<char, 65536> buffer;
        const ssize_t got = ::pread(fd->get(), buffer.data(), std::min(length, buffer.size()),
                                    static_cast<off_t>(offset));
        return got > 0 && sink.write(buffer.data(), static_cast<std::size_t>(got));
      });
}

void fill(httplib::Response& response, Reply reply) {
  response.status = reply.status;
  for (const auto& [name, value] : reply.headers) response.set_header(name, value);
  if (!reply.file.empty()) return give_file(reply.file, reply.type, response);
  if (reply.stream)
    return response.set_chunked_content_provider(
        reply.type, [stream = std::move(reply.stream)](std::size_t, httplib::DataSink& sink) {
          bool open = true;
          const bool more = stream(
              [&](std::string_view text) { open = open && sink.write(text.data(), text.size()); });
          if (open && !more) sink.done();
          return open;
        });
  response.set_content(reply.body, reply.type);
}

std::unique_ptr<httplib::Server> with_certificate(const Certificate& pem) {
  const auto memory = [](const std::string& text) {
    return std::unique_ptr<BIO, decltype(&BIO_free)>(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  };
  const std::unique_ptr<X509, decltype(&X509_free)> chain(
      PEM_read_bio_X509(memory(pem.chain).get(), nullptr, nullptr, nullptr), X509_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(memory(pem.key).get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  if (chain && key)
    if (auto server = std::make_unique<httplib::SSLServer>(chain.get(), key.get());
        server->is_valid())
      return server;
  throw base::Error(base::Code::bad_input, "the server's certificate and key cannot be used");
}

}  // namespace

std::string read_all(Body& body, std::size_t most) {
  std::string text;
  body.read([&](std::string_view piece) {
    if (text.size() + piece.size() > most)
      throw base::Error(base::Code::bad_input,
                        fmt::format("the request is longer than {} bytes", most));
    text += piece;
  });
  return text;
}

std::string Incoming::header(const std::string& lower_case_name) const {
  return first(headers, lower_case_name);
}
std::string Incoming::parameter(const std::string& name) const {
  return first(query, name);
}

struct HttpServer::State {
  Answer answer;
  std::unique_ptr<httplib::Server> server;
  int port = 0;
  std::thread listener;

  void serve(const httplib::Request& request, httplib::Response& response,
             const httplib::ContentReader* reader) {
    Incoming incoming{request.method, request.path, {}, {}};
    incoming.query.insert(request.params.begin(), request.params.end());
    for (const auto& [name, value] : request.headers) incoming.headers.emplace(lower(name), value);
    RequestBody body(reader);
    try {
      fill(response, answer(incoming, body));
    } catch (const std::exception& problem) {
      fill(response, {500, "text/plain", problem.what(), {}, {}, nullptr});
    }
    try {
      body.read([](std::string_view) {});
    } catch (const base::Error&) {
      // Nobody is there to be told.
    }
  }
};

HttpServer::HttpServer(Answer answer, const Certificate* certificate) : state_(new State) {
  State& state = *state_;
  state.answer = std::move(answer);
  state.server = certificate ? with_certificate(*certificate) : std::make_unique<httplib::Server>();
  httplib::Server& server = *state.server;
  server.new_task_queue = [] { return new ThreadEach; };
  // Without it each small answer waits 40 ms for the client's delayed acknowledgement.
  server.set_tcp_nodelay(true);
  server.set_keep_alive_max_count(1'000'000'000);
  // An idle connection may hold up the end for so long; clients open a new one without being asked.
  server.set_keep_alive_timeout(5);
  server.set_read_timeout(std::chrono::minutes(10));
  const auto plain = [&state](const httplib::Request& request, httplib::Response& response) {
    state.serve(request, response, nullptr);
  };
  const auto with_body = [&state](const httplib::Request& request, httplib::Response& response,
                                  const httplib::ContentReader& reader) {
    state.serve(request, response, &reader);
  };
  server.Get(".*", plain);
  server.Options(".*", plain);
  server.Post(".*", with_body);
  server.Put(".*", with_body);
  server.Patch(".*", with_body);
  server.Delete(".*", with_body);
  state.port = server.bind_to_any_port("127.0.0.1");
  if (state.port <= 0)
    throw base::Error(base::Code::unavailable, "cannot listen on 127.0.0.1 for the steps' calls");
  state.listener = std::thread([&server] { server.listen_after_bind(); });
}

HttpServer::~HttpServer() {
  if (!state_->server) return;
  state_->server->stop();
  state_->listener.join();
}

int HttpServer::port() const {
  return state_->port;
}

}  // namespace net
