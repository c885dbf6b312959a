#include "model/pipeline.hpp"

#include <algorithm>

namespace model {
namespace {

template <class List>
auto find_named(const List& list, std::string_view name) -> decltype(list.data()) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const auto& each) { return each.name == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

bool names_gpu(std::string_view compute) {
  const auto lower = [&](std::size_t at) {
    const char c = at < compute.size() ? compute[at] : '-';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  const auto is_letter = [&](std::size_t at) { return lower(at) >= 'a' && lower(at) <= 'z'; };
  for (std::size_t n = 0; n + 3 <= compute.size(); ++n)
    if (lower(n) == 'g' && lower(n + 1) == 'p' && lower(n + 2) == 'u' && !is_letter(n + 3) &&
        (n == 0 || !is_letter(n - 1)))
      return true;
  return false;
}

const InputDeclaration* Component::find_input(std::string_view wanted) const {
  return find_named(inputs, wanted);
}
const OutputDeclaration* Component::find_output(std::string_view wanted) const {
  return find_named(outputs, wanted);
}
const Step* Component::find_step(std::string_view wanted) const {
  return find_named(steps, wanted);
}
const Input* Step::find_input(std::string_view wanted) const {
  return find_named(inputs, wanted);
}
const Output* Step::find_output(std::string_view wanted) const {
  return find_named(outputs, wanted);
}

}  // namespace model
