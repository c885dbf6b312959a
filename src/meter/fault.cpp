#include "meter/fault.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>

#include "meter/cost_profile.hpp"

namespace meter {
namespace {

bool matches(const std::string& pattern, std::string_view text) {
  if (pattern.find_first_of("*?[") == std::string::npos) return pattern == text;
  return ::fnmatch(pattern.c_str(), std::string(text).c_str(), 0) == 0;
}

bool applies(const Fault& fault, const Point& point) {
  if (fault.at_store() != (point.where == "store")) return false;
  if (!fault.at_store() && fault.where != "*" && !matches(fault.where, point.where)) return false;
  if (std::find(fault.ops.begin(), fault.ops.end(), point.op) == fault.ops.end()) return false;
  return fault.file.empty() || matches(fault.file, point.path);
}

// Whether the n-th throw of this fault's coin hits: the same in every run.
bool thrown(const Fault& fault, std::uint64_t n) {
  const std::uint32_t draw = draw_of(fault.text, fault.ops.front(), n + (fault.seed << 32U));
  return draw < *fault.probability * 4294967296.0;
}

}  // namespace

Faults::Faults(std::vector<Fault> faults) {
  for (Fault& fault : faults) armed_.push_back({std::move(fault), 0, 0, 0});
}

bool Faults::strikes(Armed& armed, const Point& point) {
  const Fault& fault = armed.fault;
  armed.bytes += point.bytes;
  if (fault.after_bytes && armed.bytes <= *fault.after_bytes) return false;
  if (point.now < fault.after) return false;
  if (fault.lasting && point.now >= fault.after + *fault.lasting) return false;
  // Counting begins where the window does: "after=10MB nth=1" is the first one past 10 MB.
  const std::uint64_t n = ++armed.seen;
  if (fault.nth != 0 && n != fault.nth) return false;
  if (fault.first != 0 && n > fault.first) return false;
  if (fault.every != 0 && n % fault.every != 0) return false;
  if (fault.probability && !thrown(fault, n)) return false;
  ++armed.fired;
  return true;
}

const Fault* Faults::hit(const Point& point) {
  if (armed_.empty()) return nullptr;
  const std::lock_guard lock(mutex_);
  const Fault* struck = nullptr;
  for (Armed& armed : armed_)
    if (applies(armed.fault, point) && strikes(armed, point) && !struck) struck = &armed.fault;
  return struck;
}

std::vector<Unfired> Faults::never_fired() const {
  const std::lock_guard lock(mutex_);
  std::vector<Unfired> never;
  for (const Armed& armed : armed_) {
    if (armed.fired != 0) continue;
    const std::string why =
        armed.seen != 0
            ? fmt::format("of {} that could have been hit, none was the right one", armed.seen)
        : armed.bytes != 0
            ? fmt::format("{} bytes went through, and its window never opened", armed.bytes)
            : "nothing that it could have hit came";
    never.push_back({armed.fault.text, why, armed.seen != 0 || armed.bytes != 0});
  }
  return never;
}

std::vector<Fired> Faults::fired() const {
  const std::lock_guard lock(mutex_);
  std::vector<Fired> fired;
  for (const Armed& armed : armed_)
    if (armed.fired != 0) fired.push_back({armed.fault.text, armed.fired});
  return fired;
}

}  // namespace meter
