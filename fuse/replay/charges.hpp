// A store that holds nothing: it only notes what is asked of it, for the simulator.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "meter/simulate.hpp"

namespace fuse {

class Charges {
 public:
  // Requests that a helper makes beside its task go by these numbers; a ledger's tasks are smaller.
  static constexpr std::uint64_t helpers = std::uint64_t{1} << 48U;

  // `amount` is bytes, of a list entries, of a move objects.
  void ask(meter::Op, std::string_view path, std::uint64_t amount, std::uint64_t task);
  // An operation of the task begins.
  void begin(std::uint64_t task) {
    const auto last = last_of_task_.find(task);
    before_operation_ = last == last_of_task_.end() ? 0 : last->second;
  }
  // The same by one of the threads that fetch beside `cause`, whose operation began last: after
  // what that task had asked before it. meter::requests_of tells the same of a record.
  void ask_beside(meter::Op, std::string_view path, std::uint64_t amount, std::uint64_t cause);
  // The list asked for last has so many entries more.
  void lengthen(std::size_t request, std::uint64_t entries) {
    requests_[request].amount += entries;
  }

  std::size_t count() const { return requests_.size(); }
  // Those asked for since it was last taken; they wait for none before.
  std::vector<meter::Request> take() {
    last_of_task_.clear();
    before_operation_ = 0;
    return std::exchange(requests_, {});
  }

 private:
  std::uint32_t draw(meter::Op, std::string_view path);

  std::vector<meter::Request> requests_;
  std::unordered_map<std::uint64_t, std::uint64_t> last_of_task_;  // 1 + index
  std::unordered_map<std::uint64_t, std::uint32_t> counts_;        // meter::key_of → how many
  std::uint64_t before_operation_ = 0;
  std::uint64_t next_helper_ = 0;
};

}  // namespace fuse
