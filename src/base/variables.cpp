#include "base/variables.hpp"

namespace base {

void set(Variables& variables, const std::string& name, const std::string& value) {
  std::erase_if(variables, [&](const auto& entry) { return entry.first == name; });
  variables.emplace_back(name, value);
}

}  // namespace base
