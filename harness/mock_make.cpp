// What a mock is made of becomes data of the type that an input takes.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/private_copy.hpp"
#include "data/content.hpp"
#include "harness/mock.hpp"
#include "harness/mock_content.hpp"
#include "harness/mock_dataset.hpp"
#include "harness/mock_generator.hpp"

namespace harness {
namespace {

// The forms in which a step can be given data.
enum class Form { file, folder, table, model, open };

std::string_view shown(Form form) {
  return form == Form::file     ? "a file"
         : form == Form::table  ? "a folder with a file MLTable"
         : form == Form::model  ? "a folder with a file MLmodel"
         : form == Form::folder ? "a folder"
                                : "a file or folder";
}

Form form_of(model::DataType type) {
  using model::DataType;
  switch (type) {
    case DataType::uri_file:
      return Form::file;
    case DataType::mltable:
      return Form::table;
    case DataType::mlflow_model:
      return Form::model;
    case DataType::custom_model:
      return Form::open;
    default:
      return Form::folder;
  }
}

bool has(const fs::path& folder, const char* name) {
  boost::system::error_code ignored;
  return fs::is_regular_file(folder / name, ignored);
}

std::string extension_of(const fs::path& file) {
  std::string extension = file.extension().native();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

// How MLTable reads files of that extension; "" where it does not.
// Source: reference-yaml-mltable, transformations.
std::string_view reader_of(const std::string& extension) {
  if (extension == ".csv" || extension == ".tsv")
    return extension == ".csv"
               ? "read_delimited:\n      delimiter: ','\n      header: all_files_same_headers"
               : "read_delimited:\n      delimiter: \"\\t\"\n      header: all_files_same_headers";
  if (extension == ".jsonl" || extension == ".ndjson")
    return "read_json_lines:\n      encoding: utf8";
  if (extension == ".parquet") return "read_parquet:\n      include_path_column: false";
  return "";
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator entry(folder), end; entry != end; ++entry)
    if (fs::is_regular_file(entry->path())) files.push_back(entry->path());
  std::sort(files.begin(), files.end());
  return files;
}

class Maker {
 public:
  Maker(const Mock& mock, const engine::PlannedInput& input, const Workshop& workshop)
      : mock_(mock),
        input_(input),
        workshop_(workshop),
        label_(mock.name.empty() ? input.name : mock.name) {}

  engine::Given make() {
    const auto* literal = std::get_if<model::Literal>(&mock_.source);
    if (!literal)
      if (const auto definition = dataset_definition(input_, workshop_.layout))
        return dataset_of(*definition, data(), workshop_.layout);
    if (model::is_data(input_.type) == (literal != nullptr)) refuse_kind();
    if (literal) return *literal;
    form_ = wanted_form();
    return model::DataPath{model::DataPath::Kind::local, data().native()};
  }

 private:
  // Where it lies.
  fs::path data() {
    if (const auto* path = std::get_if<AtPath>(&mock_.source)) return fitted(there(*path));
    if (const auto* recording = std::get_if<Recording>(&mock_.source))
      return fitted(verified(*recording));
    return made();
  }

  std::string who() const {
    return mock_.name.empty() ? fmt::format("the mock for input '{}'", input_.name)
                              : fmt::format("mock '{}'", mock_.name);
  }

  [[noreturn]] void refuse_kind() const {
    const bool data = model::is_data(input_.type);
    throw base::Error(base::Code::bad_input,
                      fmt::format("{} is {}, and input '{}' is of type {}", who(),
                                  data ? "a value" : "data", input_.name, to_string(input_.type)))
        .at(mock_.place)
        .hint(data ? "give it data: path, csv, text, json, files, generate and so on"
                   : "give it a value: value: 0.1");
  }

  [[noreturn]] void refuse_form(std::string_view is, std::string_view hint) const {
    throw base::Error(base::Code::bad_input,
                      fmt::format("{} is {}, and input '{}' of type {} takes {}", who(), is,
                                  input_.name, to_string(input_.type), shown(form_)))
        .at(mock_.place)
        .hint(std::string(hint));
  }

