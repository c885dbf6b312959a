#include "fuse/replay/names.hpp"

namespace fuse {

Names::Names(const meter::LedgerText& text) : record_(text), known_(text.names.size()) {
  texts_.emplace_back();
  folders_.push_back(0);
  ids_.emplace("", 0);
}

PathId Names::of(std::uint32_t number) {
  if (number >= known_.size()) return id("(unknown)");
  if (known_[number] == 0) known_[number] = id(record_.names[number]) + 1;
  return known_[number] - 1;
}

PathId Names::id(const std::string& path) {
  if (const auto known = ids_.find(path); known != ids_.end()) return known->second;
  const auto slash = path.rfind('/');
  const PathId folder = slash == std::string::npos ? 0 : id(path.substr(0, slash));
  const auto made = static_cast<PathId>(texts_.size());
  texts_.push_back(path);
  folders_.push_back(folder);
  ids_.emplace(path, made);
  return made;
}

}  // namespace fuse
