#include "events/event.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.hpp"

namespace events {

using nlohmann::json;

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RunStarted, run, experiment, display_name,
                                                definition, command, steps)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Notice, step, text)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(StepStarted, step, id, log, fingerprint, snapshot)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(OutputPublished, step, output, type, mode, uri,
                                                path)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Failure, kind, summary, exception, place, hint,
                                                log_tail, json)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(StepPassedOver, step, status, reason, from_run)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(AssetRegistered, name, version, type, path, step,
                                                output)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RunOutput, name, type, uri, path, value)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RunEnded, status, seconds, outputs)

namespace {

void to_json(json& j, const StepEnded& e) {
  j = {{"step", e.step},         {"status", e.status},           {"exit_code", e.exit_code},
       {"seconds", e.seconds},   {"cpu_seconds", e.cpu_seconds}, {"peak_bytes", e.peak_bytes},
       {"bytes_in", e.bytes_in}, {"bytes_out", e.bytes_out}};
  if (e.failure) j["failure"] = *e.failure;
}

// A whole number that T can hold, 0 where there is none. `value` alone would cast 1e300 to an int.
template <class T>
T whole(const json& j, const char* name) {
  const auto found = j.find(name);
  if (found == j.end()) return 0;
  if (found->is_number_unsigned()
          ? std::in_range<T>(found->get<std::uint64_t>())
          : found->is_number_integer() && std::in_range<T>(found->get<std::int64_t>()))
    return found->get<T>();
  throw base::Error(base::Code::corrupt,
                    std::string("not an event: '") + name + "' is " + found->dump());
}

void from_json(const json& j, StepEnded& e) {
  e.step = j.value("step", "");
  e.status = j.value("status", "");
  e.exit_code = whole<int>(j, "exit_code");
  e.seconds = j.value("seconds", 0.0);
  e.cpu_seconds = j.value("cpu_seconds", 0.0);
  e.peak_bytes = whole<std::uint64_t>(j, "peak_bytes");
  e.bytes_in = whole<std::uint64_t>(j, "bytes_in");
  e.bytes_out = whole<std::uint64_t>(j, "bytes_out");
  if (j.contains("failure")) e.failure = j.at("failure").get<Failure>();
}

constexpr const char* name_of(const RunStarted&) {
  return "run_started";
}
constexpr const char* name_of(const Notice&) {
  return "notice";
}
constexpr const char* name_of(const StepStarted&) {
  return "step_started";
}
constexpr const char* name_of(const OutputPublished&) {
  return "output_published";
}
constexpr const char* name_of(const StepEnded&) {
  return "step_ended";
}
constexpr const char* name_of(const StepPassedOver&) {
  return "step_passed_over";
}
constexpr const char* name_of(const AssetRegistered&) {
  return "asset_registered";
}
constexpr const char* name_of(const RunEnded&) {
  return "run_ended";
}

// Tries each kind of the variant in turn until the name fits.
template <std::size_t N = 0>
std::optional<Event> read_event(const std::string& name, const json& j) {
  if constexpr (N == std::variant_size_v<Event>) {
    return std::nullopt;
  } else {
    using E = std::variant_alternative_t<N, Event>;
    if (name != name_of(E{})) return read_event<N + 1>(name, j);
    E event;
    from_json(j, event);
    return event;
  }
}

}  // namespace

std::string to_json(const Stamped& stamped) {
  return std::visit(
      [&](const auto& event) {
        json body;
        to_json(body, event);
        body["time"] = base::to_iso(stamped.time);
        body["event"] = name_of(event);
        // A log line may hold bytes that are no UTF-8: they become U+FFFD rather than an exception.
        return body.dump(-1, ' ', false, json::error_handler_t::replace);
      },
      stamped.event);
}

std::optional<Stamped> from_json(const std::string& text) {
  try {
    const json j = json::parse(text);
    auto event = read_event(j.at("event").get<std::string>(), j);
    if (!event) return std::nullopt;
    return Stamped{base::from_iso(j.at("time").get<std::string>()), std::move(*event)};
  } catch (const json::exception& problem) {
    throw base::Error(base::Code::corrupt, std::string("not an event: ") + problem.what());
  } catch (const base::Error& problem) {
    if (problem.code() == base::Code::corrupt) throw;
    throw base::Error(base::Code::corrupt, "not an event: " + problem.message());
  }
}

}  // namespace events
