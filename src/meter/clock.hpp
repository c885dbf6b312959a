// How cloud time passes on this machine.
#pragma once

#include <memory>
#include <string_view>

#include "meter/units.hpp"

namespace meter {

// Safe from several threads at once.
class Clock {
 public:
  virtual ~Clock() = default;

  // Cloud time since the clock was made.
  virtual Nanos now() const = 0;
  // Returns once now() has come to `when`, at once where it already has.
  void sleep_until(Nanos when);
  // Waits just so long; slept() grows by exactly this.
  void sleep_for(Nanos);
  // As sleep_until, for a turn in a queue: that is nobody's own time.
  void queue_until(Nanos when);
  // What sleep_… and queue_until have waited in the calling thread, on any clock.
  static Nanos slept();
  static Nanos queued();

  // Whether all threads live in one time. Only then can what they share (an account's bandwidth) be
  // told as it happens; else the simulator does it afterwards (simulate.hpp).
  virtual bool shared() const = 0;
  // Ends all sleeping, now and from now on: a mount that must end does not wait out a back-off.
  virtual void stop() {}

 private:
  virtual void wait(Nanos until) = 0;
};

struct ClockChoice {
  enum class Kind { real, scale, ledger };
  Kind kind = Kind::real;
  double factor = 1;  // scale: how many cloud seconds pass in one of this machine
};

// "real", "scale=10", "ledger". Throws usage, with a hint, on anything else.
ClockChoice parse_clock(std::string_view);

// real sleeps, scale sleeps a fraction. ledger never sleeps: each thread has a time of its own that
// runs ahead by what it should have slept.
std::unique_ptr<Clock> make_clock(const ClockChoice&);

}  // namespace meter
