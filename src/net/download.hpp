// A file from an address: streamed to disk, resumed where it was interrupted, asked for only when
// it has changed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/path.hpp"
#include "net/http.hpp"
#include "net/retry.hpp"

namespace net {

// What a server calls a state of the file (RFC 9110, 8.8). Either may be empty.
struct Validator {
  std::string etag;           // with its quotes
  std::string last_modified;  // an HTTP date
  bool known() const { return !etag.empty() || !last_modified.empty(); }
};

struct Download {
  std::string url;
  fs::path part;         // where the bytes go; what is in it already is continued where possible
  fs::path part_record;  // beside it: which state of the file the part belongs to
  Validator have;        // the caller's copy: not sent again when it is still the same
  Retry retry = patient;
  Machine machine;
  // Bytes so far, and in all where the server says it.
  std::function<void(std::uint64_t, std::optional<std::uint64_t>)> progress;
  std::function<bool()> stop = [] { return false; };
};

struct Downloaded {
  bool not_modified = false;  // the caller's copy is good; `part` holds nothing new
  Validator validator;
  std::uint64_t bytes = 0;
};

// Returns when `part` holds the whole file. Throws:
//   unavailable  no connection, or an answer that may pass (503 …) after all attempts
//   not_found    404 and 410
//   permission   401 and 403, and TLS that cannot be trusted
//   no_space, io from writing `part`
//   canceled     `stop` said so; the part stays and is continued next time
//   bad_input    any other answer
// Every text names the address without its query, which may hold a signature.
Downloaded download(const Download&);

// The address without user, query and fragment, for people and records.
std::string shown(const std::string& url);

}  // namespace net
