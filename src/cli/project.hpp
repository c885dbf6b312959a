// What most verbs need first: the workspace around a file or folder, its settings and catalogue.
#pragma once

#include "cli/app.hpp"
#include "history/history.hpp"

namespace cli {

struct Project {
  workspace::Layout layout;
  workspace::Settings settings;
  history::Catalogue catalogue;
};

// The project that `start` lies in. Throws as workspace::read_settings does.
Project open_project(const fs::path& start);

// "RUN", "RUN/STEP" or "@last/nested/step".
struct RunAndStep {
  std::string run;
  std::string step;  // "" for the whole run
};
RunAndStep split_run(const std::string&);

// "FILE", "FILE#STEP" or "FILE::STEP": the file, absolute, and a step of it ("" for all of it). A
// file that has such a name as a whole is that file.
struct FileAndStep {
  fs::path file;
  std::string step;
};
FileAndStep split_file(const std::string&, const fs::path& here);

// Whether it is called as a project's settings are; such a file is never a job.
bool is_settings_file(const fs::path&);

// The step's record. Throws not_found with did-you-mean and the list.
const history::StepRecord& find_step(const history::RunRecord&, const std::string& step);

// "key=value" split at the first '='. Throws usage naming the option.
std::pair<std::string, std::string> split_assignment(const std::string& option,
                                                     const std::string& word);

// Throws usage, with did-you-mean, for a name that is no mount profile.
void check_mount_profile(const std::string& name);

}  // namespace cli
