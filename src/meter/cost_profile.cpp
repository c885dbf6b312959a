#include "meter/cost_profile.hpp"

#include <algorithm>
#include <cmath>

namespace meter {
namespace {

Nanos time_for(std::uint64_t bytes, double bytes_per_second) {
  if (bytes_per_second <= 0) return 0;
  return static_cast<Nanos>(std::llround(static_cast<double>(bytes) * 1e9 / bytes_per_second));
}

std::uint64_t pieces(std::uint64_t bytes, std::uint64_t size) {
  return size == 0 ? 1 : std::max<std::uint64_t>(1, (bytes + size - 1) / size);
}

// The finalizer of splitmix64.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

Nanos with_jitter(const CostProfile& profile, Nanos latency, std::uint32_t draw) {
  if (profile.jitter <= 0) return latency;
  const std::uint64_t bits = mix(draw + profile.jitter_seed * 0x9e3779b97f4a7c15U) >> 11U;
  const double from_minus_one_to_one = std::ldexp(static_cast<double>(bits), -52) - 1;
  return static_cast<Nanos>(
      std::llround(static_cast<double>(latency) * (1 + profile.jitter * from_minus_one_to_one)));
}

Cost put_cost(const CostProfile& profile, std::uint64_t bytes) {
  Cost cost;
  cost.up = bytes;
  std::uint64_t streams = 1;
  if (profile.put_single == 0 || bytes <= profile.put_single || profile.put_block == 0) {
    cost.counts.write = 1;
    cost.billed.write = pieces(bytes, profile.billed_chunk);
    cost.latency = profile.latency.put;
  } else {
    // A Put Block for each, in waves, and one Put Block List at the end.
    const std::uint64_t blocks = pieces(bytes, profile.put_block);
    const std::uint64_t parallel = std::max<std::uint64_t>(1, profile.put_parallel);
    streams = std::min(blocks, parallel);
    cost.counts.write = blocks + 1;
    cost.billed.write = profile.billed_chunk == 0
                            ? blocks + 1
                            : std::max(blocks, pieces(bytes, profile.billed_chunk)) + 1;
    cost.latency = profile.latency.put * ((blocks + parallel - 1) / parallel + 1);
  }
  cost.transfer = time_for(bytes, profile.bandwidth.stream_up * static_cast<double>(streams));
  return cost;
}

Cost list_cost(const CostProfile& profile, std::uint64_t entries) {
  Cost cost;
  const std::uint64_t pages = pieces(entries, profile.list_page);
  cost.counts.list = cost.billed.list = pages;
  cost.latency = pages * profile.latency.list_page + entries * profile.latency.list_entry;
  return cost;
}

Cost move_cost(const CostProfile& profile, std::uint64_t objects) {
  Cost cost;
  if (!profile.move_copies) {
    cost.counts.write = cost.billed.write = 1;
    cost.latency = profile.latency.move;
    return cost;
  }
  const std::uint64_t n = std::max<std::uint64_t>(1, objects);
  cost.counts.write = cost.billed.write = n;
  cost.counts.remove = cost.billed.remove = n;
  cost.latency = n * (profile.latency.move + profile.latency.remove);
  return cost;
}

Cost plain_cost(const CostProfile& profile, Op op, std::uint64_t amount) {
  Cost cost;
  switch (op) {
    case Op::list:
      return list_cost(profile, amount);
    case Op::get:
      cost.down = amount;
      cost.counts.read = 1;
      cost.billed.read = pieces(amount, profile.billed_chunk);
      cost.latency = profile.latency.get;
      cost.transfer = time_for(amount, profile.bandwidth.stream_down);
      return cost;
    case Op::put:
      return put_cost(profile, amount);
    case Op::make_folder:
      cost.counts.write = cost.billed.write = 1;
      cost.latency = profile.latency.put;
      return cost;
    case Op::remove:
    case Op::remove_folder:
      cost.counts.remove = cost.billed.remove = 1;
      cost.latency = profile.latency.remove;
      return cost;
    case Op::move:
      return move_cost(profile, amount);
    case Op::head:
      cost.counts.other = cost.billed.other = 1;
      cost.latency = profile.latency.head;
      return cost;
    default:  // an operation that is no request
      return cost;
  }
}

Cost::Counts operator+(const Cost::Counts& a, const Cost::Counts& b) {
  return {a.write + b.write, a.list + b.list, a.read + b.read, a.other + b.other,
          a.remove + b.remove};
}

}  // namespace

Cost operator+(const Cost& a, const Cost& b) {
  return {a.latency + b.latency, a.transfer + b.transfer, a.up + b.up,
          a.down + b.down,       a.counts + b.counts,     a.billed + b.billed};
}

Cost cost_of(const CostProfile& profile, Op op, std::uint64_t amount, std::uint32_t draw) {
  Cost cost = plain_cost(profile, op, amount);
  cost.latency = with_jitter(profile, cost.latency, draw);
  return cost;
}

Cost cost_of_refusal(const CostProfile& profile, Op op) {
  Cost cost = plain_cost(profile, op, 0);
  cost.counts = plain_cost({}, op, 0).counts;  // one request, whatever its content would have been
  cost.billed = {};                            // a 503 is not billed
  return cost;
}

Nanos alone(const CostProfile& profile, const Cost& cost) {
  return cost.latency + std::max({cost.transfer, time_for(cost.up, profile.bandwidth.all_up),
                                  time_for(cost.down, profile.bandwidth.all_down)});
}

double dollars(const CostProfile& profile, const Cost& cost) {
  const Prices& price = profile.prices;
  const auto of = [](std::uint64_t n, double each) { return static_cast<double>(n) * each; };
  return (of(cost.billed.write, price.write) + of(cost.billed.list, price.list) +
          of(cost.billed.read, price.read) + of(cost.billed.other, price.other) +
          of(cost.billed.remove, price.remove)) /
             1e4 +
         (of(cost.up, price.gb_up) + of(cost.down, price.gb_down)) / 1e9;
}

std::uint64_t key_of(std::string_view path, Op op) {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return mix(hash + static_cast<std::uint64_t>(op));
}

std::uint32_t draw_of(std::uint64_t key, std::uint64_t n) {
  return static_cast<std::uint32_t>(mix(key + n * 0x9e3779b97f4a7c15U));
}

std::uint32_t draw_of(std::string_view path, Op op, std::uint64_t n) {
  return draw_of(key_of(path, op), n);
}

Nanos pause_before_retry(const CostProfile& profile, std::uint64_t n, Nanos retry_after) {
  // As the Azure clients do: a Retry-After is obeyed, not added.
  if (retry_after > 0) return retry_after;
  const std::uint64_t doubled = std::min<std::uint64_t>(n, 20);
  const Nanos pause = profile.retry.first << doubled;
  return profile.retry.longest > 0 ? std::min(pause, profile.retry.longest) : pause;
}

}  // namespace meter
