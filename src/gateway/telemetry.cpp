// Application Insights' ingestion, as the log handlers of opencensus and OpenTelemetry call it.
// Source: the exporters' own requests; "Application Insights: TrackResponse" for the answer.
#include <fmt/format.h>

#include <sstream>

#include "gateway/route.hpp"

namespace gateway {
namespace {

using nlohmann::json;

constexpr std::size_t longest_batch = 64 << 20;

// A body is an array of envelopes, one envelope, or one a line (older exporters). A line that is no
// JSON comes back as a discarded value, so that its neighbours are kept.
std::vector<json> envelopes(const std::string& text) {
  json whole = json::parse(text, nullptr, false);
  if (whole.is_array()) return whole.get<std::vector<json>>();
  if (!whole.is_discarded()) return {std::move(whole)};
  std::vector<json> list;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.find_first_not_of(" \t\r") != std::string::npos)
      list.push_back(json::parse(line, nullptr, false));
  return list;
}

// Why an envelope is not taken, "" when it is.
std::string refusal(const json& envelope, const std::string& key) {
  if (!envelope.is_object()) return "this is no JSON object";
  const auto text = [&](const char* name) {
    const auto found = envelope.find(name);
    return found != envelope.end() && found->is_string() ? found->get<std::string>() : "";
  };
  if (text("name").empty() || !envelope.contains("data"))
    return "an envelope needs a 'name' and 'data'";
  if (text("iKey") != key)
    return fmt::format(
        "Invalid instrumentation key '{}': a run takes the one of its variable "
        "APPLICATIONINSIGHTS_CONNECTION_STRING; leave connection_string out of the script",
        text("iKey"));
  return "";
}

// The step that an exporter's address names, as the pipeline calls it; "" for none.
std::string step_of(Call& call) {
  if (call.words.empty()) return "";
  try {
    const auto run = call.store.run(call.words[0]);
    return run.step.empty() ? run.name : run.step;
  } catch (const base::Error&) {
    return "";  // its line is kept all the same
  }
}

net::Reply track(Call& call) {
  auto list = envelopes(net::read_all(call.body, longest_batch));
  const std::string step = step_of(call);
  json errors = json::array();
  bool any_refused = false;
  for (std::size_t n = 0; n < list.size(); ++n) {
    const std::string why = refusal(list[n], call.self.instrumentation_key);
    if (why.empty()) {
      if (!step.empty()) list[n]["step"] = step;
      call.store.keep_telemetry(list[n].dump(-1, ' ', false, json::error_handler_t::replace));
    } else {
      any_refused = true;
      errors.push_back({{"index", n}, {"statusCode", 400}, {"message", why}});
    }
  }
  const std::size_t taken = list.size() - errors.size();
  // 206: some of them. The exporters send a refused one (400) no second time.
  const int status = !any_refused && !list.empty() ? 200 : taken > 0 ? 206 : 400;
  return reply({{"itemsReceived", list.size()}, {"itemsAccepted", taken}, {"errors", errors}},
               status);
}

net::Reply refuse(const base::Error& error) {
  const int status = http_status(error.code());
  return reply({{"itemsReceived", 0},
                {"itemsAccepted", 0},
                {"errors", {{{"index", 0}, {"statusCode", status}, {"message", error.message()}}}}},
               status);
}

constexpr Route routes[] = {
    {"POST", "/v2.1/track", track},
    {"POST", "/v2/track", track},
    {"POST", "/telemetry/{}/v2.1/track", track},
    {"POST", "/telemetry/{}//v2.1/track", track},  // see `match`
    {"POST", "/telemetry/{}/v2/track", track},
    {"POST", "/telemetry/{}//v2/track", track},
};

}  // namespace

// Open: an exporter shows no token, only the run's instrumentation key.
Dialect telemetry() {
  return {routes, refuse, true};
}

}  // namespace gateway
