#include "step/supervisor/order.hpp"

#include <cstdlib>
#include <string>

namespace supervisor {
namespace {

int number_of(const char* text) {
  return static_cast<int>(strtol(text, nullptr, 10));
}

}  // namespace

bool parse(int argc, char** argv, Order& order) {
  for (int n = 1; n < argc; ++n) {
    const std::string word = argv[n];
    const int following = argc - n - 1;
    if (word == "--") {
      order.argv = argv + n + 1;
      return following > 0 && order.control >= 0 && order.cwd != nullptr &&
             !order.processes.empty();
    }
    if (word == "--control" && following > 0) {
      order.control = number_of(argv[++n]);
    } else if (word == "--cwd" && following > 0) {
      order.cwd = argv[++n];
    } else if (word == "--grace" && following > 0) {
      order.grace = strtod(argv[++n], nullptr);
    } else if (word == "--join" && following > 0) {
      order.join.push_back(number_of(argv[++n]));
    } else if (word == "--view" && following > 1) {
      order.views.push_back({argv[n + 1], argv[n + 2]});
      n += 2;
    } else if (word == "--root" && following > 1) {
      order.roots.push_back({argv[n + 1], argv[n + 2]});
      n += 2;
    } else if (word == "--process" && following > 0) {
      order.processes.emplace_back().log = argv[++n];
    } else if (!order.processes.empty() && word.find('=') != std::string::npos) {
      order.processes.back().own.push_back(argv[n]);
    } else {
      return false;
    }
  }
  return false;
}

}  // namespace supervisor
