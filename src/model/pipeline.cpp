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
