// https addresses as local files: fetched once, kept in the cache, asked for again only when they
// have changed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/path.hpp"
#include "base/process.hpp"

namespace store {

struct Fetching {
  fs::path cache;               // .amlocal/cache
  base::Variables environment;  // of the user's shell: its proxies and certificates
  // Bytes so far, and in all where the server says it.
  std::function<void(std::uint64_t, std::optional<std::uint64_t>)> progress;
  std::function<bool()> stop = [] { return false; };
};

struct Fetched {
  fs::path path;       // absolute, with the address's file name; it stays as it is for a day
  std::string notice;  // why an older copy stands in, or ""
};

// The file at an http(s) address. A copy in the cache is used when the server says that it is still
// the same (ETag, Last-Modified), and, with a notice, when the server cannot be reached. Two
// processes that want one address wait for each other. Throws as net::download does, and bad_input
// for an address without a file name. A half download never becomes a copy; it is continued.
Fetched fetch(const std::string& given, const Fetching&);

// The copy in the cache, without asking anybody; nothing where there is no whole one.
std::optional<fs::path> fetched_before(const std::string& url, const fs::path& cache);

// What came off a cache.
struct Trimmed {
  std::size_t copies = 0;
  std::uint64_t bytes = 0;
};

// Removes copies that nobody has used for 30 days, and, longest unused first, what is beyond
// `max_bytes` (0: no limit). One used within a day stays, as a step may be reading it; one that is
// being asked for stays too.
Trimmed trim_fetched(const fs::path& cache, const base::Clock&, std::uint64_t max_bytes);

// The name of the file that an address ends in, %xx decoded: ".../a%20b.csv?sig=…" is "a b.csv".
// Throws bad_input when it ends in none.
std::string file_name_of(const std::string& url);

}  // namespace store
