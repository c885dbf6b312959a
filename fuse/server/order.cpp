#include "fuse/server/order.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace fuse {

using nlohmann::json;

namespace {

constexpr std::array<std::string_view, 3> kinds{"mount", "download", "upload"};

std::string path_in(const json& j, const char* key) {
  return j.value(key, std::string());
}

json to_object(const SessionOrder& session) {
  return {{"name", session.name},
          {"kind", mode_of(session.kind)},
          {"local", session.local.native()},
          {"point", session.point.native()},
          {"root", session.root.native()},
          {"only", session.only},
          {"profile", session.profile},
          {"variables", session.variables},
          {"read_only", session.read_only},
          {"cache", session.cache.native()},
          {"unsent", session.unsent.native()},
          {"intents", session.intents.native()}};
}

SessionOrder session_from(const json& j) {
  SessionOrder session;
  session.name = j.at("name").get<std::string>();
  const auto kind = std::find(kinds.begin(), kinds.end(), j.value("kind", "mount"));
  if (kind == kinds.end())
    throw base::Error(base::Code::bad_input, "not an order for mounts: an unknown kind");
  session.kind = static_cast<SessionOrder::Kind>(kind - kinds.begin());
  session.local = path_in(j, "local");
  session.point = j.at("point").get<std::string>();
  session.root = j.at("root").get<std::string>();
  session.only = j.value("only", "");
  session.profile = j.value("profile", session.profile);
  session.variables = j.value("variables", session.variables);
  session.read_only = j.value("read_only", false);
  session.cache = path_in(j, "cache");
  session.unsent = path_in(j, "unsent");
  session.intents = path_in(j, "intents");
  return session;
}

}  // namespace

std::string mode_of(SessionOrder::Kind kind) {
  return std::string(kinds[static_cast<std::size_t>(kind)]);
}

std::string to_json(const Order& order) {
  json j = {{"version", 1},
            {"sessions", json::array()},
            {"ledger", order.ledger.native()},
            {"log", order.log.native()},
            {"cost", order.cost},
            {"clock", order.clock},
            {"step", order.step},
            {"faults", order.faults},
            {"see_everything", order.see_everything},
            {"own_namespace", order.own_namespace},
            {"for_others", order.for_others},
            {"state", order.state.native()}};
  for (const auto& session : order.sessions) j["sessions"].push_back(to_object(session));
  return j.dump();
}

Order order_from_json(const std::string& text) {
  try {
    const json j = json::parse(text);
    if (j.at("version") != 1)
      throw base::Error(base::Code::newer_version,
                        "the mount process and amlocal are of different versions")
          .hint("install amlocal again");
    Order order;
    for (const auto& session : j.at("sessions")) order.sessions.push_back(session_from(session));
    order.ledger = path_in(j, "ledger");
    order.log = path_in(j, "log");
    order.cost = j.value("cost", order.cost);
    order.clock = j.value("clock", order.clock);
    order.step = j.value("step", "");
    order.faults = j.value("faults", order.faults);
    order.see_everything = j.value("see_everything", false);
    order.own_namespace = j.value("own_namespace", false);
    order.for_others = j.value("for_others", false);
    order.state = path_in(j, "state");
    return order;
  } catch (const json::exception& problem) {
    throw base::Error(base::Code::bad_input,
                      std::string("not an order for mounts: ") + problem.what());
  }
}

std::string to_json(const Finished& finished) {
  json j = {{"unsent", json::array()},
            {"never_fired", json::array()},
            {"fired", json::array()},
            {"gone", finished.gone},
            {"changed", json::array()},
            {"refusals", finished.refusals},
            {"last_refusal", finished.last_refusal}};
  for (const auto& [session, file] : finished.unsent)
    j["unsent"].push_back({{"session", session}, {"path", file.path}, {"why", file.why}});
  for (const auto& one : finished.changed)
    j["changed"].push_back(
        {{"session", one.session}, {"path", one.path}, {"requests", one.requests}});
  for (const auto& one : finished.never_fired)
    j["never_fired"].push_back(
        {{"fault", one.fault}, {"why", one.why}, {"came_near", one.came_near}});
  for (const auto& one : finished.fired)
    j["fired"].push_back({{"fault", one.fault}, {"times", one.times}});
  return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

Finished finished_from_json(const std::string& text) {
  try {
    Finished finished;
    const json j = json::parse(text);
    for (const auto& file : j.at("unsent"))
      finished.unsent.push_back(
          {file.at("session").get<std::string>(),
           {file.at("path").get<std::string>(), file.at("why").get<std::string>()}});
    for (const auto& one : j.value("changed", json::array()))
      finished.changed.push_back({one.at("session").get<std::string>(),
                                  one.at("path").get<std::string>(),
                                  one.at("requests").get<std::uint64_t>()});
    for (const auto& one : j.at("never_fired"))
      finished.never_fired.push_back({one.at("fault").get<std::string>(),
                                      one.at("why").get<std::string>(),
                                      one.at("came_near").get<bool>()});
    for (const auto& one : j.value("fired", json::array()))
      finished.fired.push_back(
          {one.at("fault").get<std::string>(), one.at("times").get<std::uint64_t>()});
    finished.gone = j.value("gone", std::vector<std::string>());
    finished.refusals = j.value("refusals", std::uint64_t{0});
    finished.last_refusal = j.value("last_refusal", "");
    return finished;
  } catch (const json::exception& problem) {
    throw base::Error(base::Code::bad_input,
                      std::string("not the end of a mount: ") + problem.what());
  }
}

}  // namespace fuse
