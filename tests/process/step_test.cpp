#include "step/step.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file_lock.hpp"
#include "support/scratch.hpp"

namespace {

using model::AccessMode;
using model::DataType;

struct Told final : events::Sink {
  std::vector<events::Event> all;
  void on(const events::Stamped& stamped) override { all.push_back(stamped.event); }

  template <class E>
  std::vector<E> of() const {
    std::vector<E> found;
    for (const auto& event : all) {
      if (const auto* one = std::get_if<E>(&event)) found.push_back(*one);
    }
    return found;
  }
};

// One step with a folder of its own, a code folder and a datastore.
struct Stage {
  support::Scratch scratch;
  model::Component component;
  step::Request request;
  Told told;
  base::SystemClock clock;
  base::Cancel cancel;

  Stage() {
    fs::create_directories(scratch.path("code"));
    request.path = "train";
    request.component = &component;
    request.identity = {"root_run", "step-id", "exp", "exp-id"};
    request.runtime.python =
        base::find_program("python3", base::variable(base::current_environment(), "PATH"));
    request.runtime.bin = request.runtime.python.parent_path();
    request.folder = scratch.path("step");
    request.snapshot = scratch.path("code");
    request.environment = {{"HOME", "/nowhere"}, {"PATH", "/usr/bin:/bin"}};
    request.grace_seconds = 0.3;
  }

  void input(const std::string& name, const std::string& source, DataType type, AccessMode mode) {
    request.inputs.push_back({name, type, mode, "", scratch.path(source), "azureml://in"});
  }
  void output(const std::string& name, const std::string& destination, DataType type,
              AccessMode mode) {
    request.outputs.push_back({name, type, mode, scratch.path(destination), "azureml://out"});
  }
  step::Outcome run(const std::string& command) {
    std::vector<model::ExpressionProblem> problems;
    component.command = model::parse_template(command, {}, problems);
    return step::run(request, clock, told, cancel);
  }
  std::string text(const std::string& name) const { return base::read_file(scratch.path(name)); }
  std::string log() const { return base::read_file(step::log_path(request)); }
  bool there(const std::string& name) const { return fs::exists(scratch.path(name)); }
};

TEST_CASE("a step reads its inputs and writes its outputs") {
  Stage stage;
  stage.scratch.write("data/rows.csv", "1,2\n");
  stage.input("raw", "data", DataType::uri_folder, AccessMode::ro_mount);
  stage.input("one", "data/rows.csv", DataType::uri_file, AccessMode::download);
  stage.request.inputs.push_back({"rate", DataType::number, AccessMode::direct, "0.5", {}, {}});
  stage.output("made", "store/a/made/", DataType::uri_folder, AccessMode::rw_mount);
  stage.output("report", "store/b/report.txt", DataType::uri_file, AccessMode::upload);
  const auto outcome = stage.run(
      "cp ${{inputs.raw}}/rows.csv ${{outputs.made}}/ && cat ${{inputs.one}} > ${{outputs.report}} "
      "&& "
      "echo more >> ${{inputs.one.path}} && "
      "echo ${{inputs.rate}} $AZUREML_PARAMETER_rate $AZUREML_RUN_ID && echo kept > "
      "outputs/model.txt");
  INFO(stage.log());
  REQUIRE(outcome.status == model::Status::completed);
  CHECK_FALSE(outcome.failure);
  CHECK(stage.text("store/a/made/rows.csv") == "1,2\n");
  CHECK(stage.text("store/b/report.txt") == "1,2\n");
  CHECK(stage.text("data/rows.csv") == "1,2\n");
  CHECK(stage.log() == "0.5 0.5 step-id\n");
  CHECK(stage.text("step/azureml-logs/70_driver_log.txt") == stage.log());
  CHECK(stage.text("step/artifacts/outputs/model.txt") == "kept\n");
  CHECK_FALSE(stage.there("step/artifacts/logs"));
  CHECK_FALSE(stage.there("step/exe"));
  CHECK(outcome.bytes_out == 8);
  CHECK(stage.told.of<events::OutputPublished>().size() == 2);
}

TEST_CASE("a read-only input stays as it is, and background processes are named") {
  Stage stage;
  stage.scratch.write("data/rows.csv", "1,2\n");
  stage.input("raw", "data", DataType::uri_folder, AccessMode::ro_mount);
  stage.input("one", "data/rows.csv", DataType::uri_file, AccessMode::ro_mount);
  const auto outcome = stage.run(
      "echo x >> ${{inputs.raw}}/rows.csv; echo y >> ${{inputs.one}}; rm -rf ${{inputs.raw}}; "
      "cat ${{inputs.one}} >/dev/null || exit 9; setsid sleep 77 & sleep 0.3");
  INFO(stage.log());
  REQUIRE(outcome.status == model::Status::completed);
  CHECK(stage.text("data/rows.csv") == "1,2\n");
  const auto notices = stage.told.of<events::Notice>();
  REQUIRE_FALSE(notices.empty());
  CHECK(notices.back().text == "left background processes behind, now killed: sleep");
}

TEST_CASE("a Python exception is read from the log") {
  Stage stage;
  stage.scratch.write("code/train.py",
                      "def main():\n    return {}['fare']\n\nprint('go')\nmain()\n");
  stage.output("made", "store/made", DataType::uri_folder, AccessMode::rw_mount);
  const auto outcome = stage.run("echo part > ${{outputs.made}}/part; python3 train.py");
  REQUIRE(outcome.failure);
  CHECK(outcome.status == model::Status::failed);
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.failure->kind == "exit_code");
  CHECK(outcome.failure->summary == "exit code 1");
  CHECK(outcome.failure->exception == "KeyError: 'fare'");
  CHECK(outcome.failure->place == "train.py:2");
  CHECK(outcome.failure->log_tail.front() == "go");
  const auto json = nlohmann::json::parse(outcome.failure->json);
  CHECK(json["error"]["message"] == "User program failed with KeyError: 'fare'");
  CHECK(json["error"]["debugInfo"]["type"] == "KeyError");
  CHECK(stage.there("step/exe/wd/train.py"));
  CHECK(stage.told.of<events::OutputPublished>().size() == 1);
}

