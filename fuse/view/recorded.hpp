// A file system that notes in a ledger every operation on another one.
#pragma once

#include <memory>

#include "fuse/view/file_system.hpp"
#include "meter/ledger.hpp"

namespace fuse {

// While an operation is under way, meter::current() names it in the calling thread, so that the
// requests it makes of the store know their cause. `session` is Ledger::session's number.
std::unique_ptr<FileSystem> make_recorded(std::unique_ptr<FileSystem> inner, meter::Ledger&,
                                          std::uint16_t session);

}  // namespace fuse
