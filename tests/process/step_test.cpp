#include "step/step.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

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
    request.locks = scratch.path("locks");
    request.grace_seconds = 0.3;
  }

  void input(const std::string& name, const std::string& source, DataType type, AccessMode mode) {
    request.inputs.push_back({name, type, mode, "", scratch.path(source), "azureml://in", ""});
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
  static std::string names(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
      names.push_back(entry.path().filename().native());
    std::sort(names.begin(), names.end());
    return fmt::format("{}", fmt::join(names, " "));
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
  stage.request.inputs.push_back({"rate", DataType::number, AccessMode::direct, "0.5", {}, {}, {}});
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
      "cat ${{inputs.one}} >/dev/null || exit 9; setsid sleep 77 & setsid sleep 78 & sleep 0.3");
  INFO(stage.log());
  REQUIRE(outcome.status == model::Status::completed);
  CHECK(stage.text("data/rows.csv") == "1,2\n");
  const auto notices = stage.told.of<events::Notice>();
  REQUIRE_FALSE(notices.empty());
  CHECK(notices.back().text == "left background processes behind, now killed: sleep (2)");
}

TEST_CASE("Python's own bookkeeper of shared memory is nobody's background process") {
  Stage stage;
  // As multiprocessing starts it; the pipe that it reads does not end here.
  const auto outcome = stage.run(
      "mkfifo pipe; exec 9<>pipe; "
      "python3 -c 'from multiprocessing.resource_tracker import main;main(9)' & "
      "until grep -qs ^python3 /proc/$!/comm; do :; done");
  REQUIRE(outcome.status == model::Status::completed);
  for (const auto& notice : stage.told.of<events::Notice>())
    CHECK_MESSAGE(notice.text.find("left background processes") == std::string::npos, notice.text);
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
    CHECK(outcome.failure->summary == "killed by SIGKILL");
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
    Stage other;
    other.request.locks = stage.request.locks;
    other.request.outputs = {{"o", DataType::uri_folder, AccessMode::rw_mount,
                              stage.scratch.path("store/made"), "azureml://out"}};
    std::thread first([&] { other.run("touch ${{outputs.o}}/here; sleep 60"); });
    while (!stage.there("store/made/here")) std::this_thread::yield();
    stage.output("made", "store/made/", DataType::uri_folder, AccessMode::rw_mount);
    const auto outcome = stage.run("true");
    other.cancel.request();
    first.join();
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->kind == "output");
    CHECK(outcome.failure->summary == "output 'made': step 'train' of run root_run is writing '" +
                                          stage.scratch.path("store/made").native() + "'");
    CHECK(fs::is_empty(stage.request.locks));
    CHECK(Stage::names(stage.scratch.path("store")) == "made");
  }
  SUBCASE("two outputs in one place") {
    stage.output("a", "store/made/", DataType::uri_folder, AccessMode::rw_mount);
    stage.output("b", "store/made", DataType::uri_folder, AccessMode::upload);
    const auto outcome = stage.run("true");
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->summary ==
          "outputs 'a' and 'b' both go to '" + stage.scratch.path("store/made").native() + "'");
  }
  SUBCASE("a place where nothing can be made") {
    stage.scratch.write("store", "a file where a folder should be");
    stage.output("made", "store/made/", DataType::uri_folder, AccessMode::rw_mount);
    const auto outcome = stage.run("true");
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->summary == "cannot write output 'made' to '" +
                                          stage.scratch.path("store/made").native() +
                                          "': Not a directory");
  }
  SUBCASE("a variable that is too long") {
    stage.component.environment_variables = {{"LONG", model::Template{}}};
    std::vector<model::ExpressionProblem> problems;
    stage.component.environment_variables[0].second =
        model::parse_template(std::string(200'000, 'x'), {}, problems);
    const auto outcome = stage.run("true");
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->summary ==
          "variable LONG is 200005 bytes long, and this system allows 131071");
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

TEST_CASE("a private copy can be changed, and no way leads back to the original") {
  Stage stage;
  stage.scratch.write("elsewhere/big.csv", "big");
  stage.scratch.write("data/sub/rows.csv", "1,2");
  fs::create_symlink(stage.scratch.path("elsewhere/big.csv"), stage.scratch.path("data/big.csv"));
  fs::create_symlink("sub/rows.csv", stage.scratch.path("data/same.csv"));
  fs::create_symlink("nowhere", stage.scratch.path("data/dangling"));
  fs::create_directory_symlink(stage.scratch.path("data"), stage.scratch.path("data/sub/above"));
  fs::permissions(stage.scratch.path("data/sub/rows.csv"), fs::owner_read);
  stage.input("raw", "data", DataType::uri_folder, AccessMode::download);
  const auto outcome = stage.run(
      "cd ${{inputs.raw}} && test -w sub/rows.csv && for f in big.csv same.csv; do echo x >> $f; "
      "done && cat big.csv sub/rows.csv && readlink dangling same.csv && touch sub/new");
  INFO(stage.log());
  REQUIRE(outcome.status == model::Status::completed);
  CHECK(stage.log() == "bigx\n1,2x\nnowhere\nsub/rows.csv\n");
  CHECK(stage.text("elsewhere/big.csv") == "big");
  CHECK(stage.text("data/sub/rows.csv") == "1,2");
  CHECK_FALSE(stage.there("data/sub/new"));
}

TEST_CASE("several uploads are published together or not at all") {
  Stage stage;
  stage.output("good", "store/good", DataType::uri_folder, AccessMode::upload);
  stage.output("bad", "store/bad.txt", DataType::uri_file, AccessMode::upload);
  const auto outcome = stage.run("echo 1 > ${{outputs.good}}/a; mkdir ${{outputs.bad}}");
  REQUIRE(outcome.failure);
  CHECK(outcome.status == model::Status::failed);
  CHECK(outcome.failure->summary ==
        "output 'bad' has type uri_file, but the step left a folder in its place");
  CHECK_FALSE(stage.there("store"));  // not even the folder that was made for them
}

TEST_CASE("what a step puts in the place of its output's folder is published all the same") {
  Stage stage;
  stage.output("made", "store/made", DataType::uri_folder, AccessMode::rw_mount);
  const auto outcome =
      stage.run("rm ${{outputs.made}} && mkdir ${{outputs.made}} && echo 1 > ${{outputs.made}}/a");
  REQUIRE(outcome.status == model::Status::completed);
  CHECK(stage.text("store/made/a") == "1\n");
}

TEST_CASE("an upload holds what links led to, and no pipe") {
  Stage stage;
  stage.output("model", "store/model", DataType::uri_folder, AccessMode::upload);
  stage.output("best", "store/best.txt", DataType::uri_file, AccessMode::upload);
  stage.output("moved", "store/moved", DataType::uri_folder, AccessMode::upload);
  const auto outcome = stage.run(
      "mkdir deep && echo 1 > deep/one && echo 2 > two && ln -s ../two deep/two\n"
      "ln -s $PWD/two ${{outputs.model}}/two\n"
      "ln -s $PWD/deep ${{outputs.model}}/deep\n"
      "ln -s two ${{outputs.model}}/latest\n"
      "mkfifo ${{outputs.model}}/pipe\n"
      "ln -s $PWD/two ${{outputs.best}}\n"
      "rmdir ${{outputs.moved}} && ln -s $PWD/deep ${{outputs.moved}}\n");
  REQUIRE(outcome.status == model::Status::completed);
  CHECK(Stage::names(stage.scratch.path("store/model")) == "deep latest two");
  CHECK(stage.text("store/model/two") == "2\n");
  CHECK(stage.text("store/model/latest") == "2\n");
  CHECK(stage.text("store/model/deep/two") == "2\n");
  CHECK(stage.text("store/best.txt") == "2\n");
  CHECK(stage.text("store/moved/one") == "1\n");
  const auto notices = stage.told.of<events::Notice>();
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].text ==
        "output 'model': 'pipe' is no file and is left out: only files and folders can be "
        "uploaded");
}

