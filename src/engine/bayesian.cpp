#include "engine/bayesian.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace engine {

using nlohmann::json;

// A socket, not two pipes: a write to a process that has gone is an error then and no signal.
struct Optimiser::State {
  const model::Sweep& sweep;
  base::Fd ours;
  std::optional<base::Child> child;
  std::string unread;
  std::string name;

  void say(const json& call) {
    const std::string line = call.dump() + "\n";
    for (std::size_t at = 0; at < line.size();) {
      const ssize_t sent = ::send(ours.get(), line.data() + at, line.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) throw gone();
      at += static_cast<std::size_t>(sent);
    }
  }

  json answer() {
    for (;;) {
      if (const auto end = unread.find('\n'); end != std::string::npos) {
        const json value = json::parse(unread.substr(0, end), nullptr, false);
        unread.erase(0, end + 1);
        if (!value.is_object()) throw gone();
        return value;
      }
      char block[4096];
      const ssize_t got = ::recv(ours.get(), block, sizeof block, 0);
      if (got <= 0) throw gone();
      unread.append(block, static_cast<std::size_t>(got));
    }
  }

  static base::Error gone() {
    return {base::Code::unavailable, "the optimiser of the bayesian sampling has gone"};
  }
};

Optimiser::Optimiser(const model::Sweep& sweep, const step::Runtime& runtime,
                     const base::Variables& environment, std::uint64_t seed)
    : state_(new State{sweep, {}, std::nullopt, "", ""}) {
  State& state = *state_;
  {
    auto [ours, theirs] = base::make_socket_pair();
    state.ours = std::move(ours);
    // An import on a busy machine takes its time; nothing takes a minute.
    const timeval patience{60, 0};
    ::setsockopt(state.ours.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const base::Fd nowhere = base::open_file("/dev/null", O_WRONLY);
    base::Spawn spawn;
    spawn.argv = {runtime.python.native(), "-c", std::string(optimiser_files().begin()->second)};
    spawn.environment = environment;
    spawn.environment.insert(spawn.environment.end(), runtime.activation.begin(),
                             runtime.activation.end());
    spawn.descriptors = {{theirs.get(), 0}, {theirs.get(), 1}, {nowhere.get(), 2}};
    spawn.own_group = true;
    state.child.emplace(base::Child::spawn(spawn));
  }
  json space = json::array();
  for (const auto& dimension : sweep.space)
    space.push_back(dimension.kind == model::Dimension::Kind::choice ? dimension.values.size() : 0);
  const std::uint64_t start = sweep.seed.value_or(seed);
  try {
    state.say({{"space", space}, {"maximize", sweep.maximize}, {"seed", start % (1ULL << 32)}});
    state.name = state.answer().value("optimiser", "");
  } catch (const base::Error&) {
    // It could not even start: as if it had nothing.
  }
  if (state.name.empty())
    throw base::Error(base::Code::unavailable,
                      fmt::format("{} has no optuna", runtime.python.native()))
        .hint(fmt::format("{} -m pip install optuna", runtime.python.native()));
}

Optimiser::~Optimiser() = default;

const std::string& Optimiser::name() const {
  return state_->name;
}

TrialValues Optimiser::ask(std::size_t trial) {
  State& state = *state_;
  state.say({{"ask", trial}});
  const json at = state.answer().value("at", json::array());
  if (at.size() != state.sweep.space.size()) throw State::gone();
  return values_at(state.sweep, at.get<std::vector<double>>());
}

void Optimiser::tell(std::size_t trial, std::optional<double> value) {
  state_->say({{"tell", trial}, {"value", value ? json(*value) : json()}});
}

}  // namespace engine