  // A PipelineData is whatever the script makes at its path: only the mock can tell.
  Form wanted_form() const {
    const bool pipeline_data = input_.v1 && input_.v1->kind == model::V1Port::Kind::pipeline_data &&
                               input_.type == model::DataType::uri_folder;
    const Form of_input = pipeline_data ? Form::open : form_of(input_.type);
    if (!mock_.type) return of_input;
    const Form own = form_of(*mock_.type);
    if (of_input == Form::open || own == of_input) return own;
    throw base::Error(base::Code::bad_input,
                      fmt::format("{} is of type {}, and input '{}' is of type {}", who(),
                                  to_string(*mock_.type), input_.name, to_string(input_.type)))
        .at(mock_.place)
        .hint("leave 'type' out: a mock takes the type of its input");
  }

  fs::path there(const AtPath& at) const {
    boost::system::error_code ignored;
    if (fs::exists(at.path, ignored)) return at.path;
    throw base::Error(base::Code::not_found,
                      fmt::format("{}: there is no {}", who(), base::display_path(at.path)))
        .at(at.place)
        .hint("paths in a mock start at the folder of its file");
  }

  fs::path verified(const Recording& recording) const {
    const std::string again =
        recording.run.empty() || mock_.name.empty()
            ? "take it out of git again"
            : fmt::format(
                  "take it out of git again, or record anew: amlocal mock record @last/{} {} "
                  "--replace",
                  recording.output, mock_.name);
    boost::system::error_code ignored;
    if (!fs::exists(recording.data, ignored))
      throw base::Error(base::Code::not_found,
                        fmt::format("the recording of {} is gone: there is no {}", who(),
                                    base::display_path(recording.data)))
          .at(recording.place)
          .hint(again);
    if (data_hash(recording.data) == recording.hash) return recording.data;
    const bool pointer = is_lfs_pointer(recording.data);
    throw base::Error(base::Code::corrupt,
                      pointer
                          ? fmt::format("the recording of {} is not here: {} holds what git-lfs "
                                        "puts in its place",
                                        who(), base::display_path(recording.data))
                          : fmt::format("the recording of {} was changed: {} is not what was "
                                        "recorded",
                                        who(), base::display_path(recording.data)))
        .at(recording.place)
        .hint(pointer ? "git lfs pull" : again);
  }

  // Data that lies there, as it is where that will do.
  fs::path fitted(const fs::path& data) {
    boost::system::error_code ignored;
    const bool folder = fs::is_directory(data, ignored);
    if (form_ == Form::open || (form_ == Form::file && !folder) ||
        (form_ == Form::folder && folder))
      return data;
    if (form_ == Form::file) refuse_form("a folder", "name the file in it");
    if (form_ == Form::model) {
      if (folder && has(data, "MLmodel")) return data;
      refuse_form(folder ? "a folder without one" : "a file", "mlflow.save_model writes one");
    }
    if (form_ == Form::table && folder && has(data, "MLTable")) return data;
    if (form_ == Form::table && !folder && data.filename() == "MLTable") return data.parent_path();
    return kept("copy of " + data::content_identity(data), [&](const fs::path& target) {
      if (folder) fs::remove(target);
      base::private_copy(data, folder ? target : target / data.filename());
    });
  }

  std::string file_name() const {
    if (!mock_.as.empty()) return mock_.as;
    const auto* content = std::get_if<Content>(&mock_.source);
    return content ? label_ + std::string(harness::extension_of(*content)) : label_;
  }

  bool is_v1() const { return input_.v1.has_value(); }

  fs::path made() {
    if (const auto* content = std::get_if<Content>(&mock_.source)) {
      if (form_ == Form::open) form_ = is_v1() ? Form::folder : Form::file;
      return kept(content->kind + " " + base::hash_text(content->bytes) + " " + file_name(),
                  [&](const fs::path& target) {
                    base::write_file_atomically(target / file_name(), content->bytes);
                  });
    }
    if (const auto* files = std::get_if<ContentFiles>(&mock_.source)) return made_files(*files);
    if (const auto* set = std::get_if<FileSet>(&mock_.source)) return made_set(*set);
    return generated(std::get<Generated>(mock_.source));
  }

  fs::path made_files(const ContentFiles& files) {
    base::Hasher hasher;
    for (const auto& file : files.files)
      hasher.add(file.name).add("\n").add(base::hash_text(file.content.bytes)).add("\n");
    return kept("files " + hasher.hex(), [&](const fs::path& target) {
      for (const auto& file : files.files)
        base::write_file_atomically(target / file.name, file.content.bytes);
    });
  }

