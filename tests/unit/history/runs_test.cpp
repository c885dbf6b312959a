#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.hpp"
#include "support/recorded.hpp"

using model::Status;
using support::error_of;
using support::record;

TEST_CASE("a run is read as it was told, from its journal and from the index alike") {
  const support::Scratch scratch;
  record(scratch.layout, "one", 0);
  record(scratch.layout, "two", 10);
  const auto runs = history::list_runs(scratch.layout);
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].name == "two");
  for (const auto& run : {runs[1], history::read_run(scratch.layout, "one")}) {
    CHECK(run.status == Status::completed);
    CHECK(run.experiment == "exp");
    CHECK(run.command == std::vector<std::string>{"amlocal", "run"});
    CHECK(run.started == support::at(0));
    CHECK(run.seconds == 9);
    REQUIRE(run.steps.size() == 2);
    CHECK(run.steps[0].id == "id-one");
    REQUIRE(run.steps[0].ended);
    CHECK(run.steps[0].ended->seconds == 1.5);
    REQUIRE(run.steps[0].outputs.size() == 1);
    CHECK(run.steps[0].outputs[0].path == "/out");
    CHECK(run.find_step("train")->status == Status::skipped);
    CHECK(run.find_step("train")->reason == "why");
    CHECK(run.find_step("prep")->snapshot == "snap-one");
    REQUIRE(run.outputs.size() == 1);
    CHECK(run.outputs[0].value == "42");
  }
}

TEST_CASE(
    "a run is running while its recorder lives, and interrupted when that is gone without an end") {
  const support::Scratch scratch;
  {
    history::Recorder recorder(scratch.layout, "one");
    support::start(recorder, "one", 0);
    CHECK(history::list_runs(scratch.layout)[0].status == Status::running);
    CHECK(error_of([&] {
            history::delete_run(scratch.layout, history::read_run(scratch.layout, "one"));
          }).message() == "the run 'one' is still running");
    history::request_cancel(scratch.layout, history::read_run(scratch.layout, "one"));
    CHECK(fs::exists(history::cancel_request_path(scratch.layout, "one")));
  }
  CHECK(history::list_runs(scratch.layout)[0].status == Status::interrupted);
  const auto run = history::read_run(scratch.layout, "one");
  CHECK(run.status == Status::interrupted);
  CHECK(run.find_step("prep")->status == Status::interrupted);
  CHECK(run.find_step("train")->status == Status::not_started);
  const auto error = error_of([&] { history::request_cancel(scratch.layout, run); });
  CHECK(error.code() == base::Code::conflict);
  CHECK(error.message() == "the run 'one' is not running");
}

TEST_CASE("a name is taken once, and must be one") {
  const support::Scratch scratch;
  record(scratch.layout, "one", 0);
  auto error = error_of([&] { history::Recorder again(scratch.layout, "one"); });
  CHECK(error.code() == base::Code::exists);
  CHECK(error.message() == "there is already a run named 'one'");
  CHECK(error.hint() == "choose another name with --name");
  for (const char* name : {"", "../x", ".x", "a/b", "@last"})
    CHECK(error_of([&] { history::Recorder bad(scratch.layout, name); }).code() ==
          base::Code::bad_input);
}

TEST_CASE("a recorder that was told nothing leaves nothing") {
  const support::Scratch scratch;
  { history::Recorder recorder(scratch.layout, "one"); }
  CHECK_FALSE(fs::exists(scratch.layout.run("one")));
}

TEST_CASE("runs are found by name, by a beginning of it, and as @last") {
  const support::Scratch scratch;
  CHECK(error_of([&] { history::read_run(scratch.layout, "@last"); }).message() ==
        "there are no runs yet");
  record(scratch.layout, "amber_fox", 10);
  record(scratch.layout, "amber_owl", 0);
  record(scratch.layout, "amber", 5);
  CHECK(history::read_run(scratch.layout, "amber_f").name == "amber_fox");
  CHECK(history::read_run(scratch.layout, "amber").name == "amber");
  CHECK(history::read_run(scratch.layout, "@last").name == "amber_fox");
  auto error = error_of([&] { history::read_run(scratch.layout, "amber_"); });
  CHECK(error.code() == base::Code::bad_input);
  CHECK(error.hint() == "write more of it: amber_fox, amber_owl");
  error = error_of([&] { history::read_run(scratch.layout, "amber_fix"); });
  CHECK(error.message() == "no run is named 'amber_fix'");
  CHECK(error.hint() == "did you mean 'amber_fox'?");
}

