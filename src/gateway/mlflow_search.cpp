// MLflow's search language: filters, orders, pages.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "gateway/mlflow.hpp"

namespace gateway::mlflow {
namespace {

using nlohmann::json;

struct Token {
  enum class Kind { word, quoted, mark, end } kind = Kind::end;
  std::string text;
};

bool is_quote(char c) {
  return c == '\'' || c == '"' || c == '`';
}
bool is_mark(char c) {
  return c == '=' || c == '!' || c == '<' || c == '>' || c == '(' || c == ')' || c == ',';
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) { advance(); }

  const Token& token() const { return token_; }
  bool at_end() const { return token_.kind == Token::Kind::end; }
  bool at(const char* word) const {
    return token_.kind == Token::Kind::word && upper(token_.text) == word;
  }
  Token take() {
    Token taken = token_;
    advance();
    return taken;
  }
  [[noreturn]] void refuse(const std::string& wanted) const {
    throw base::Error(base::Code::bad_input,
                      fmt::format("Invalid filter '{}': expected {}, found {}", text_, wanted,
                                  at_end() ? "its end" : fmt::format("'{}'", token_.text)))
        .hint("write it like metrics.accuracy > 0.9 and tags.stage = 'train'");
  }

 private:
  void advance() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    token_ = {};
    if (at_ == text_.size()) return;
    if (is_quote(text_[at_])) return quoted();
    if (is_mark(text_[at_])) return mark();
    token_.kind = Token::Kind::word;
    // A quoted part behind a point belongs to the word: tags.`a b`.
    while (at_ < text_.size() && !is_mark(text_[at_]) &&
           !std::isspace(static_cast<unsigned char>(text_[at_]))) {
      if (is_quote(text_[at_]))
        token_.text += inner();
      else
        token_.text += text_[at_++];
    }
  }
  void quoted() {
    token_ = {Token::Kind::quoted, inner()};
    // `tags`.x is not written by anybody; "name" and `name` as an attribute are.
  }
  std::string inner() {
    const auto end = text_.find(text_[at_], at_ + 1);
    if (end == std::string::npos)
      throw base::Error(base::Code::bad_input,
                        fmt::format("Invalid filter '{}': a quotation mark is not closed", text_));
    const std::string found = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return found;
  }
  void mark() {
    token_ = {Token::Kind::mark, std::string(1, text_[at_++])};
    const bool compares = std::string("=!<>").find(token_.text) != std::string::npos;
    if (compares && at_ < text_.size() && text_[at_] == '=') token_.text += text_[at_++];
  }

  const std::string& text_;
  std::size_t at_ = 0;
  Token token_;
};

struct Key {
  std::string kind;
  std::string name;
};

Key key_of(const std::string& word) {
  constexpr std::pair<const char*, const char*> kinds[] = {{"metrics", "metric"},
                                                           {"metric", "metric"},
                                                           {"params", "param"},
                                                           {"param", "param"},
                                                           {"parameters", "param"},
                                                           {"parameter", "param"},
                                                           {"tags", "tag"},
                                                           {"tag", "tag"},
                                                           {"attributes", "attribute"},
                                                           {"attribute", "attribute"},
                                                           {"attr", "attribute"},
                                                           {"run", "attribute"},
                                                           {"datasets", "dataset"},
                                                           {"dataset", "dataset"}};
  const auto point = word.find('.');
  if (point != std::string::npos)
    for (const auto& [written, kind] : kinds)
      if (word.substr(0, point) == written) return {kind, word.substr(point + 1)};
  return {"attribute", word};
}

// Search's own names for what a run calls otherwise.
std::string attribute(const std::string& name) {
  if (name == "Created" || name == "created") return "start_time";
  if (name == "run name" || name == "Run name" || name == "name") return "name";
  if (name == "run_name" || name == "Run Name") return "name";
  if (name == "run_uuid") return "run_id";
  return name;
}

