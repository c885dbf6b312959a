// What stands in for an upstream output, or for any other input of a step.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/path.hpp"
#include "base/place.hpp"
#include "compute/interpreter.hpp"
#include "data/drift.hpp"
#include "engine/execute.hpp"
#include "engine/isolate.hpp"
#include "text/document.hpp"

namespace harness {

// What a mock is made of: one of these.
struct AtPath {
  fs::path path;  // absolute
  base::Place place;
};
struct Content {
  std::string kind;  // text, csv, json, base64
  std::string bytes;
};
struct NamedContent {
  std::string name;  // its path below the folder, with '/'
  Content content;
};
struct ContentFiles {
  std::vector<NamedContent> files;
};
// `count` files of a pattern; {n} and {n:05} in pattern and content are numbers from `first` on.
struct FileSet {
  std::uint64_t count = 0;
  std::uint64_t first = 0;
  std::string pattern;
  Content content;
};
// A function of a Python file, or a command of the shell.
struct Generated {
  fs::path file;               // absolute; "" of a command
  std::string function;        // of `file`
  std::string arguments;       // `with`: its keyword arguments, a JSON object, or ""
  std::string command;         // runs in the folder of the mock
  std::vector<fs::path> uses;  // what it depends on besides: made anew when one changes
  base::Place place;
};
// The output of an earlier run, kept beside the mock.
struct Recording {
  fs::path data;                     // absolute: a file or folder
  std::string hash;                  // of its content
  std::string run;                   // where it comes from
  std::string output;                // "prepare.train"
  std::string recorded;              // the time
  std::string fingerprint;           // a hash of the step's
  std::uint64_t sample = 0;          // the rows of a table that were kept; 0: all
  std::vector<std::string> cut;      // what of it was left out, for people
  std::optional<data::Shape> shape;  // of all that the run made
  base::Place place;
};
using MockSource =
    std::variant<AtPath, model::Literal, Content, ContentFiles, FileSet, Generated, Recording>;

struct Mock {
  std::string name;                     // "clean" of clean.mock.yml; "" where it is written inline
  fs::path file;                        // its .mock.yml, absolute; "" where it is written inline
  fs::path folder;                      // where its relative paths and commands start, absolute
  base::Place place;                    // of what it says
  std::vector<std::string> stands_for;  // "prep.clean" (an output), "train.inputs.clean"
  std::string description;
  std::optional<model::DataType>
      type;        // where the input leaves open whether it is a file or folder
  std::string as;  // the name of a file it makes; "": its own with an extension
  MockSource source;
  data::Promise promises;
};

// "path", "csv", "recording" and so on: the key of what it is made of.
std::string_view kind_of(const Mock&);

// A mock's mapping, as in a .mock.yml; relative paths start at `folder`. Data need not be there
// yet. Grammar: docs/schemas/mock.json. Throws bad_definition with the place.
Mock read_mock(const text::Node&, const fs::path& folder);
// A file NAME.mock.yml. Throws so, too.
Mock read_mock_file(const fs::path&);

// The files of the mocks of a pipeline: mocks/*.mock.yml in the folder of its file, sorted.
std::vector<fs::path> mock_files_beside(const fs::path& pipeline);
// What they hold. Throws as read_mock_file.
std::vector<Mock> mocks_beside(const fs::path& pipeline);
// "clean" of clean.mock.yml.
std::string mock_name(const fs::path& file);

// The one that stands for that input, best first: the input itself, then the upstream output.
const Mock* find_mock(const std::vector<Mock>&, const engine::Plan&, std::size_t step,
                      const engine::PlannedInput&);
// Whether it stands for that output, named as `for` names it.
bool stands_for(const Mock&, const std::string& step, const std::string& output);

// The files and folders that it is made from, beside its own file: what it depends on.
std::vector<fs::path> made_from(const Mock&);

// What a mock is made with and where.
struct Workshop {
  fs::path folder;           // for what is made: a cache by content, absolute
  fs::path here;             // relative paths of the command line start there, absolute
  workspace::Layout layout;  // where runs have left their outputs
  // What generators run with: the step's interpreter, and what of the user's shell they may see.
  std::function<compute::Interpreter()> interpreter;
  base::Variables environment;
  bool run_generators = true;  // false: what none has made yet is unavailable
};
// For the inputs of a step of that component.
Workshop workshop_for(const model::Component&, const fs::path& here, const engine::Surroundings&);

// Makes what the input is given, in the type that its real upstream step gives: content for a
// uri_folder becomes a folder, for an mltable a folder with a file MLTable. What is made is kept by
// content and made once. Throws bad_input where the mock is of the wrong kind for it, not_found or
// corrupt for a recording that is gone or was changed, step_failed for a generator that fails, and
// unavailable for one that is not to run.
engine::Given materialize(const Mock&, const engine::PlannedInput&, const Workshop&);

// A mock as it is typed behind --in: the name of one of `mocks`, content (csv:a,b\n1,2), a path, or
// an output of an earlier run, RUN/STEP.OUTPUT. Throws not_found.
Mock typed_mock(const std::string& text, const std::vector<Mock>& mocks, const Workshop&);

}  // namespace harness
