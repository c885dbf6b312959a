// What the parts of MLflow's dialect share: arguments, pages, and MLflow's search language.
// Source: MLflow's REST API reference and "Search runs"; what its 2.x and 3.x clients send.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file_lock.hpp"
#include "gateway/route.hpp"

namespace gateway::mlflow {

// MLflow's error body: {"error_code": "RESOURCE_DOES_NOT_EXIST", "message"}.
net::Reply refuse(const base::Error&);

// The query's words and the body's members in one object; a repeated word is a list.
nlohmann::json arguments(Call&);
// Throws bad_input where it is missing or empty, in MLflow's words.
std::string required(const nlohmann::json& arguments, const char* name);
// "" where it is absent or null.
std::string text_of(const nlohmann::json& arguments, const char* name);
// A number, or digits in a text: protobuf's JSON writes 64-bit numbers so.
std::int64_t integer_of(const nlohmann::json& value);
// A member that is absent, one text or a list of texts.
std::vector<std::string> texts_of(const nlohmann::json& arguments, const char* name);

// [{"key", "value"}, …] and back.
nlohmann::json pairs(const model::Words&);
model::Words words_of(const nlohmann::json& pairs);

// Nobody else, in no process, changes what is kept for MLflow meanwhile: its documents are read,
// changed and put back.
base::FileLock hold_documents(RunStore&);
// An answer that does so.
template <net::Reply (*answer)(Call&)>
net::Reply alone(Call& call) {
  const auto held = hold_documents(call.store);
  return answer(call);
}

std::int64_t milliseconds(base::Time);
base::Time time_of(std::int64_t milliseconds);

// What is searched for: its values by their kinds.
struct Subject {
  model::Words attributes;  // numbers in digits
  model::Words params;
  model::Words tags;
  std::map<std::string, double> metrics;
};

struct Condition {
  std::string kind;  // attribute, param, tag, metric
  std::string key;
  std::string comparator;           // = != < <= > >= LIKE ILIKE IN NOT IN IS NULL, IS NOT NULL
  std::vector<std::string> values;  // one, but for IN
};

// "metrics.acc > 0.9 and tags.`my tag` LIKE 'a%'". Throws bad_input with what it stumbled over.
std::vector<Condition> parse_filter(const std::string& filter);
bool holds(const std::vector<Condition>&, const Subject&);

struct Order {
  std::string kind;
  std::string key;
  bool descending = false;
};
std::vector<Order> parse_order(const std::vector<std::string>& clauses);
// Whether `a` comes before `b`; what has no such value comes last.
bool comes_before(const std::vector<Order>&, const Subject& a, const Subject& b);

// A value of a run's, an experiment's or a model's JSON beside what it is searched by.
struct Found {
  Subject subject;
  nlohmann::json value;
};
// {"key": [values], "next_page_token"}: what holds, in order, and of it the page that is asked for.
nlohmann::json page_of(std::vector<Found>, const nlohmann::json& arguments, const char* key,
                       std::size_t usual);

// Experiments are named by their id here: the id is the name, as in a step's environment; MLflow's
// own "0" is "Default".
std::string experiment_name(const std::string& id);
// Makes it known where no run of it is.
void remember_experiment(RunStore&, const std::string& name, const base::Clock&);

std::string artifact_uri(const std::string& run);
// The file or folder that an artifact's address or a model's source means: mlflow-artifacts:/…,
// runs:/RUN/PATH, models:/NAME/VERSION, models:/m-ID, file:///…, or an absolute path. Throws
// not_found or bad_input.
fs::path located(RunStore&, const std::string& uri);

}  // namespace gateway::mlflow
