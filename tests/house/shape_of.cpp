// Prints the shape of each file or folder named, a line each, for the test `schemas`.
#include <iostream>
#include <nlohmann/json.hpp>

#include "data/shape.hpp"

int main(int count, char** words) {
  for (int n = 1; n < count; ++n) std::cout << to_json(data::observe(words[n])).dump() << '\n';
  return std::cout.good() ? 0 : 1;
}
