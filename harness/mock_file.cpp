// The grammar of mocks: docs/schemas/mock.json.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <set>

#include "base/error.hpp"
#include "base/files.hpp"
#include "definition/definition.hpp"
#include "harness/mock.hpp"
#include "harness/mock_content.hpp"
#include "text/diagnostic.hpp"

namespace harness {
namespace {

constexpr std::string_view suffix = ".mock.yml";
constexpr std::uint64_t most_files = 100'000;

using Words = std::vector<std::string>;
using text::Node;

const Words content_keys = {"text", "csv", "json", "base64"};
const Words source_keys = {"path",     "text",    "csv",     "json",      "base64", "files",
                           "generate", "command", "fileset", "recording", "value"};

[[noreturn]] void refuse(const base::Place& place, std::string what, std::string hint = "") {
  throw base::Error(base::Code::bad_definition, std::move(what)).at(place).hint(std::move(hint));
}

void check_map(const Node& node, std::string_view what, const Words& known) {
  if (!node.is_map())
    refuse(node.place, fmt::format("{} is a mapping", what),
           fmt::format("its keys: {}", fmt::join(known, ", ")));
  std::set<std::string> seen;
  for (const auto& entry : node.entries) {
    if (std::find(known.begin(), known.end(), entry.key) == known.end())
      refuse(entry.key_place, fmt::format("unknown key '{}' of {}", entry.key, what),
             text::did_you_mean(entry.key, known, 20));
    if (!seen.insert(entry.key).second)
      refuse(entry.key_place, fmt::format("'{}' stands here twice", entry.key));
  }
}

std::string scalar_of(const Node& node, std::string_view key) {
  if (!node.is_scalar() || node.scalar.empty())
    refuse(node.place, fmt::format("'{}' is a text", key));
  return node.scalar;
}

std::uint64_t count_of(const Node& node, std::string_view key, std::uint64_t least = 0) {
  if (node.kind != text::Kind::integer || node.as_integer() < static_cast<long long>(least))
    refuse(node.place, fmt::format("'{}' is a whole number from {} on", key, least));
  return static_cast<std::uint64_t>(node.as_integer());
}

bool flag_of(const Node& node, std::string_view key) {
  if (node.kind != text::Kind::boolean) refuse(node.place, fmt::format("'{}' is yes or no", key));
  return node.as_bool();
}

Words words_of(const Node& node, std::string_view key) {
  Words words;
  if (node.is_sequence())
    for (const auto& item : node.items) words.push_back(scalar_of(item, key));
  else
    words.push_back(scalar_of(node, key));
  return words;
}

fs::path path_of(const Node& node, std::string_view key, const fs::path& folder) {
  return fs::absolute(scalar_of(node, key), folder).lexically_normal();
}

// The text of `json:` as it is where it is JSON, else the value as JSON.
std::string json_text(const Node& node) {
  if (node.kind != text::Kind::string) return json_of(node).dump(2) + "\n";
  if (!nlohmann::json::accept(node.scalar))
    refuse(node.place, "this is no JSON",
           "write JSON in quotes or behind '|', or the value itself as YAML");
  return node.scalar;
}

Content content_of(const std::string& kind, const Node& node) {
  Content content{kind, node.scalar};
  if (kind == "json") {
    content.bytes = json_text(node);
    return content;
  }
  if (node.is_map() || node.is_sequence())
    refuse(node.place, fmt::format("'{}' is a text", kind), "put it behind '|'");
  if (kind == "csv" && !content.bytes.empty() && !content.bytes.ends_with('\n'))
    content.bytes += '\n';
  if (kind == "base64") {
    auto bytes = decode_base64(node.scalar);
    if (!bytes) refuse(node.place, "this is no base64", "base64 -w0 FILE writes it");
    content.bytes = std::move(*bytes);
  }
  return content;
}

// The one content in a mapping.
Content only_content(const Node& node, std::string_view what) {
  const text::Entry* found = nullptr;
  for (const auto& entry : node.entries) {
    if (std::find(content_keys.begin(), content_keys.end(), entry.key) == content_keys.end())
      continue;
    if (found)
      refuse(entry.key_place,
             fmt::format("{} has '{}' and '{}': one of them", what, found->key, entry.key));
    found = &entry;
  }
  if (!found)
    refuse(node.place, fmt::format("{} has no content", what),
           fmt::format("give one of: {}", fmt::join(content_keys, ", ")));
  return content_of(found->key, found->value);
}

ContentFiles files_of(const Node& node) {
  ContentFiles files;
  if (!node.is_map())
    refuse(node.place, "'files' maps names to contents",
           "files: {clean.csv: {csv: \"a,b\\n1,2\"}}");
  std::set<std::string> seen;
  for (const auto& entry : node.entries) {
    if (!is_path_below(entry.key))
      refuse(entry.key_place, fmt::format("'{}' is no file's path below the folder", entry.key));
    if (!seen.insert(entry.key).second)
      refuse(entry.key_place, fmt::format("'{}' stands here twice", entry.key));
    NamedContent file{entry.key, {"text", entry.value.scalar}};
    if (!entry.value.is_scalar() && !entry.value.is_null()) {
      const std::string what = fmt::format("file '{}'", entry.key);
      check_map(entry.value, what, content_keys);
      file.content = only_content(entry.value, what);
    }
    files.files.push_back(std::move(file));
  }
  return files;
}

FileSet fileset_of(const Node& node) {
  static const Words known = {"count", "first", "pattern", "text", "csv", "json", "base64"};
  check_map(node, "a file set", known);
  FileSet set;
  const auto* count = node.find("count");
  const auto* pattern = node.find("pattern");
  if (!count || !pattern)
    refuse(node.place, fmt::format("a file set needs '{}'", count ? "pattern" : "count"),
           "fileset: {count: 20, pattern: \"part-{n:05}.csv\", csv: \"id\\n{n}\"}");
  set.count = count_of(*count, "count", 1);
  if (set.count > most_files)
    refuse(count->place, fmt::format("a file set has at most {} files", most_files));
  if (const auto* first = node.find("first")) set.first = count_of(*first, "first");
  set.pattern = scalar_of(*pattern, "pattern");
  bool has_number = false;
  const std::string name = numbered(set.pattern, set.first, &has_number);
  if (!is_path_below(name))
    refuse(pattern->place, fmt::format("'{}' is no file's path below the folder", set.pattern));
  if (set.count > 1 && !has_number)
    refuse(pattern->place, fmt::format("'{}' names one file, not {}", set.pattern, set.count),
           "put {n} or {n:05} where the number belongs");
  set.content = only_content(node, "a file set");
  return set;
}

// A block of the file's own is a file; "make.py:rows" names the function.
Generated function_of(const Node& node, const fs::path& folder) {
  const std::string word = scalar_of(node, "generate");
  const auto colon = word.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == word.size())
    refuse(node.place, fmt::format("'{}' names no function of a Python file", word),
           "generate: make_clean.py:make");
  Generated made;
  made.file = fs::absolute(word.substr(0, colon), folder).lexically_normal();
  made.function = word.substr(colon + 1);
  made.place = node.place;
  return made;
}

Generated generated_of(const Node& root, const std::string& key, const Node& value,
                       const fs::path& folder) {
  Generated made;
  if (key == "generate") {
    made = function_of(value, folder);
    if (const auto* with = root.find("with")) {
      if (!with->is_map()) refuse(with->place, "'with' maps arguments of the function to values");
      made.arguments = json_of(*with).dump();
    }
  } else {
    made.command = scalar_of(value, key);
    made.place = value.place;
  }
  if (const auto* uses = root.find("uses"))
    for (const auto& word : words_of(*uses, "uses"))
      made.uses.push_back(fs::absolute(word, folder).lexically_normal());
  return made;
}

Recording recording_of(const Node& node, const fs::path& folder) {
  static const Words known = {"data",        "hash", "run",    "output", "recorded",
                              "fingerprint", "cut",  "sample", "shape"};
  check_map(node, "a recording", known);
  Recording recording;
  recording.place = node.place;
  const auto* data = node.find("data");
  const auto* hash = node.find("hash");
  if (!data || !hash)
    refuse(node.place, fmt::format("a recording needs '{}'", data ? "hash" : "data"),
           "amlocal mock record writes both");
  recording.place = data->place;
  recording.data = path_of(*data, "data", folder);
  recording.hash = scalar_of(*hash, "hash");
  const auto take = [&](const char* key, std::string& field) {
    if (const auto* value = node.find(key)) field = scalar_of(*value, key);
  };
  take("run", recording.run);
  take("output", recording.output);
  take("recorded", recording.recorded);
  take("fingerprint", recording.fingerprint);
  if (const auto* cut = node.find("cut")) recording.cut = words_of(*cut, "cut");
  if (const auto* sample = node.find("sample")) recording.sample = count_of(*sample, "sample");
  if (const auto* shape = node.find("shape")) {
    try {
      recording.shape = data::shape_from_json(json_of(*shape));
    } catch (base::Error& error) {
      error.at(shape->place);
      throw;
    }
  }
  return recording;
}

MockSource source_of(const Node& root, const text::Entry& entry, const fs::path& folder) {
  if (entry.key == "path") return AtPath{path_of(entry.value, "path", folder), entry.value.place};
  if (entry.key == "files") return files_of(entry.value);
  if (entry.key == "fileset") return fileset_of(entry.value);
  if (entry.key == "recording") return recording_of(entry.value, folder);
  if (entry.key == "generate" || entry.key == "command")
    return generated_of(root, entry.key, entry.value, folder);
  if (entry.key == "value") {
    if (!entry.value.is_scalar())
      refuse(entry.value.place, "'value' is a number, a truth or a text");
    return entry.value.kind == text::Kind::string
               ? model::Literal{entry.value.scalar, entry.value.scalar}
               : definition::parse_literal(entry.value.scalar);
  }
  return content_of(entry.key, entry.value);
}

data::Promise::Column promised_column(const text::Entry& entry) {
  data::Promise::Column column;
  column.name = entry.key;
  if (entry.value.is_null()) return column;
  if (entry.value.is_scalar()) {
    column.type = entry.value.scalar;
    return column;
  }
  check_map(entry.value, fmt::format("column '{}'", entry.key), {"type", "nulls"});
  if (const auto* type = entry.value.find("type")) column.type = scalar_of(*type, "type");
  if (const auto* nulls = entry.value.find("nulls")) column.null_free = !flag_of(*nulls, "nulls");
  return column;
}

data::Promise promises_of(const Node& node) {
  check_map(node, "'promises'", {"columns", "no_other_columns", "files", "keys", "rows"});
  data::Promise promise;
  if (const auto* columns = node.find("columns")) {
    if (columns->is_map())
      for (const auto& entry : columns->entries) promise.columns.push_back(promised_column(entry));
    else
      for (auto& name : words_of(*columns, "columns"))
        promise.columns.push_back({std::move(name), "", {}});
  }
  if (const auto* others = node.find("no_other_columns"))
    promise.no_other_columns = flag_of(*others, "no_other_columns");
  if (const auto* files = node.find("files")) promise.patterns = words_of(*files, "files");
  if (const auto* keys = node.find("keys")) promise.keys = words_of(*keys, "keys");
  if (const auto* rows = node.find("rows")) {
    check_map(*rows, "'rows'", {"at_least", "at_most"});
    if (const auto* least = rows->find("at_least"))
      promise.least_rows = count_of(*least, "at_least");
    if (const auto* most = rows->find("at_most")) promise.most_rows = count_of(*most, "at_most");
  }
  return promise;
}

const text::Entry& source_entry(const Node& root) {
  const text::Entry* found = nullptr;
  for (const auto& entry : root.entries) {
    if (std::find(source_keys.begin(), source_keys.end(), entry.key) == source_keys.end()) continue;
    if (found)
      refuse(entry.key_place, fmt::format("this mock has '{}' and '{}': it is made of one thing",
                                          found->key, entry.key));
    found = &entry;
  }
  if (!found)
    refuse(root.place, "this mock says not what it is made of",
           fmt::format("give one of: {}", fmt::join(source_keys, ", ")));
  return *found;
}

void check_companions(const Node& root, const std::string& source) {
  const auto only_with = [&](const char* key, const Words& sources) {
    for (const auto& entry : root.entries)
      if (entry.key == key && std::find(sources.begin(), sources.end(), source) == sources.end())
        refuse(entry.key_place, fmt::format("'{}' goes with {}, not with '{}'", key,
                                            fmt::join(sources, " or "), source));
  };
  only_with("with", {"generate"});
  only_with("uses", {"generate", "command"});
  only_with("as", {"text", "csv", "json", "base64", "generate"});
}

void check_targets(const Node& target, const Words& words) {
  for (const auto& word : words)
    if (word.find('.') == std::string::npos)
      refuse(target.place, fmt::format("'{}' names no output", word),
             "for: STEP.OUTPUT, or STEP.inputs.INPUT for one input alone");
}

}  // namespace

