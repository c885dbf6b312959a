// A step on the bench: alone, prepared as its pipeline would prepare it, with other things in the
// place of what it would be given.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file_lock.hpp"
#include "engine/execute.hpp"
#include "engine/isolate.hpp"
#include "harness/mock.hpp"

namespace harness {

// What an input is given, and where that comes from, as a user is told it: "--in",
// "mocks/clean.mock.yml", "prep in brave_fox", "the pipeline".
struct Supply {
  std::string input;
  engine::Given given;
  std::string from;
};

// The step a user means: its path, the last word of a nested one's, or "" where there is only one.
// Throws usage with did-you-mean, or with the candidates where several are meant.
std::size_t find_step(const engine::Plan&, const std::string& name);

// What each input of the step is given, in the step's order: what `said` names, else a mock beside
// the pipeline (`mocks`), else what the pipeline itself gives, else the output of the newest run
// that is still the same. Throws not_found, listing for every input that is left without anything
// how to supply it, and as isolate and materialize do.
std::vector<Supply> supply(const model::Job&, const engine::Plan&, std::size_t step,
                           std::vector<Supply> said, const std::vector<Mock>& mocks,
                           const Workshop&, const engine::Surroundings&);

// "clean from mocks/clean.mock.yml, rate 0.1 from the pipeline": one line for a user.
std::string describe(const std::vector<Supply>&);

// A place where a step runs alone and which the next try replaces: below the workspace's records,
// or anywhere for a test.
class Bench {
 public:
  // `.amlocal/alone/KEY`, emptied; while another try has it, KEY-2 and so on. Throws os_error.
  Bench(const workspace::Layout&, const std::string& key);
  // `folder`, which is made where it is missing and must be nobody else's.
  Bench(const workspace::Layout&, fs::path folder);

  const fs::path& folder() const { return folder_; }
  fs::path outputs() const { return folder_ / "outputs"; }
  // The workspace, with records of its own.
  workspace::Layout layout() const { return {root_, folder_ / "records"}; }

 private:
  fs::path root_;
  fs::path folder_;
  std::optional<base::FileLock> lock_;
};

// The key of a step's place: readable, and another one for the same step of another file.
std::string bench_key(const model::Job&, const std::string& step);

}  // namespace harness
