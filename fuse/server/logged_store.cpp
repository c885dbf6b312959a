#include "fuse/server/logged_store.hpp"

#include <fmt/format.h>

namespace fuse {
namespace {

bool is_failure(base::Code code) {
  return code == base::Code::io || code == base::Code::unavailable ||
         code == base::Code::permission || code == base::Code::no_space;
}

}  // namespace

void LoggedStore::around(meter::Call& call, const meter::Proceed& proceed) {
  try {
    proceed();
  } catch (const base::Error& error) {
    if (call.op != meter::Op::put && is_failure(error.code()))
      log_(fmt::format("{} of '{}' failed: {}{}", meter::to_string(call.op), call.name,
                       error.message(), error.hint().empty() ? "" : "; " + error.hint()));
    throw;
  }
}

}  // namespace fuse
