#include "step/supervise.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"

namespace {

using Clock = std::chrono::steady_clock;

// A folder to run in, and a mark in the environment by which descendants are found in /proc.
struct Stage {
  base::TempDir folder{fs::canonical(fs::temp_directory_path()), "amlocal-test-"};
  std::string mark = folder.path().filename().native();

  fs::path log(int rank = 0) const { return folder.path() / ("log" + std::to_string(rank)); }
  fs::path path(const std::string& name) const { return folder.path() / name; }

  step::Launch launch(std::vector<std::string> argv) const {
    step::Launch launch;
    launch.argv = std::move(argv);
    launch.cwd = folder.path();
    launch.environment = base::current_environment();
    launch.environment.emplace_back("AMLOCAL_TEST_MARK", mark);
    launch.processes.push_back({log(), {}});
    launch.grace_seconds = 0.3;
    return launch;
  }
  step::Launch bash(const std::string& script) const { return launch({"bash", "-c", script}); }
  step::Launch python(const std::string& script) const {
    return launch({"/usr/bin/python3", "-c", script});
  }
};

// Processes that carry the mark, without zombies (whose environment is empty).
int living(const std::string& mark) {
  int found = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    try {
      const std::string environment = base::read_file(entry.path() / "environ");
      if (environment.find("AMLOCAL_TEST_MARK=" + mark) != std::string::npos) ++found;
    } catch (const base::Error&) {  // another user's, gone, or no process at all
    }
  }
  return found;
}