std::string comparator(Reader& reader) {
  if (reader.token().kind == Token::Kind::mark) {
    const std::string mark = reader.take().text;
    if (mark == "==") return "=";
    for (const char* known : {"=", "!=", "<", "<=", ">", ">="})
      if (mark == known) return mark;
    reader.refuse("=, !=, <, <=, >, >=, LIKE, ILIKE, IN or NOT IN");
  }
  for (const char* known : {"LIKE", "ILIKE", "IN"})
    if (reader.at(known)) {
      reader.take();
      return known;
    }
  if (reader.at("IS")) {
    reader.take();
    const bool inverted = reader.at("NOT");
    if (inverted) reader.take();
    if (!reader.at("NULL")) reader.refuse("NULL");
    reader.take();
    return inverted ? "IS NOT NULL" : "IS NULL";
  }
  if (reader.at("NOT")) {
    reader.take();
    if (!reader.at("IN")) reader.refuse("IN");
    reader.take();
    return "NOT IN";
  }
  reader.refuse("=, !=, <, <=, >, >=, LIKE, ILIKE, IN or NOT IN");
}

std::vector<std::string> list(Reader& reader) {
  if (reader.token().text != "(") reader.refuse("a list such as ('a', 'b')");
  std::vector<std::string> values;
  do {
    reader.take();
    if (reader.token().kind == Token::Kind::mark) reader.refuse("a value");
    values.push_back(reader.take().text);
  } while (reader.token().text == ",");
  if (reader.token().text != ")") reader.refuse("','  or ')'");
  reader.take();
  return values;
}

bool like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '%') {
    for (std::size_t n = 0; n <= text.size(); ++n)
      if (like(text.substr(n), pattern.substr(1))) return true;
    return false;
  }
  if (text.empty() || (pattern.front() != '_' && pattern.front() != text.front())) return false;
  return like(text.substr(1), pattern.substr(1));
}

std::optional<double> number_of(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') return std::nullopt;
  return value;
}

template <class Value>
bool compare(const Value& a, const std::string& comparator, const Value& b) {
  if (comparator == "=") return a == b;
  if (comparator == "!=") return a != b;
  if (comparator == "<") return a < b;
  if (comparator == "<=") return a <= b;
  if (comparator == ">") return a > b;
  return a >= b;
}

std::optional<std::string> word_of(const Subject& subject, const std::string& kind,
                                   const std::string& key) {
  const auto& words = kind == "tag"     ? subject.tags
                      : kind == "param" ? subject.params
                                        : subject.attributes;
  const auto found = words.find(kind == "attribute" ? attribute(key) : key);
  if (found == words.end()) return std::nullopt;
  return found->second;
}

std::optional<double> metric_of(const Subject& subject, const std::string& key) {
  const auto found = subject.metrics.find(key);
  if (found == subject.metrics.end()) return std::nullopt;
  return found->second;
}

bool holds(const Condition& condition, const Subject& subject) {
  const bool is_metric = condition.kind == "metric";
  const auto number = is_metric ? metric_of(subject, condition.key) : std::nullopt;
  const auto word = is_metric ? std::nullopt : word_of(subject, condition.kind, condition.key);
  if (condition.comparator == "IS NULL") return !number && !word;
  if (condition.comparator == "IS NOT NULL") return number || word;
  if (is_metric) {
    const auto wanted = number_of(condition.values[0]);
    return number && wanted && compare(*number, condition.comparator, *wanted);
  }
  // What clients add to leave prompts out of the models; models have no such tag.
  if (!word) return condition.key == "mlflow.prompt.is_prompt" && condition.comparator == "!=";
  const auto& values = condition.values;
  if (condition.comparator == "LIKE") return like(*word, values[0]);
  if (condition.comparator == "ILIKE") return like(upper(*word), upper(values[0]));
  const bool listed = std::find(values.begin(), values.end(), *word) != values.end();
  if (condition.comparator == "IN") return listed;
  if (condition.comparator == "NOT IN") return !listed;
  const bool counts = condition.kind == "attribute" &&
                      (condition.key.ends_with("_time") || condition.key == "version_number");
  const auto have = counts ? number_of(*word) : std::nullopt;
  const auto want = counts ? number_of(values[0]) : std::nullopt;
  if (have && want) return compare(*have, condition.comparator, *want);
  return compare(*word, condition.comparator, values[0]);
}

