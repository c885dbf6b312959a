// A file system that notes in a ledger every operation on another one, and lets the run's faults
// strike it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fuse/view/file_system.hpp"
#include "meter/clock.hpp"
#include "meter/fault.hpp"
#include "meter/ledger.hpp"

namespace fuse {

// The faults of one mount.
struct Struck {
  meter::Faults& faults;
  meter::Clock& clock;
  std::string where;                            // the binding: "train.outputs.model"
  std::function<void(const std::string&)> log;  // of those that do more than delay
};

// While an operation is under way, meter::current() names it in the calling thread, so that the
// requests it makes of the store know their cause. `session` is Ledger::session's number. A fault
// of kind `disconnect` kills this process.
std::unique_ptr<FileSystem> make_recorded(std::unique_ptr<FileSystem> inner, meter::Ledger&,
                                          std::uint16_t session,
                                          std::optional<Struck> struck = std::nullopt);

}  // namespace fuse