TEST_CASE("usual mistakes have a hint") {
  Stage stage;
  stage.scratch.write("code/train.py", "import surely_not_there.sub\n");
  SUBCASE("a package that is missing") {
    const auto outcome = stage.run("python3 train.py");
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->hint.ends_with(stage.request.runtime.python.string() +
                                          " -m pip install surely_not_there"));
  }
  SUBCASE("a script that is not there") {
    const auto outcome = stage.run("python3 trian.py");
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->kind == "launch");
    CHECK(outcome.failure->summary == "script 'trian.py' not found in the code folder");
    CHECK(outcome.failure->hint == "did you mean 'train.py'?");
  }
  SUBCASE("a syntax error of the script itself") {
    stage.scratch.write("code/bad.py", "x = (\n");
    const auto outcome = stage.run("python3 bad.py");
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->exception.starts_with("SyntaxError: "));
    CHECK(outcome.failure->place == "bad.py:1");
  }
}

TEST_CASE("signals, timeouts and cancellation are told apart") {
  Stage stage;
  SUBCASE("killed") {
    const auto outcome = stage.run("kill -9 $$");
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->summary == "killed by SIGKILL (the machine may have run out of memory)");
    CHECK(outcome.exit_code == 137);
  }
  SUBCASE("too slow") {
    stage.component.limits.timeout_seconds = 1;
    const auto outcome = stage.run("sleep 30");
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->kind == "timeout");
  }
  SUBCASE("canceled") {
    std::thread stopper([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      stage.cancel.request();
    });
    const auto outcome = stage.run("sleep 30");
    stopper.join();
    CHECK(outcome.status == model::Status::canceled);
    CHECK_FALSE(outcome.failure);
  }
}

TEST_CASE("data that cannot be given is the step's failure") {
  Stage stage;
  SUBCASE("a source that is not there") {
    stage.input("raw", "nothing", DataType::uri_folder, AccessMode::ro_mount);
    const auto outcome = stage.run("true");
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->kind == "input");
    CHECK(outcome.failure->summary.starts_with("input 'raw': there is nothing at "));
  }
  SUBCASE("a place that another run writes") {
    fs::create_directories(stage.scratch.path("store/.locks"));
    const auto held = base::FileLock::wait(stage.scratch.path("store/.locks/made.lock"));
    stage.output("made", "store/made/", DataType::uri_folder, AccessMode::rw_mount);
    const auto outcome = stage.run("true");
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->kind == "output");
    CHECK(outcome.failure->summary.find("another run is writing ") != std::string::npos);
  }
}

TEST_CASE("an upload adds to a folder that is there; an output nobody wrote is noticed") {
  Stage stage;
  stage.scratch.write("store/made/sub/old.txt", "old");
  stage.scratch.write("store/made/same.txt", "old");
  stage.output("made", "store/made", DataType::uri_folder, AccessMode::upload);
  stage.output("empty", "store/empty", DataType::uri_folder, AccessMode::rw_mount);
  stage.output("none", "store/none.txt", DataType::uri_file, AccessMode::rw_mount);
  const auto outcome = stage.run(
      "mkdir ${{outputs.made}}/sub; echo new > ${{outputs.made}}/sub/new.txt; echo new > "
      "${{outputs.made}}/same.txt");
  REQUIRE(outcome.status == model::Status::completed);
  CHECK(stage.text("store/made/sub/old.txt") == "old");
  CHECK(stage.text("store/made/sub/new.txt") == "new\n");
  CHECK(stage.text("store/made/same.txt") == "new\n");
  CHECK(stage.told.of<events::OutputPublished>().size() == 2);
  const auto notices = stage.told.of<events::Notice>();
  REQUIRE(notices.size() == 2);
  CHECK(notices[0].text == "output 'empty' was not written");
  CHECK(notices[1].text == "output 'none' was not written");
}

TEST_CASE("a distribution starts one process a rank, each with its log") {
  Stage stage;
  stage.component.distribution = model::Distribution{};
  stage.component.distribution->process_count_per_instance = 2;
  const auto outcome = stage.run("echo rank $RANK of $WORLD_SIZE");
  REQUIRE(outcome.status == model::Status::completed);
  CHECK(stage.text("step/user_logs/std_log_process_00.txt") == "rank 0 of 2\n");
  CHECK(stage.text("step/user_logs/std_log_process_01.txt") == "rank 1 of 2\n");
  CHECK(stage.log() == "rank 0 of 2\n");
}

}  // namespace
