// The step's own folder, laid out as the cloud's: docs/run-folder.md.
#pragma once

#include <memory>

#include "base/files.hpp"
#include "step/step.hpp"

namespace step {

struct Folder {
  fs::path root;
  fs::path work;  // exe/wd: the step's current folder, a copy of its code
  fs::path data;  // cap/data-capability/wd, or a link to it: where inputs and outputs are seen
  fs::path
      programs;  // exe/bin: first on PATH; holds `python` where the interpreter's folder lacks it
  std::vector<fs::path> logs;  // one a process: user_logs/std_log.txt, or std_log_process_NN.txt
  std::shared_ptr<base::TempDir> alias;  // holds the link, where the project's path has blanks
  // Where the command sees `root`: the cloud's /mnt/azureml/cr/j/ID where the machine can show it.
  // Source: MachineLearningNotebooks#1677.
  fs::path seen_root;

  // A path of this folder as the command sees it; others are as they are.
  fs::path seen(const fs::path&) const;
};

// Makes it: a fresh working copy of the snapshot, ./outputs and ./logs, empty logs. Throws
// os_error.
Folder make_folder(const Request&);
// How many processes the step starts on this machine.
int process_count(const model::Component&);
// Moves what lies in ./outputs and ./logs to artifacts/, and removes the working copy and the
// private copies of inputs unless they are kept. Links into datastores are removed, never what they
// lead to.
void keep_artifacts(const Folder&, bool keep_working_copy);

// Where the mount process says what it refused, a line each.
fs::path mount_log_path(const Folder&);

}  // namespace step
