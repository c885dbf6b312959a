// What a request to a store takes, in seconds and dollars.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/path.hpp"
#include "meter/ledger.hpp"
#include "meter/units.hpp"

namespace meter {

// Dollars for each 10,000 requests of a class, and for each GB (10^9 bytes) moved.
struct Prices {
  double write = 0;
  double list = 0;
  double read = 0;
  double other = 0;
  double remove = 0;
  double gb_up = 0;
  double gb_down = 0;
};

// A value; the defaults are "none": nothing takes time or costs anything. In JSON every quantity
// has its unit (docs/cost-profiles.md, docs/schemas/cost-profile.json).
struct CostProfile {
  std::string name = "none";
  std::string about;

  struct Latency {  // until the first byte of the answer
    Nanos list_page = 0;
    Nanos list_entry = 0;  // added for each entry of the page
    Nanos head = 0;
    Nanos get = 0;
    Nanos put = 0;
    Nanos remove = 0;
    Nanos move = 0;
  } latency;

  struct Bandwidth {  // bytes a second; 0 is no limit
    double stream_up = 0;
    double stream_down = 0;
    double all_up = 0;  // of all streams together
    double all_down = 0;
  } bandwidth;

  enum class OverLimit { refuse, wait };
  double requests_per_second = 0;            // of the account; 0 is no limit
  OverLimit over_limit = OverLimit::refuse;  // refuse: 503 ServerBusy, and the client tries again
  Nanos retry_after = 0;                     // what the refusal's Retry-After says; 0: not sent

  std::uint64_t put_single = 0;    // up to this size a put is one request; 0: whatever its size
  std::uint64_t put_block = 0;     // larger ones go in blocks of this size, then one list of blocks
  std::uint64_t put_parallel = 1;  // how many blocks go at once
  std::uint64_t list_page = 5000;  // entries
  bool move_copies = false;        // a rename is a copy and a removal of each object
  std::uint64_t billed_chunk = 0;  // reads and writes are billed for each such piece; 0: as one

  double jitter = 0;  // 0.2: latencies vary by up to 20 % each way
  std::uint64_t jitter_seed = 1;

  struct Retry {
    std::uint64_t retries = 0;  // after the first try
    Nanos first = 0;            // the pause before the first; each later one is twice as long
    Nanos longest = 0;
  } retry;

  Prices prices;
  std::vector<std::string> sources;  // of the figures
};

// "none", "blob-standard", …, in the order to be listed.
std::vector<std::string> preset_names();
// Throws not_found with a suggestion.
CostProfile preset(const std::string& name);
// A preset's name, or the path of a JSON file of the user's own: text with a '/' or that ends in
// ".json". Throws not_found, or bad_input with the place in the file.
CostProfile load_cost_profile(const std::string& name_or_file);

// What one request is made of. It depends on nothing but its arguments.
struct Cost {
  Nanos latency = 0;
  Nanos transfer = 0;  // of its bytes, at the speed of its own streams
  std::uint64_t up = 0;
  std::uint64_t down = 0;
  // Requests of each class, as they are counted; `billed` as they are paid.
  struct Counts {
    std::uint64_t write = 0;
    std::uint64_t list = 0;
    std::uint64_t read = 0;
    std::uint64_t other = 0;
    std::uint64_t remove = 0;
    std::uint64_t sum() const { return write + list + read + other + remove; }
  } counts, billed;
};
Cost operator+(const Cost&, const Cost&);

// `amount` is bytes, of a list entries, of a move objects. `draw` is the request's random number;
// see draw_of.
Cost cost_of(const CostProfile&, Op, std::uint64_t amount, std::uint32_t draw);
// A request that the store refused or that failed: an answer without content.
Cost cost_of_refusal(const CostProfile&, Op);
// How long it takes when nothing else is going on.
Nanos alone(const CostProfile&, const Cost&);
double dollars(const CostProfile&, const Cost&);

// The random number of the n-th request of this kind on this path: the same in every run.
std::uint32_t draw_of(std::string_view path, Op, std::uint64_t n);
// The same in two halves, for who counts by key.
std::uint64_t key_of(std::string_view path, Op);
std::uint32_t draw_of(std::uint64_t key, std::uint64_t n);

// How long the client waits before retry number `n` (from 0).
Nanos pause_before_retry(const CostProfile&, std::uint64_t n, Nanos retry_after);

}  // namespace meter
