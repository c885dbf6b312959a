// What a recorded step would have asked of the store had its bindings been reached another way.
// Pure: the record in, requests out; meter::simulate tells what they take.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fuse/view/profile.hpp"
#include "meter/simulate.hpp"

namespace fuse {

// How one binding is reached.
struct Access {
  enum class Kind { mount, download, upload } kind = Kind::mount;
  Profile profile;  // of a mount
};

// What lies in an input, where that is known: a download fetches all of it.
struct Contents {
  std::vector<std::pair<std::string, std::uint64_t>> files;  // path and bytes
  std::uint64_t folders = 1;                                 // its own counted
  bool one_file = false;  // of a folder that is not listed for it
};

struct WhatIf {
  std::map<std::string, Access> bindings;    // "outputs.logs"; others stay as recorded
  std::map<std::string, Contents> contents;  // by binding
};

struct Prediction {
  meter::Phases requests;
  // Why the record cannot tell it all; empty where it can.
  std::vector<std::string> doubts;
  // Where an operation would end otherwise: what was asked before the first such. The step may have
  // stopped there, or gone on to anything.
  std::optional<meter::Phases> least;
  std::uint64_t more_heads = 0;    // so many requests more at most, which only a rerun can count
  bool heads_without_end = false;  // and of those there may be any number
  std::uint64_t most_cached = 0;   // bytes of local copies at once, of all mounts
};

// The binding's access as it was recorded. Throws bad_input for a profile that is not known.
Access recorded_access(const meter::SessionNote&);

// Throws not_found for a binding that the record has not, and bad_input for one whose operations
// were not seen (a download or upload without --trace full).
Prediction replay(const meter::LedgerText&, const WhatIf&);

// What requests come to: as if the step had gone on as it was recorded; the least and the most it
// can be, as far as there is an end (see Prediction::least and heads_without_end).
struct Sum {
  std::uint64_t requests = 0;
  std::uint64_t sent = 0;
  std::uint64_t fetched = 0;
  double seconds = 0;  // of each request by itself, added up
  double elapsed = 0;  // with overlap and the account's limits
  double dollars = 0;
};
Sum sum_of(const meter::Phases&, const meter::CostProfile&);
Sum sum_of(const Prediction&, const meter::CostProfile&);
Sum least_of(const Prediction&, const meter::CostProfile&);
Sum most_of(const Prediction&, const meter::CostProfile&);

}  // namespace fuse
