// Who listens to a run.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "events/event.hpp"

namespace events {

class Sink {
 public:
  virtual ~Sink() = default;
  virtual void on(const Stamped&) = 0;
};

// Passes each event to the recorder first and then to the listeners, one at a time, from whichever
// thread tells it. A listener that throws is put aside and hears nothing more; an exception of the
// recorder goes on to the teller, because a run that is not recorded must end.
class Tee final : public Sink {
 public:
  Tee(Sink& recorder, std::vector<Sink*> listeners)
      : recorder_(recorder), listeners_(std::move(listeners)) {}
  void on(const Stamped&) override;

 private:
  std::mutex mutex_;
  Sink& recorder_;
  std::vector<Sink*> listeners_;
};

}  // namespace events
