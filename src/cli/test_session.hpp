// What the calls of `amlocal test` share: the tests there are, and the projects they lie in.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/project.hpp"
#include "engine/stop.hpp"
#include "harness/runner.hpp"

namespace cli {

struct TestArgs {
  std::vector<std::string> paths;
  std::string expression;
  int jobs = 0;
  bool last_failed = false;
  std::string changed_since;
  bool update = false;
  bool ci = false;
  std::string junit;
  bool markdown = false;
  bool json = false;
  bool watch = false;
};

// A project and what its tests share.
struct TestProject {
  TestProject(const fs::path& folder, harness::Snapshots&, App&);
  TestProject(const TestProject&) = delete;  // its parts refer to each other
  TestProject& operator=(const TestProject&) = delete;

  Project project;
  engine::Surroundings surroundings;
  harness::Definitions definitions;
  harness::Judging judging;
};

class TestSession {
 public:
  TestSession(const TestArgs&, App&);

  // Reads the files again and draws what is wrong with them. Throws usage where there are none,
  // bad_definition where some cannot be understood.
  void read();
  // Those that the arguments choose, in the order of their files.
  std::vector<const harness::Case*> selected();

  // Runs them, draws each as it ends, and all that comes after. Returns the exit status.
  int run(const std::vector<const harness::Case*>&);

  TestProject& project_of(const harness::Case&);
  const std::vector<harness::TestFile>& files() const { return files_; }
  const engine::SignalWatch& signals() const { return signals_; }
  bool interrupted() const { return interrupted_; }

 private:
  std::vector<std::string> last_failed(const Project&) const;
  void remember_failed(const std::vector<harness::Verdict>&);
  void draw(const harness::Verdict&);
  void tell_snapshots(const std::vector<const harness::Case*>&);
  fs::path github_root() const;
  void write_reports(const std::vector<harness::Verdict>&, double seconds);

  const TestArgs& args_;
  App& app_;
  std::vector<harness::TestFile> files_;
  harness::Snapshots snapshots_;
  std::map<fs::path, std::unique_ptr<TestProject>> projects_;
  engine::SignalWatch signals_;
  bool interrupted_ = false;
  std::vector<const harness::Case*> failed_;
  bool dots_ = false;
  std::size_t on_line_ = 0;
};

// Runs the chosen tests, then those that a change of a file can affect, until Ctrl-C.
int watch_tests(TestSession&, App&);

}  // namespace cli
