#include "fuse/replay/charges.hpp"

namespace fuse {
namespace {

// As many as the view's own fetchers at most.
constexpr std::uint64_t fetchers = 16;

}  // namespace

std::uint32_t Charges::draw(meter::Op op, std::string_view path) {
  const std::uint64_t key = meter::key_of(path, op);
  return meter::draw_of(key, counts_[key]++);
}

void Charges::ask(meter::Op op, std::string_view path, std::uint64_t amount, std::uint64_t task) {
  meter::Request request;
  request.op = op;
  request.draw = draw(op, path);
  request.amount = amount;
  request.task = task;
  requests_.push_back(request);
  last_of_task_[task] = requests_.size();
}

void Charges::ask_beside(meter::Op op, std::string_view path, std::uint64_t amount,
                         std::uint64_t cause) {
  const std::uint64_t session = cause >> 32U;
  ask(op, path, amount, helpers + (session << 8U) + next_helper_++ % fetchers);
  requests_.back().after = before_operation_;
}

}  // namespace fuse