TEST_CASE("a link in an upload that leads to nothing or around itself fails the step") {
  const auto error_of = [](const std::string& command) {
    Stage stage;
    stage.output("model", "store/model", DataType::uri_folder, AccessMode::upload);
    const auto outcome = stage.run(command);
    CHECK(outcome.status == model::Status::failed);
    CHECK_FALSE(stage.there("store/model"));
    return outcome.failure.value().summary;
  };
  CHECK(error_of("ln -s /no/such ${{outputs.model}}/x") ==
        "output 'model': the link 'x' leads to nothing ('/no/such')");
  CHECK(error_of("ln -s / ${{outputs.model}}/x") ==
        "output 'model': the link 'x' leads to a folder that it is in ('/')");
}

TEST_CASE("what is written in place leads into no folder that goes, and other links are named") {
  Stage stage;
  stage.scratch.write("data/rows.csv", "1,2\n");
  stage.input("raw", "data", DataType::uri_folder, AccessMode::ro_mount);
  stage.input("one", "data/rows.csv", DataType::uri_file, AccessMode::ro_mount);
  stage.output("model", "store/model", DataType::uri_folder, AccessMode::rw_mount);
  stage.output("best", "store/best.txt", DataType::uri_file, AccessMode::rw_mount);
  stage.output("moved", "store/moved", DataType::uri_folder, AccessMode::rw_mount);
  const auto outcome = stage.run(
      "mkdir deep && echo 1 > deep/one && echo 2 > two\n"
      "ln -s $PWD/deep ${{outputs.model}}/deep\n"
      "ln -s ${{inputs.raw}} ${{outputs.model}}/raw\n"
      "ln -s ${{inputs.one}} ${{outputs.model}}/rows\n"
      "ln -s deep/one ${{outputs.model}}/latest\n"
      "ln -s /no/such ${{outputs.model}}/gone\n"
      "ln -s /etc/passwd ${{outputs.model}}/out\n"
      "mkfifo ${{outputs.model}}/pipe\n"
      "ln -s $PWD/two ${{outputs.best}}\n"
      "rm ${{outputs.moved}} && ln -s $PWD/deep ${{outputs.moved}}\n");
  REQUIRE(outcome.status == model::Status::completed);
  CHECK(stage.text("store/model/deep/one") == "1\n");
  CHECK(stage.text("store/model/latest") == "1\n");
  CHECK(stage.text("store/model/raw/rows.csv") == "1,2\n");
  CHECK(stage.text("store/model/rows") == "1,2\n");
  CHECK(stage.text("store/best.txt") == "2\n");
  CHECK(stage.text("store/moved/one") == "1\n");
  std::string notices;
  for (const auto& notice : stage.told.of<events::Notice>()) notices += notice.text + "\n";
  INFO(notices);
  for (const char* text :
       {"output 'model': the link 'deep' led into the step's own folder and is now what was there",
        "output 'model': the link 'raw' led into", "output 'model': the link 'rows' led into",
        "output 'model': the link 'gone' leads to nothing ('/no/such')\n",
        "output 'model': the link 'out' leads out of it, where the cloud keeps nothing "
        "('/etc/passwd')\n",
        "output 'model': 'pipe' is no file: ", "output 'best': the link 'best.txt' led into"})
    CHECK(notices.find(text) != std::string::npos);
}

