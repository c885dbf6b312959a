// Local data against its type.
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>

#include "definition/reading.hpp"

namespace definition {

void check_local_data(const fs::path& path, model::DataType type, const base::Place& place,
                      Reading& reading) {
  using enum model::DataType;
  boost::system::error_code absent;
  const auto status = fs::status(path, absent);
  if (!fs::exists(status)) return;  // reported where the path is read
  const bool folder = fs::is_directory(status);
  if (type == uri_file && folder)
    reading.diagnostics.error(place, "a uri_file points at a folder", "write type: uri_folder");
  if (type == uri_folder && !folder)
    reading.diagnostics.error(place, "a uri_folder points at a file", "write type: uri_file");
  if (type != mltable) return;
  if (!folder)
    reading.diagnostics.error(place, "an mltable points at a file",
                              "give the folder that holds the file 'MLTable'");
  else if (!fs::exists(path / "MLTable", absent))
    reading.diagnostics.error(place, "an mltable needs a file 'MLTable' in its folder");
  else if (reading.tables.insert(path / "MLTable").second)
    read_mltable(path / "MLTable", reading);
}

void check_local_data(const std::vector<model::Input>& inputs,
                      const std::vector<model::InputDeclaration>& declarations, Reading& reading) {
  for (const auto& input : inputs) {
    const auto* path = input.source ? std::get_if<model::DataPath>(&*input.source) : nullptr;
    if (!path || path->kind != model::DataPath::Kind::local) continue;
    auto type = input.type;
    for (const auto& declared : declarations)
      if (!type && !declared.inferred && declared.name == input.name) type = declared.type;
    if (type) check_local_data(fs::path(path->text), *type, input.place, reading);
  }
}

}  // namespace definition
