// From files to the model: reads, resolves and validates; reports every problem of every file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/catalogue.hpp"
#include "model/pipeline.hpp"
#include "text/diagnostic.hpp"

namespace definition {

// One `--set key=value` or `--mode key=mode`, as typed. The key may be short ("rate",
// "inputs.rate") or long ("jobs.train.inputs.rate").
struct Assignment {
  std::string key;
  std::string value;
};

struct Overrides {
  std::vector<Assignment> set;
  std::vector<Assignment> mode;
};

// Reads a pipeline or command job with everything it refers to. Returns nothing when the file
// cannot be understood at all; otherwise the job as far as it was understood, and whether it may be
// run is `diagnostics.ok()`.
// Assignments that name no key throw usage (with did-you-mean or the candidates).
std::optional<model::Job> load_job(const fs::path& given, const Overrides&, const model::Catalogue&,
                                   text::Diagnostics&);

// The same for a job of which one step is to run alone, or for a component's file, which becomes a
// job of one step that has its name. What the steps are given need not be there, and inputs of the
// job need no value.
std::optional<model::Job> load_steps(const fs::path& given, const Overrides&,
                                     const model::Catalogue&, text::Diagnostics&);

// What `--set key=TEXT` gives: a number, a boolean or a string, as PyYAML would read it.
model::Literal parse_literal(const std::string& text);

// Validates one file of any kind: job, component, data, environment, model, MLTable (the file, or
// the folder that holds one). Returns the job where it is one and could be read.
std::optional<model::Job> validate_file(const fs::path& given, const model::Catalogue&,
                                        text::Diagnostics&);

// What a job or component file asks for and this workspace lacks: one line each with the command
// that supplies it. Part of load_job's diagnostics; here for `doctor`.
struct Missing {
  std::string what;     // "data asset 'azureml:iris:1'"
  std::string command;  // "amlocal data create --name iris --version 1 --path …"
  base::Place place;
};
std::vector<Missing> missing_assets(const model::Job&, const model::Catalogue&);

// An environment that some step of the job runs in, once each, with the first place that names it.
// Which interpreter stands for it is compute's to say.
struct NeededEnvironment {
  std::string name;  // "" for inline ones
  base::Place place;
};
std::vector<NeededEnvironment> needed_environments(const model::Job&);

// The code that steps of the job take along, each folder once, with the place of its first `code:`.
struct NeededCode {
  fs::path code;                   // absolute: a folder or a single file
  std::vector<fs::path> includes;  // absolute
  base::Place place;
};
std::vector<NeededCode> needed_code(const model::Job&);

// Settings of the job that have no effect on one machine (compute, several nodes, docker
// arguments, identity …): one short text each, in the file's order.
std::vector<std::string> without_effect(const fs::path& file);

}  // namespace definition