TEST_CASE("two processes record at once, and a killed one leaves an interrupted run") {
  const support::Scratch scratch;
  workspace::ensure(scratch.layout);
  base::Pipe ready = base::make_pipe();
  const pid_t killed = ::fork();
  if (killed == 0) {
    history::Recorder recorder(scratch.layout, "killed");
    support::start(recorder, "killed", 0);
    base::write_all(ready.write, "x", "pipe");
    for (;;) ::pause();
  }
  const pid_t other = ::fork();
  if (other == 0) {
    for (int n = 0; n < 10; ++n) record(scratch.layout, "other" + std::to_string(n), n);
    ::_exit(0);
  }
  for (int n = 0; n < 10; ++n) record(scratch.layout, "mine" + std::to_string(n), n);
  char byte = 0;
  REQUIRE(::read(ready.read.get(), &byte, 1) == 1);
  CHECK(history::read_run(scratch.layout, "killed").status == Status::running);
  ::kill(killed, SIGKILL);
  int status = 0;
  ::waitpid(killed, &status, 0);
  ::waitpid(other, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(history::list_runs(scratch.layout).size() == 21);
  CHECK(history::read_run(scratch.layout, "killed").status == Status::interrupted);
}

TEST_CASE("deleting a run takes its outputs along, but not those of an asset or of a reusing run") {
  const support::Scratch scratch;
  const std::string store = ".amlocal/datastores/workspaceblobstore/azureml/";
  for (const char* run : {"plain", "asset", "reused"}) {
    record(scratch.layout, run, 0);
    scratch.write(store + "id-" + run + "/out/f", "x");
  }
  {
    history::Recorder recorder(scratch.layout, "user");
    support::start(recorder, "user", 20);
    // However many runs lie between: what counts is whose outputs it published as its own.
    recorder.on({support::at(21),
                 events::OutputPublished{"prep", "out", "uri_folder", "rw_mount", "azureml://x",
                                         scratch.path(store + "id-reused/out").native()}});
    recorder.on({support::at(21), events::StepPassedOver{"prep", "Reused", "", "between"}});
    recorder.on(
        {support::at(22),
         events::AssetRegistered{"a", "1", "uri_folder",
                                 scratch.path(store + "id-asset/out").native(), "prep", "out"}});
  }
  for (const char* run : {"plain", "asset", "reused"})
    history::delete_run(scratch.layout, history::read_run(scratch.layout, run));
  CHECK_FALSE(fs::exists(scratch.path(store + "id-plain")));
  CHECK(fs::exists(scratch.path(store + "id-asset/out/f")));
  CHECK(fs::exists(scratch.path(store + "id-reused/out/f")));
  REQUIRE(history::list_runs(scratch.layout).size() == 1);
  CHECK(history::registered_assets(scratch.layout).size() == 1);
}

TEST_CASE("eight processes record, list and delete at once, and no run is lost or invented") {
  const support::Scratch scratch;
  constexpr int writers = 8, each = 6;
  std::vector<pid_t> children;
  for (int writer = 0; writer < writers; ++writer) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        for (int n = 0; n < each; ++n) {
          const std::string name = "w" + std::to_string(writer) + "-" + std::to_string(n);
          record(scratch.layout, name, n);
          history::list_runs(scratch.layout);
          // Every third one goes again, while others list.
          if (n % 3 == 2)
            history::delete_run(scratch.layout, history::read_run(scratch.layout, name));
        }
      } catch (const std::exception&) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  const auto runs = history::list_runs(scratch.layout);
  CHECK(runs.size() == writers * (each - each / 3));
  for (const auto& run : runs) CHECK(run.status == Status::completed);
  CHECK(history::rebuild_index(scratch.layout) == runs.size());
}
