// A store whose failures are told in words: the caller of a mount only meets an error number. It
// also knows what was changed through it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "meter/decorator.hpp"

namespace fuse {

// Tells of what cannot be reached or may not be done. That something is absent or there already is
// an answer, no failure; and of a put that failed the view tells itself, as it knows at which
// close.
class LoggedStore final : public meter::Decorator {
 public:
  LoggedStore(std::shared_ptr<store::ObjectStore> inner,
              std::function<void(const std::string&)> log)
      : Decorator(std::move(inner)), log_(std::move(log)) {}

  struct Changes {
    std::string first;  // the first object, or folder
    std::uint64_t requests = 0;
  };
  Changes changes() const;

 private:
  void around(meter::Call&, const meter::Proceed&) override;

  std::function<void(const std::string&)> log_;
  mutable std::mutex mutex_;
  Changes changes_;
};

}  // namespace fuse
