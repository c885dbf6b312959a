#include "net/download.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/files.hpp"

namespace net {
namespace {

// The part's record: two lines, ETag and Last-Modified.
Validator read_record(const fs::path& path) {
  boost::system::error_code ignored;
  if (!fs::exists(path, ignored)) return {};
  const std::string text = base::read_file(path);
  const auto line = text.find('\n');
  if (line == std::string::npos) return {};
  const auto end = text.find('\n', line + 1);
  return {text.substr(0, line), text.substr(line + 1, end - line - 1)};
}

Validator validator_of(const Response& response) {
  return {response.header("etag"), response.header("last-modified")};
}

// What If-Range may hold: a weak ETag says nothing about bytes (RFC 9110, 13.1.5).
std::string range_condition(const Validator& validator) {
  if (!validator.etag.empty()) return validator.etag.starts_with("W/") ? "" : validator.etag;
  return validator.last_modified;
}

class Transfer {
 public:
  explicit Transfer(const Download& wanted) : wanted_(wanted) {
    fs::create_directories(wanted.part.parent_path());
    file_ = base::open_file(wanted.part, O_WRONLY | O_CREAT | O_APPEND);
    size_ = fs::file_size(wanted.part);
    validator_ = read_record(wanted.part_record);
    if (range_condition(validator_).empty()) start_over();
  }

  Downloaded run() {
    for (int attempt = 1;; ++attempt) {
      const std::uint64_t before = farthest_;
      const Answer answer = exchange();
      if (is_whole(answer)) return finish(answer);
      if (answer.trouble && answer.trouble->kind == Trouble::Kind::stopped) throw stopped();
      if (!answer.trouble && answer.response.status == 416) {  // the part fits no state of the file
        if (size_ == 0) throw refusal(answer);
        start_over();
        continue;
      }
      if (farthest_ > before) attempt = 1;  // headway: a long download may break often
      const auto wait =
          wait_before_next(wanted_.retry, attempt, answer, std::chrono::system_clock::now());
      if (!wait) throw refusal(answer);
      if (!wait_for(*wait, wanted_.stop)) throw stopped();
    }
  }

 private:
  Answer exchange() {
    Request request{wanted_.url, {}};
    if (size_ > 0) {
      request.headers.push_back(fmt::format("Range: bytes={}-", size_));
      request.headers.push_back("If-Range: " + range_condition(validator_));
    } else if (!wanted_.have.etag.empty()) {
      request.headers.push_back("If-None-Match: " + wanted_.have.etag);
    } else if (!wanted_.have.last_modified.empty()) {
      request.headers.push_back("If-Modified-Since: " + wanted_.have.last_modified);
    }
    Receiver receiver;
    receiver.head = [this](const Response& head) { begin(head); };
    receiver.body = [this](std::string_view bytes) { take(bytes); };
    receiver.stop = wanted_.stop;
    return send(request, wanted_.machine, receiver);
  }

  void begin(const Response& head) {
    taking_ = head.status == 200 || head.status == 206;
    if (!taking_) return;  // an error's page is not the file
    const bool continues =
        head.status == 206 &&
        head.header("content-range").starts_with(fmt::format("bytes {}-", size_));
    if (head.status == 206 && !continues && !head.header("content-range").starts_with("bytes 0-"))
      throw base::Error(base::Code::bad_input,
                        fmt::format("{} answered with another part of the file than was asked for",
                                    shown(wanted_.url)))
          .hint("the server, or a proxy before it, is at fault: download the file by hand");
    if (!continues) start_over();
    validator_ = validator_of(head);
    total_.reset();
    if (const auto length = head.length()) total_ = size_ + *length;
    base::write_file_atomically(wanted_.part_record,
                                fmt::format("{}\n{}\n", validator_.etag, validator_.last_modified));
  }

  void take(std::string_view bytes) {
    if (!taking_) return;
    base::write_all(file_, bytes, wanted_.part.native());
    size_ += bytes.size();
    farthest_ = std::max(farthest_, size_);
    if (wanted_.progress) wanted_.progress(size_, total_);
  }

  void start_over() {
    base::sys("empty", wanted_.part.native(), [&] { return ::ftruncate(file_.get(), 0); });
    size_ = 0;
    validator_ = {};
  }

  bool is_whole(const Answer& answer) const {
    if (answer.trouble) return false;
    const int status = answer.response.status;
    if (status == 304) return wanted_.have.known();
    return (status == 200 || status == 206) && (!total_ || size_ == *total_);
  }

  Downloaded finish(const Answer& answer) {
    boost::system::error_code ignored;
    fs::remove(wanted_.part_record, ignored);
    if (answer.response.status == 304) return {true, wanted_.have, 0};
    return {false, validator_, size_};
  }

  base::Error stopped() const {
    return base::Error(base::Code::canceled,
                       fmt::format("stopped while fetching {}", shown(wanted_.url)))
        .hint("what has arrived is kept; the next run goes on from there");
  }

  base::Error refusal(const Answer& answer) const {
    using Kind = Trouble::Kind;
    const auto error = [&](base::Code code, const std::string& why, const std::string& hint) {
      return base::Error(code, fmt::format("cannot fetch {}: {}", shown(wanted_.url), why))
          .hint(hint);
    };
    if (answer.trouble) {
      const std::string& why = answer.trouble->text;
      switch (answer.trouble->kind) {
        case Kind::unknown_host:
          return error(base::Code::unavailable, why,
                       "check how it is spelt, and whether this machine has a network");
        case Kind::tls:
          return error(base::Code::permission, why,
                       "if a company's own authority signs it, point SSL_CERT_FILE at that "
                       "authority's certificate");
        case Kind::dropped:
          return error(base::Code::unavailable, why,
                       "run it again: what has arrived is kept, the rest is fetched");
        default:
          return error(base::Code::unavailable, why,
                       "check the network and the proxy (https_proxy), then run it again");
      }
    }
    const int status = answer.response.status;
    const std::string why =
        fmt::format("the server answers {}{}{}", status, answer.response.reason.empty() ? "" : " ",
                    answer.response.reason);
    if (status == 404 || status == 410)
      return error(base::Code::not_found, why, "open the address in a browser: it may have moved");
    if (status == 401 || status == 403)
      return error(base::Code::permission, why,
                   "the address needs a signature (SAS) that has not expired; or download the "
                   "file and give its local path");
    if (status == 408 || status == 429 || status >= 500)
      return error(base::Code::unavailable, why, "the server is busy or ill: try again later");
    return error(base::Code::bad_input, why, "give the address of a file");
  }

  const Download& wanted_;
  base::Fd file_;
  std::uint64_t size_ = 0;      // bytes in the part
  std::uint64_t farthest_ = 0;  // the most there ever was
  std::optional<std::uint64_t> total_;
  Validator validator_;  // of the part
  bool taking_ = false;
};

}  // namespace

std::string shown(const std::string& url) {
  std::string text = url.substr(0, url.find_first_of("?#"));
  const auto start = text.find("://");
  if (start == std::string::npos) return text;
  const auto authority = start + 3;
  const auto at = text.rfind('@', text.find('/', authority));
  if (at != std::string::npos && at > authority) text.erase(authority, at + 1 - authority);
  return text;
}

Downloaded download(const Download& wanted) {
  return Transfer(wanted).run();
}

}  // namespace net
