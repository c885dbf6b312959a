// Who listens to a run.
#pragma once

#include <exception>
#include <mutex>
#include <string>
#include <vector>

#include "events/event.hpp"

namespace events {

// Something long that is under way before there is an event to tell of it.
struct Progress {
  std::string what;  // "fetching titanic.csv"; "" when it is over
  std::uint64_t done = 0;
  std::optional<std::uint64_t> total;  // bytes, where known
};

class Sink {
 public:
  virtual ~Sink() = default;
  virtual void on(const Stamped&) = 0;
  // True only at this moment, so never recorded: for those who draw in place. `tick` comes about
  // once a second while steps run, `progress` several times a second.
  virtual void tick(base::Time) {}
  virtual void progress(base::Time, const Progress&) {}
};

// Who keeps a run's events, and completes them: an asset gets its version when it is recorded.
class Keeper : public Sink {
 public:
  // The event as it was recorded.
  virtual Stamped keep(const Stamped&) = 0;
  void on(const Stamped& stamped) final { keep(stamped); }
};

// Passes each event to the recorder first and then, as it was recorded, to the listeners, one at a
// time, from whichever thread tells it. A listener that throws is put aside and hears nothing more;
// an exception of the recorder goes on to the teller, because a run that is not recorded must end.
// From then on every teller gets it: a record with a hole in it would be a false one.
class Tee final : public Sink {
 public:
  Tee(Keeper& recorder, std::vector<Sink*> listeners)
      : recorder_(recorder), listeners_(std::move(listeners)) {}
  void on(const Stamped&) override;
  void tick(base::Time) override;

 private:
  template <class Tell>
  void tell_listeners(Tell&&);

  std::mutex mutex_;
  Keeper& recorder_;
  std::exception_ptr broken_;
  std::vector<Sink*> listeners_;
};

}  // namespace events
