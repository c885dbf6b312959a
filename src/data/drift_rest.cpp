// JSON's keys, models, MLTable files, and what a mock promises.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "data/drift_parts.hpp"
#include "data/name_pattern.hpp"
#include "text/diagnostic.hpp"

namespace data {
namespace {

using What = Difference::What;

std::string below(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

std::string shown(const std::string& path) {
  return path.empty() ? "the document" : path;
}

void compare_values(const std::string& path, const JsonShape& mock, const JsonShape& real,
                    bool records, Found& found);

void compare_keys(const std::string& path, const JsonShape& mock, const JsonShape& real,
                  bool records, Found& found) {
  if (mock.open_keys || real.open_keys) return;  // their names are data
  const std::uint64_t mock_objects = mock.kinds[JsonShape::object];
  const std::uint64_t real_objects = real.kinds[JsonShape::object];
  if (mock_objects == 0 || real_objects == 0) return;
  std::vector<std::string> added;
  for (const auto& [name, key] : real.keys)
    if (!mock.keys.count(name)) added.push_back(name);
  for (const auto& [name, key] : mock.keys) {
    const std::string own = below(path, name);
    const auto same = real.keys.find(name);
    if (same == real.keys.end()) {
      const std::string near = text::nearest(name, added);
      found.breaks(
          What::json,
          fmt::format("{} is in {}, {} wrote none{}", own, found.sides().mock, found.sides().real,
                      near.empty() ? "" : fmt::format(" (did it become '{}'?)", near)),
          {own});
      continue;
    }
    if (key.seen() == mock_objects && same->second.seen() < real_objects)
      found.breaks(What::json,
                   fmt::format("{} is missing in {} of {}", own, real_objects - same->second.seen(),
                               real_objects),
                   {own});
    compare_values(own, key, same->second, records, found);
  }
  for (const std::string& name : added) {
    const std::string own = below(path, name);
    const auto text = fmt::format("{} is new: {} wrote it, {} has none", own, found.sides().real,
                                  found.sides().mock);
    // A key of a record becomes a column of the table that is made of them.
    if (records)
      found.breaks(What::json, text, {own});
    else
      found.worth_knowing(What::json, text, {own});
  }
}

void compare_values(const std::string& path, const JsonShape& mock, const JsonShape& real,
                    bool records, Found& found) {
  bool other_kind = false;
  for (std::size_t n = 0; n < mock.kinds.size(); ++n)
    other_kind = other_kind || (real.kinds[n] > 0 && mock.kinds[n] == 0);
  if (other_kind)
    found.breaks(What::json, fmt::format("{}: {} → {}", shown(path), mock.type(), real.type()),
                 {path});
  compare_keys(path, mock, real, records, found);
  if (!mock.items.empty() && !real.items.empty())
    compare_values(path + "[]", mock.items.front(), real.items.front(), records, found);
}

std::string shown_signature(const std::vector<Column>& columns) {
  std::vector<std::string> words;
  for (const Column& column : columns)
    words.push_back(column.name.empty() ? column.type : column.name + ": " + column.type);
  return words.empty() ? "nothing" : shown_list(words);
}

// The values at a path such as "model.rate" or "[].id"; null where there are none.
const JsonShape* at_path(const JsonShape& root, std::string_view path, bool& always) {
  const JsonShape* at = &root;
  while (!path.empty()) {
    if (path.starts_with("[]")) {
      if (at->items.empty()) return nullptr;
      at = &at->items.front();
      path.remove_prefix(2);
    } else {
      if (path.starts_with('.')) path.remove_prefix(1);
      const auto end = path.find_first_of(".[");
      const auto key = at->keys.find(std::string(path.substr(0, end)));
      if (key == at->keys.end()) return nullptr;
      always = always && key->second.seen() >= at->kinds[JsonShape::object];
      at = &key->second;
      path.remove_prefix(std::min(end, path.size()));
    }
  }
  return at;
}

// The promise about one table.
void check_table(const Table& table, const Promise& promise, const std::string& whose,
                 Found& found) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(column.name);
  std::vector<std::string> promised;
  for (const Promise::Column& column : promise.columns) {
    promised.push_back(column.name);
    const auto real = std::find_if(table.columns.begin(), table.columns.end(),
                                   [&](const Column& each) { return each.name == column.name; });
    if (real == table.columns.end()) {
      found.breaks(What::columns,
                   fmt::format("column {} is promised, {} has none ({})", column.name, whose,
                               text::did_you_mean(column.name, names, 8)),
                   {"-" + column.name});
      continue;
    }
    if (!column.type.empty() && !real->type.empty() && real->dtype() != column.type)
      found.breaks(What::type,
                   fmt::format("dtype of {}: promised {}, {} has {}", column.name, column.type,
                               whose, real->dtype()),
                   {column.name});
    if (column.null_free == true && real->nulls.value_or(0) > 0)
      found.breaks(
          What::nulls,
          fmt::format("{} is promised without nulls, {} has {}", column.name, whose, *real->nulls),
          {column.name});
  }
  if (promise.no_other_columns && names != promised)
    found.breaks(What::columns, fmt::format("promised are the columns {}, {} has {}",
                                            shown_list(promised), whose, shown_list(names)));
}

void check_rows(std::uint64_t rows, bool exact, const Promise& promise, const std::string& whose,
                Found& found) {
  if (promise.least_rows && exact && rows < *promise.least_rows)
    found.breaks(What::rows, fmt::format("at least {} rows are promised, {} has {}",
                                         *promise.least_rows, whose, rows));
  if (promise.most_rows && rows > *promise.most_rows)
    found.breaks(What::rows, fmt::format("at most {} rows are promised, {} has {}",
                                         *promise.most_rows, whose, rows));
}

}  // namespace

void compare_json(const JsonShape& mock, const JsonShape& real, bool records, Found& found) {
  compare_values("", mock, real, records, found);
}

void compare_models(const Shape& mock, const Shape& real, Found& found) {
  const auto& [mock_side, real_side] = found.sides();
  if (mock.model.has_value() != real.model.has_value()) {
    const auto who = [&](bool has) { return has ? "a model (MLmodel)" : "none"; };
    found.breaks(What::model,
                 fmt::format("{} has {}, {} wrote {}", mock_side, who(mock.model.has_value()),
                             real_side, who(real.model.has_value())));
  } else if (mock.model) {
    std::vector<std::string> changed;
    const std::set<std::string> before(mock.model->flavors.begin(), mock.model->flavors.end());
    const std::set<std::string> now(real.model->flavors.begin(), real.model->flavors.end());
    for (const auto& flavor : now)
      if (!before.count(flavor)) changed.push_back("+" + flavor);
    for (const auto& flavor : before)
      if (!now.count(flavor)) changed.push_back("-" + flavor);
    if (!changed.empty())
      found.breaks(What::model, fmt::format("flavours of the model: {}", shown_list(changed)),
                   changed);
    const auto compare_side = [&](const char* side, const auto& old, const auto& fresh) {
      if (old != fresh)
        found.breaks(What::model, fmt::format("the model's {}: {} → {}", side, shown_signature(old),
                                              shown_signature(fresh)));
    };
    compare_side("inputs", mock.model->inputs, real.model->inputs);
    compare_side("outputs", mock.model->outputs, real.model->outputs);
  }
  if (mock.mltable.has_value() != real.mltable.has_value()) {
    const auto who = [&](bool has) { return has ? "a file MLTable" : "none"; };
    found.breaks(What::mltable,
                 fmt::format("{} has {}, {} wrote {}", mock_side, who(mock.mltable.has_value()),
                             real_side, who(real.mltable.has_value())));
  } else if (mock.mltable) {
    if (mock.mltable->transformations != real.mltable->transformations)
      found.breaks(What::mltable,
                   fmt::format("MLTable does {} → {}", shown_list(mock.mltable->transformations),
                               shown_list(real.mltable->transformations)));
    if (mock.mltable->paths != real.mltable->paths)
      found.worth_knowing(What::mltable,
                          fmt::format("MLTable's paths: {} → {}", shown_list(mock.mltable->paths),
                                      shown_list(real.mltable->paths)));
  }
}

bool Promise::empty() const {
  return columns.empty() && patterns.empty() && keys.empty() && !least_rows && !most_rows &&
         !no_other_columns;
}

std::vector<Difference> broken_promises(const Shape& shape, const Promise& promise,
                                        const std::string& whose) {
  const Sides sides;
  std::vector<Difference> differences;
  const auto keep = [&](const Found& found) {
    differences.insert(differences.end(), found.all().begin(), found.all().end());
  };
  Found whole("", sides);
  std::vector<std::string> names;
  for (const Group& group : shape.groups) names.push_back(group.pattern);
  for (const std::string& pattern : promise.patterns)
    if (std::none_of(names.begin(), names.end(),
                     [&](const auto& name) { return fits_pattern(pattern, name); }))
      whole.breaks(What::missing, fmt::format("{} is promised, {} has none ({})", pattern, whose,
                                              text::did_you_mean(pattern, names, 8)));
  const bool wants_table = !promise.columns.empty() || promise.no_other_columns;
  bool any_table = false;
  bool any_json = false;
  for (const Group& group : shape.groups) {
    Found found(group.pattern, sides);
    if (group.table) {
      any_table = true;
      check_table(*group.table, promise, whose, found);
      check_rows(group.table->rows, group.table->exact, promise, whose, found);
    }
    if (group.json) {
      any_json = true;
      for (const std::string& key : promise.keys) {
        bool always = true;
        if (!at_path(*group.json, key, always))
          found.breaks(What::json, fmt::format("{} is promised, {} has none", key, whose), {key});
        else if (!always)
          found.breaks(What::json,
                       fmt::format("{} is promised, {} has it in some only", key, whose), {key});
      }
      check_rows(group.records, group.exact, promise, whose, found);
    }
    keep(found);
  }
  if (wants_table && !any_table)
    whole.breaks(What::columns, fmt::format("columns are promised, {} has no table", whose));
  if (!promise.keys.empty() && !any_json)
    whole.breaks(What::json, fmt::format("keys are promised, {} has no JSON", whose));
  keep(whole);
  return differences;
}

}  // namespace data