  fs::path made_set(const FileSet& set) {
    if (form_ == Form::file && set.count > 1)
      refuse_form(fmt::format("a set of {} files", set.count), "give it one: csv, text or json");
    return kept(fmt::format("set {} {} {} {}", set.count, set.first, set.pattern,
                            base::hash_text(set.content.bytes)),
                [&](const fs::path& target) {
                  for (auto n = set.first; n < set.first + set.count; ++n)
                    base::write_file_atomically(target / numbered(set.pattern, n),
                                                numbered(set.content.bytes, n));
                });
  }

  fs::path generated(const Generated& generator) {
    const bool file = form_ == Form::file;
    return kept(
        fmt::format("{} {} {}", kind_of(mock_), identity_of(generator, mock_.folder, workshop_),
                    file_name()),
        [&](const fs::path& target) {
          if (!workshop_.run_generators)
            throw base::Error(base::Code::unavailable, who() + " is not made yet");
          base::while_doing(
              [&] { return fmt::format("making {}", who()); },
              [&] { generate(generator, mock_.folder, target, file_name(), file, workshop_); });
        });
  }

  // Made once for each `what`: below a temporary name, which a rename makes the real one.
  template <class F>
  fs::path kept(const std::string& what, F&& fill) {
    const std::string key = base::hash_text(
        fmt::format("1 {} {} {} {}", what, label_, static_cast<int>(form_), is_v1()));
    const fs::path place = workshop_.folder / key;
    boost::system::error_code failed;
    if (!fs::exists(place, failed)) {
      workspace::ensure(workshop_.layout);
      fs::create_directories(workshop_.folder);
      const base::TempDir draft(workshop_.folder, "new-");
      const fs::path target = draft.path() / label_;
      fs::create_directories(target);
      fill(target);
      complete(target);
      fs::rename(draft.path(), place, failed);
      if (failed && !fs::exists(place))
        throw base::os_error("make", place.native(), failed.value());
    }
    return result(place / label_);
  }

  // What the form asks for besides, and whether it is there.
  void complete(const fs::path& target) const {
    if (form_ == Form::model && !has(target, "MLmodel"))
      refuse_form("a folder without one", "give it as files: {MLmodel: …}, or the path of a model");
    if (form_ == Form::table && !has(target, "MLTable")) write_mltable(target);
    if (form_ == Form::file && files_below(target).size() != 1)
      refuse_form(fmt::format("{} files", files_below(target).size()), "make exactly one");
    for (const auto& file : files_below(target))
      fs::permissions(file,
                      fs::remove_perms | fs::owner_write | fs::group_write | fs::others_write);
  }

  void write_mltable(const fs::path& target) const {
    const auto files = files_below(target);
    const std::string extension = files.empty() ? "" : extension_of(files.front());
    const auto reader = reader_of(extension);
    const bool alike = std::all_of(files.begin(), files.end(), [&](const fs::path& file) {
      return extension_of(file) == extension;
    });
    if (reader.empty() || !alike)
      refuse_form(
          "data without one",
          "tables are written for by themselves: *.csv, *.tsv, *.jsonl or *.parquet, of one "
          "kind; else put an MLTable among its files");
    std::string text = "paths:\n";
    for (const auto& file : files)
      text += fmt::format("  - file: ./{}\n", file.lexically_relative(target).native());
    text += fmt::format("transformations:\n  - {}\n", reader);
    base::write_file_atomically(target / "MLTable", text);
  }

  fs::path result(const fs::path& folder) const {
    if (form_ != Form::file && form_ != Form::open) return folder;
    const auto files = files_below(folder);
    // Of a model that is one file; a PipelineData stays a folder.
    if (form_ == Form::open && (is_v1() || files.size() != 1)) return folder;
    return files.front();
  }

  const Mock& mock_;
  const engine::PlannedInput& input_;
  const Workshop& workshop_;
  const std::string label_;
  Form form_ = Form::open;
};

}  // namespace

engine::Given materialize(const Mock& mock, const engine::PlannedInput& input,
                          const Workshop& workshop) {
  return Maker(mock, input, workshop).make();
}

}  // namespace harness