// Less than 0, 0, more than 0.
int order_of(const Order& order, const Subject& a, const Subject& b) {
  const auto sign = [&](auto& x, auto& y) {
    if (!x || !y) return int(!x) - int(!y);
    const int by_value = *x < *y ? -1 : *y < *x ? 1 : 0;
    return order.descending ? -by_value : by_value;
  };
  if (order.kind == "metric") {
    const auto x = metric_of(a, order.key), y = metric_of(b, order.key);
    return sign(x, y);
  }
  const auto x = word_of(a, order.kind, order.key), y = word_of(b, order.kind, order.key);
  const auto m = x ? number_of(*x) : std::nullopt, n = y ? number_of(*y) : std::nullopt;
  return m && n ? sign(m, n) : sign(x, y);
}

}  // namespace

std::vector<Condition> parse_filter(const std::string& filter) {
  std::vector<Condition> conditions;
  Reader reader(filter);
  while (!reader.at_end()) {
    if (!conditions.empty()) {
      if (!reader.at("AND")) reader.refuse("AND");
      reader.take();
    }
    if (reader.token().kind == Token::Kind::mark || reader.at_end()) reader.refuse("a name");
    const Key key = key_of(reader.take().text);
    Condition condition{key.kind, key.name, comparator(reader), {}};
    if (condition.comparator.ends_with("IN")) {
      condition.values = list(reader);
    } else if (!condition.comparator.starts_with("IS")) {
      if (reader.token().kind == Token::Kind::mark || reader.at_end()) reader.refuse("a value");
      if (condition.kind == "metric" && !number_of(reader.token().text)) reader.refuse("a number");
      condition.values.push_back(reader.take().text);
    }
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

bool holds(const std::vector<Condition>& conditions, const Subject& subject) {
  return std::all_of(conditions.begin(), conditions.end(),
                     [&](const auto& condition) { return holds(condition, subject); });
}

std::vector<Order> parse_order(const std::vector<std::string>& clauses) {
  std::vector<Order> orders;
  for (const auto& clause : clauses) {
    Reader reader(clause);
    if (reader.at_end()) continue;
    const Key key = key_of(reader.take().text);
    const bool descending = reader.at("DESC");
    if (descending || reader.at("ASC")) reader.take();
    if (!reader.at_end()) reader.refuse("ASC or DESC");
    orders.push_back({key.kind, key.name, descending});
  }
  return orders;
}

bool comes_before(const std::vector<Order>& orders, const Subject& a, const Subject& b) {
  for (const auto& order : orders)
    if (const int sign = order_of(order, a, b)) return sign < 0;
  return false;
}

json page_of(std::vector<Found> all, const json& arguments, const char* key, std::size_t usual) {
  std::string filter = text_of(arguments, "filter");
  if (filter.empty()) filter = text_of(arguments, "filter_string");
  const auto conditions = parse_filter(filter);
  std::erase_if(all, [&](const auto& one) { return !holds(conditions, one.subject); });
  std::vector<std::string> clauses;
  for (const auto& clause : arguments.value("order_by", json::array())) {
    // Of logged models: {"field_name", "ascending"}.
    if (clause.is_object())
      clauses.push_back(text_of(clause, "field_name") +
                        (clause.value("ascending", true) ? " ASC" : " DESC"));
    else
      clauses.push_back(clause);
  }
  const auto orders = parse_order(clauses);
  std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) {
    return comes_before(orders, a.subject, b.subject);
  });
  const auto most = arguments.contains("max_results")
                        ? static_cast<std::size_t>(
                              std::max<std::int64_t>(integer_of(arguments["max_results"]), 1))
                        : usual;
  const std::string token = text_of(arguments, "page_token");
  const auto first = std::min(
      token.empty() ? 0 : static_cast<std::size_t>(std::max<std::int64_t>(integer_of(token), 0)),
      all.size());
  const auto last = std::min(all.size() - first, most) + first;
  json list = json::array();
  for (std::size_t n = first; n < last; ++n) list.push_back(std::move(all[n].value));
  json answer = {{key, std::move(list)}};
  if (last < all.size()) answer["next_page_token"] = std::to_string(last);
  return answer;
}

}  // namespace gateway::mlflow
