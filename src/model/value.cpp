#include "model/value.hpp"

namespace model {

DataType type_of(const Literal& literal) {
  static constexpr DataType types[] = {DataType::string, DataType::integer, DataType::number,
                                       DataType::boolean};
  return types[literal.value.index()];
}

}  // namespace model