// Of the processes that carry the mark, those of this name, oldest first.
std::vector<pid_t> named(const std::string& name, const std::string& mark) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    try {
      if (base::read_file(entry.path() / "comm") == name + "\n" &&
          base::read_file(entry.path() / "environ").find("AMLOCAL_TEST_MARK=" + mark) !=
              std::string::npos)
        found.push_back(std::stoi(entry.path().filename().native()));
    } catch (const base::Error&) {
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool within(double seconds, const std::function<bool()>& holds) {
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (!holds()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

step::Supervised run(const step::Launch& launch) {
  const base::Cancel cancel;
  return step::supervise(launch, cancel);
}

// A python script that leaves a daemon behind: a session of its own, two forks away, deaf to
// SIGTERM.
const char* const daemon_script =
    "import os, signal, time\n"
    "ready, tell = os.pipe()\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "        os.write(tell, b'x')\n"
    "        time.sleep(60)\n"
    "    os._exit(0)\n"
    "os.read(ready, 1)\n"
    "open('ready', 'w').close()\n";

}  // namespace

TEST_CASE("an exit code, the log, and what was used") {
  const Stage stage;
  const auto result = run(stage.bash("echo out; echo err >&2; ls /proc/self/fd | wc -l; exit 3"));
  CHECK(result.error == "");
  REQUIRE(result.statuses.size() == 1);
  CHECK(WIFEXITED(result.statuses[0]));
  CHECK(WEXITSTATUS(result.statuses[0]) == 3);
  CHECK(base::read_file(stage.log()) == "out\nerr\n4\n");  // 0, 1, 2 and ls's own folder
  CHECK(result.peak_bytes > 0);
  CHECK(result.left.empty());
}

TEST_CASE("the environment of the launch and of the process") {
  const Stage stage;
  auto launch = stage.bash("echo $AMLOCAL_TEST_MARK $RANK");
  launch.processes[0].own = {{"RANK", "a=b"}};
  CHECK(run(launch).error == "");
  CHECK(base::read_file(stage.log()) == stage.mark + " a=b\n");
}

TEST_CASE("the end by a signal") {
  const Stage stage;
  const auto result = run(stage.bash("kill -SEGV $$"));
  CHECK(WIFSIGNALED(result.statuses.at(0)));
  CHECK(WTERMSIG(result.statuses.at(0)) == SIGSEGV);
}

TEST_CASE("a closed pipe kills the writer as usual") {
  const Stage stage;
  const auto result = run(stage.bash("yes | head -1 >/dev/null; echo ${PIPESTATUS[0]}"));
  CHECK(result.error == "");
  CHECK(base::read_file(stage.log()) == "141\n");
}

TEST_CASE("timeout") {
  const Stage stage;
  auto launch = stage.bash("trap '' TERM; while :; do sleep 0.05; done");
  launch.timeout_seconds = 0.3;
  const auto begin = Clock::now();
  const auto result = run(launch);
  CHECK(result.timed_out);
  CHECK_FALSE(result.canceled);
  CHECK(WIFSIGNALED(result.statuses.at(0)));
  CHECK(WTERMSIG(result.statuses.at(0)) == SIGKILL);
  CHECK(Clock::now() - begin < std::chrono::seconds(5));
  CHECK(living(stage.mark) == 0);
}

TEST_CASE("cancel: SIGTERM first, and time to answer it") {
  const Stage stage;
  auto launch = stage.python(
      "import signal, sys, time\n"
      "signal.signal(signal.SIGTERM, lambda *a: (print('saved', flush=True), sys.exit(9)))\n"
      "open('ready', 'w').close()\n"
      "time.sleep(60)\n");
  launch.grace_seconds = 10;
  base::Cancel cancel;
  std::thread user([&] {
    within(10, [&] { return fs::exists(stage.path("ready")); });
    cancel.request();
  });
  const auto result = step::supervise(launch, cancel);
  user.join();
  CHECK(result.canceled);
  CHECK_FALSE(result.timed_out);
  CHECK(WEXITSTATUS(result.statuses.at(0)) == 9);
  CHECK(base::read_file(stage.log()) == "saved\n");
}

TEST_CASE("a command that cannot be started says why") {
  const Stage stage;
  CHECK(run(stage.launch({"./no-such-program"})).error ==
        "cannot start './no-such-program': No such file or directory");
  auto nowhere = stage.bash("true");
  nowhere.cwd = stage.path("gone");
  CHECK(run(nowhere).error ==
        "cannot enter '" + nowhere.cwd.native() + "': No such file or directory");
  auto mute = stage.bash("true");
  mute.processes[0].log = stage.path("gone/log");
  CHECK(run(mute).error ==
        "cannot open the log '" + mute.processes[0].log.native() + "': No such file or directory");
}

TEST_CASE("a daemon two forks and a session away is killed, and named") {
  const Stage stage;
  const auto result = run(stage.python(daemon_script));
  CHECK(result.statuses.at(0) == 0);
  REQUIRE(result.left.size() == 1);
  CHECK(result.left[0].starts_with("python3"));
  CHECK(living(stage.mark) == 0);
}

TEST_CASE("a background process is named") {
  const Stage stage;
  const auto result = run(stage.bash("sleep 60 & while ! grep -q sleep /proc/$!/comm; do :; done"));
  CHECK(result.statuses.at(0) == 0);
  CHECK(result.left == std::vector<std::string>{"sleep"});
  CHECK(living(stage.mark) == 0);
}

TEST_CASE("a killed controller takes everything with it") {
  const Stage stage;
  const auto launch = stage.python(std::string(daemon_script) + "time.sleep(60)\n");
  const pid_t controller = ::fork();
  if (controller == 0) {
    run(launch);
    ::_exit(0);
  }
  CHECK(within(10, [&] { return fs::exists(stage.path("ready")); }));
  CHECK(living(stage.mark) > 0);
  ::kill(controller, SIGKILL);
  ::waitpid(controller, nullptr, 0);
  CHECK(within(2, [&] { return living(stage.mark) == 0; }));
}

TEST_CASE("a killed supervisor takes everything with it, whichever of its two processes it is") {
  for (const bool first : {true, false}) {
    const Stage stage;
    const auto launch = stage.python(std::string(daemon_script) + "time.sleep(60)\n");
    step::Supervised result;
    std::thread controller([&] { result = run(launch); });
    CHECK(within(10, [&] { return fs::exists(stage.path("ready")); }));
    const auto supervisors = named("amlocal-supervi", stage.mark);
    if (supervisors.size() == 2) ::kill(supervisors[first ? 0 : 1], SIGKILL);
    CHECK(supervisors.size() == 2);
    CHECK(within(2, [&] { return living(stage.mark) == 0; }));
    controller.join();
    CHECK(result.error == "the supervisor of the command was killed");
  }
}

TEST_CASE("processes that fork on and on, each leaving its parent behind, do not escape") {
  const Stage stage;
  const auto result =
      run(stage.python("import os\n"
                       "for _ in range(20):\n"
                       "    if os.fork() == 0:\n"
                       "        while True:\n"
                       "            if os.fork(): os._exit(0)\n"
                       "            os.setsid()\n"));
  CHECK(result.statuses.at(0) == 0);
  CHECK(living(stage.mark) == 0);
}

TEST_CASE("a stopped process is ended too") {
  const Stage stage;
  auto launch = stage.bash("sleep 60 & kill -STOP $!; touch ready; kill -STOP $$");
  base::Cancel cancel;
  std::thread user([&] {
    within(10, [&] { return fs::exists(stage.path("ready")); });
    cancel.request();
  });
  const auto result = step::supervise(launch, cancel);
  user.join();
  CHECK(result.canceled);
  CHECK(living(stage.mark) == 0);
}

TEST_CASE("a read-only view refuses a write") {
  const Stage stage;
  base::write_file_atomically(stage.path("original/file"), "kept");
  base::write_file_atomically(stage.path("single"), "");
  fs::create_directory(stage.path("seen"));
  auto launch = stage.python(
      "import errno\n"
      "print(open('seen/file').read(), open('single').read())\n"
      "for name in ('seen/file', 'seen/new', 'single'):\n"
      "    try:\n"
      "        open(name, 'w')\n"
      "    except OSError as e:\n"
      "        print(errno.errorcode[e.errno])\n");
  launch.read_only = {{stage.path("original"), stage.path("seen")},
                      {stage.path("original/file"), stage.path("single")}};
  const auto result = run(launch);
  if (!step::can_make_views()) {
    CHECK(result.error == "read-only views cannot be made on this machine");
    return;
  }
  CHECK(result.error == "");
  CHECK(base::read_file(stage.log()) == "kept kept\nEROFS\nEROFS\nEROFS\n");
  CHECK(base::read_file(stage.path("original/file")) == "kept");
  CHECK(fs::is_empty(stage.path("seen")));
  launch.read_only = {{stage.path("gone"), stage.path("seen")}};
  CHECK(run(launch).error ==
        "cannot show '" + stage.path("gone").native() + "': No such file or directory");
}

TEST_CASE("two processes, each with its log") {
  const Stage stage;
  auto launch = stage.bash("echo I am $RANK");
  launch.processes = {{stage.log(0), {{"RANK", "0"}}}, {stage.log(1), {{"RANK", "1"}}}};
  const auto result = run(launch);
  CHECK(result.statuses == std::vector<int>{0, 0});
  CHECK(base::read_file(stage.log(0)) == "I am 0\n");
  CHECK(base::read_file(stage.log(1)) == "I am 1\n");
}

TEST_CASE("one of two processes fails, and the other is ended") {
  const Stage stage;
  auto launch = stage.bash("if [ $RANK = 1 ]; then exit 4; fi; exec sleep 60");
  launch.processes = {{stage.log(0), {{"RANK", "0"}}}, {stage.log(1), {{"RANK", "1"}}}};
  const auto result = run(launch);
  REQUIRE(result.statuses.size() == 2);
  CHECK(WIFSIGNALED(result.statuses[0]));
  CHECK(WEXITSTATUS(result.statuses[1]) == 4);
  CHECK(result.left.empty());
}

// The cases above once more under `wrapper`, where it can run this executable.
static void again(std::vector<std::string> wrapper) {
  const std::string self = fs::read_symlink("/proc/self/exe").native();
  const auto environment = base::current_environment();
  auto command = wrapper;
  command.insert(command.end(), {"test", "-x", self});
  if (::geteuid() != 0 ||
      base::find_program("setpriv", base::variable(environment, "PATH")).empty() ||
      base::run_captured(command, environment).status != 0) {
    MESSAGE("left out: needs root, setpriv and a build folder that others can read");
    return;
  }
  wrapper.insert(wrapper.end(), {self, "--test-case-exclude=*once more*"});
  const auto captured = base::run_captured(wrapper, environment);
  INFO(captured.out << captured.err);
  CHECK(captured.status == 0);
}

TEST_CASE("as an ordinary user, once more") {
  again({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"});
}

TEST_CASE("where namespaces are not allowed, once more") {
  again({"setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"});
}
