// Faults: what is to go wrong, where and when. One grammar for the whole program:
//
//   WHERE WHAT [WHEN…] [HOW]        docs/faults.md
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.hpp"
#include "meter/ledger.hpp"
#include "meter/units.hpp"

namespace meter {

struct Fault {
  std::string text;   // as written
  base::Place place;  // of its first word

  // "store", or a pattern for bindings ("train.outputs.model", "*", "*.inputs.*").
  std::string where;
  std::string file;  // a pattern for the file within the binding; "" for all
  bool at_store() const { return where == "store"; }

  std::vector<Op> ops;  // what it can hit

  // When: all that are set must hold.
  std::uint64_t nth = 0;    // only the nth that it could hit, from 1
  std::uint64_t first = 0;  // only the first so many
  std::uint64_t every = 0;  // only each so-manieth
  std::optional<double> probability;
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> after_bytes;  // only once more than that has gone through it
  Nanos after = 0;                           // only from this time of the mount on …
  std::optional<Nanos> lasting;              // … and for so long

  enum class How { errno_, http, slow, delay, throttle, disconnect };
  // Nothing fails; it only takes longer.
  bool only_delays() const { return how == How::delay || how == How::slow; }
  How how = How::errno_;
  int number = 0;     // errno_: EIO's; http: 503
  double factor = 1;  // slow
  Nanos delay = 0;    // delay
};

// Throws bad_input with the place of the wrong word and a suggestion. `origin` names where the text
// stands: "--fault", or "amlocal.yml" together with `place`.
Fault parse_fault(const std::string& text, const std::string& origin = "--fault");
Fault parse_fault(const std::string& text, const base::Place& place);

// Something that may go wrong.
struct Point {
  std::string_view where;  // "store", or the binding: "train.outputs.model"
  Op op = Op::lookup;
  std::string_view path;  // the file within the binding, or the object's name
  std::uint64_t bytes = 0;
  Nanos now = 0;  // Clock::now()
};

// A fault that never hit anything.
struct Unfired {
  std::string fault;       // as written
  std::string why;         // "nothing that it could have hit came"
  bool came_near = false;  // something that it could have hit came
  bool operator==(const Unfired&) const = default;
};

// One that did, so many times.
struct Fired {
  std::string fault;  // as written
  std::uint64_t times = 0;
  bool operator==(const Fired&) const = default;
};

// All faults of a run, with their counters. Safe from several threads.
class Faults {
 public:
  Faults() = default;
  explicit Faults(std::vector<Fault>);

  // Counts the point, and gives the first fault that hits it, or null. To be asked once a point.
  const Fault* hit(const Point&);
  bool empty() const { return armed_.empty(); }

  std::vector<Unfired> never_fired() const;
  std::vector<Fired> fired() const;

 private:
  struct Armed {
    Fault fault;
    std::uint64_t seen = 0;  // points that it could hit
    std::uint64_t bytes = 0;
    std::uint64_t fired = 0;
  };
  static bool strikes(Armed&, const Point&);

  mutable std::mutex mutex_;
  std::vector<Armed> armed_;
};

}  // namespace meter
