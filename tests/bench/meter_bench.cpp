// What metering and recording add to a request, and what the simulator takes:
//
//     meter_bench FOLDER ROUNDS
//
// A head of an object in memory, bare, then through profile, clock and record. Prints a line a
// round: nanoseconds of a bare request, of a metered and recorded one, of a simulated one.
#include <chrono>
#include <iostream>

#include "base/files.hpp"
#include "meter/compose.hpp"
#include "meter/simulate.hpp"
#include "store/memory_store.hpp"

namespace {

constexpr std::size_t requests = 200'000;

template <class Act>
double nanoseconds_each(Act act) {
  const auto began = std::chrono::steady_clock::now();
  act();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  return took.count() / requests;
}

void heads(store::ObjectStore& store) {
  for (std::size_t n = 0; n < requests; ++n)
    if (!store.head("train/part-0001.csv")) throw std::runtime_error("it vanished");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::cerr << "usage: meter_bench FOLDER ROUNDS\n";
    return 2;
  }
  try {
    const auto memory = std::make_shared<store::MemoryStore>();
    memory->set("train/part-0001.csv", "1");
    const auto profile = meter::preset("blob-standard");
    const auto clock = meter::make_clock({meter::ClockChoice::Kind::ledger, 1});
    meter::Account account(profile);
    for (int round = 0; round < std::stoi(arguments[2]); ++round) {
      const base::TempDir folder(arguments[1]);
      const double bare = nanoseconds_each([&] { heads(*memory); });
      double metered = 0;
      {
        meter::Ledger ledger(folder.path() / "ledger");
        const auto store = meter::compose(memory, {profile, *clock, account, nullptr, &ledger});
        metered = nanoseconds_each([&] { heads(*store); });
      }
      const auto list = meter::requests_of(meter::read_ledger(folder.path() / "ledger"), {});
      const double simulated = nanoseconds_each([&] { meter::simulate(list, profile); });
      std::cout << bare << ' ' << metered << ' ' << simulated << '\n';
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