TEST_CASE("an upload takes the input that a link in it leads to") {
  Stage stage;
  stage.scratch.write("data/rows.csv", "1,2\n");
  stage.input("raw", "data", DataType::uri_folder, AccessMode::ro_mount);
  stage.input("one", "data/rows.csv", DataType::uri_file, AccessMode::ro_mount);
  stage.output("made", "store/made", DataType::uri_folder, AccessMode::upload);
  const auto outcome = stage.run(
      "ln -s ${{inputs.raw}}/rows.csv ${{outputs.made}}/a; ln -s ${{inputs.one}} aside\n"
      "ln -s $PWD/aside ${{outputs.made}}/b");
  REQUIRE(outcome.status == model::Status::completed);
  CHECK(stage.text("store/made/a") == "1,2\n");
  CHECK(stage.text("store/made/b") == "1,2\n");
}

TEST_CASE("the system's logs tell what amlocal did") {
  Stage stage;
  stage.scratch.write("data/rows.csv", "1,2\n");
  stage.input("raw", "data", DataType::uri_folder, AccessMode::ro_mount);
  stage.output("made", "store/made", DataType::uri_folder, AccessMode::rw_mount);
  stage.run("exit 3");
  const auto wrapper = stage.text("step/system_logs/lifecycler/execution-wrapper.log");
  CHECK(wrapper.find("starting the command in 1 processes\n") != std::string::npos);
  CHECK(wrapper.find("the command has ended: Failed, exit code 3\n") != std::string::npos);
  const auto data = stage.text("step/system_logs/data_capability/data-capability.log");
  CHECK(data.find("input raw (ro_mount): " + stage.scratch.path("data").native()) !=
        std::string::npos);
  CHECK(data.find(" goes to " + stage.scratch.path("store/made").native()) != std::string::npos);
}

TEST_CASE("variables keep newlines, and may name inputs") {
  Stage stage;
  stage.request.inputs.push_back({"rate", DataType::number, AccessMode::direct, "0.5", {}, {}, {}});
  std::vector<model::ExpressionProblem> problems;
  stage.component.environment_variables = {
      {"TEXT", model::parse_template("one\ntwo = ${{inputs.rate}}", {}, problems)}};
  CHECK(stage.run("echo \"$TEXT\"").status == model::Status::completed);
  CHECK(stage.log() == "one\ntwo = 0.5\n");
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

TEST_CASE("a link that leads out of a read-only input is named") {
  Stage stage;
  stage.scratch.write("data/rows.csv", "1,2\n");
  stage.scratch.write("elsewhere/secret", "x");
  fs::create_symlink("rows.csv", stage.scratch.path("data/inside"));
  fs::create_symlink(stage.scratch.path("elsewhere/secret"), stage.scratch.path("data/out"));
  stage.input("raw", "data", DataType::uri_folder, AccessMode::ro_mount);
  REQUIRE(stage.run("true").status == model::Status::completed);
  const auto notices = stage.told.of<events::Notice>();
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].text ==
        "input 'raw': its link 'out' leads to '" + stage.scratch.path("elsewhere/secret").native() +
            "', which a read-only view does not protect; mode download copies it");
}

}  // namespace
