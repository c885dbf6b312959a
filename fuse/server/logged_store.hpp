// A store whose failures are told in words: the caller of a mount only meets an error number.
#pragma once

#include <functional>
#include <memory>
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

 private:
  void around(meter::Call&, const meter::Proceed&) override;

  std::function<void(const std::string&)> log_;
};

}  // namespace fuse
