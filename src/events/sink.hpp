// Who listens to a run.
#pragma once

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

// Passes each event to the recorder first and then to the listeners, one at a time, from whichever
// thread tells it. A listener that throws is put aside and hears nothing more; an exception of the
// recorder goes on to the teller, because a run that is not recorded must end.
class Tee final : public Sink {
 public:
  Tee(Sink& recorder, std::vector<Sink*> listeners)
      : recorder_(recorder), listeners_(std::move(listeners)) {}
  void on(const Stamped&) override;
  void tick(base::Time) override;

 private:
  template <class Tell>
  void tell_listeners(Tell&&);

  std::mutex mutex_;
  Sink& recorder_;
  std::vector<Sink*> listeners_;
};

}  // namespace events