std::string_view kind_of(const Mock& mock) {
  struct Name {
    std::string_view operator()(const AtPath&) const { return "path"; }
    std::string_view operator()(const model::Literal&) const { return "value"; }
    std::string_view operator()(const Content& content) const { return content.kind; }
    std::string_view operator()(const ContentFiles&) const { return "files"; }
    std::string_view operator()(const FileSet&) const { return "fileset"; }
    std::string_view operator()(const Generated& made) const {
      return made.command.empty() ? "generate" : "command";
    }
    std::string_view operator()(const Recording&) const { return "recording"; }
  };
  return std::visit(Name{}, mock.source);
}

Mock read_mock(const Node& node, const fs::path& folder) {
  Words known = {"for", "description", "type", "as", "with", "uses", "promises"};
  known.insert(known.begin() + 1, source_keys.begin(), source_keys.end());
  check_map(node, "a mock", known);
  Mock mock;
  mock.place = node.place;
  mock.folder = folder;
  if (const auto* target = node.find("for")) {
    mock.stands_for = words_of(*target, "for");
    check_targets(*target, mock.stands_for);
  }
  if (const auto* about = node.find("description"))
    mock.description = scalar_of(*about, "description");
  if (const auto* type = node.find("type")) {
    mock.type = model::parse_data_type(scalar_of(*type, "type"));
    if (!mock.type || !model::is_data(*mock.type))
      refuse(type->place, fmt::format("'{}' is no type of data", type->scalar),
             text::did_you_mean(type->scalar, {"uri_file", "uri_folder", "mltable", "mlflow_model",
                                               "custom_model", "triton_model"}));
  }
  if (const auto* as = node.find("as")) {
    mock.as = scalar_of(*as, "as");
    if (!is_path_below(mock.as) || mock.as.find('/') != std::string::npos)
      refuse(as->place, fmt::format("'{}' is no file's name", mock.as));
  }
  const auto& source = source_entry(node);
  check_companions(node, source.key);
  mock.source = source_of(node, source, folder);
  if (const auto* promises = node.find("promises")) mock.promises = promises_of(*promises);
  return mock;
}

std::string mock_name(const fs::path& file) {
  std::string name = file.filename().native();
  if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  return name;
}

Mock read_mock_file(const fs::path& file) {
  Mock mock = read_mock(text::parse_yaml(text::read_source(file)), file.parent_path());
  mock.file = file;
  mock.name = mock_name(file);
  return mock;
}

std::vector<fs::path> mock_files_beside(const fs::path& pipeline) {
  std::vector<fs::path> files;
  boost::system::error_code ignored;
  for (fs::directory_iterator entry(pipeline.parent_path() / "mocks", ignored), end;
       !ignored && entry != end; entry.increment(ignored))
    if (entry->path().native().ends_with(suffix)) files.push_back(entry->path());
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<Mock> mocks_beside(const fs::path& pipeline) {
  std::vector<Mock> mocks;
  for (const auto& file : mock_files_beside(pipeline)) mocks.push_back(read_mock_file(file));
  return mocks;
}

}  // namespace harness
