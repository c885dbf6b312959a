// The audit hook is never in the way of a script, in every Python that it is for.
#include "audit_step.hpp"

using support::pythons;
using support::Step;

TEST_CASE("the user's own sitecustomize and usercustomize run, and sys.path is theirs") {
  for (const auto& python : pythons()) {
    Step step(python);
    step.scratch.write("site/sitecustomize.py", "print('site of the user')\n");
    step.scratch.write("home/usercustomize.py", "print('user of the user')\n");
    step.variables.emplace_back("PYTHONPATH", step.scratch.path("site").native() + ":" +
                                                  step.scratch.path("home").native());
    const auto text = step.run_script(
        "import os, sys, sitecustomize\n"
        "print(os.path.basename(os.path.dirname(sitecustomize.__file__)))\n"
        "print(any('hook' in folder for folder in sys.path))\n"
        "open(os.environ['DATA'] + '/x', 'w').close()\n");
    // A virtual environment has no usercustomize; these Pythons are none.
    CHECK(step.out == "site of the user\nuser of the user\nsite\nFalse\n");
    CHECK(text.records.size() == 1);
  }
}

TEST_CASE("a sitecustomize that fails is reported as without the hook") {
  for (const auto& python : pythons()) {
    Step step(python);
    step.scratch.write("site/sitecustomize.py", "import no_such_module\n");
    step.variables.emplace_back("PYTHONPATH", step.scratch.path("site").native());
    step.scratch.write("work/train.py", "print('runs')\n");
    const auto variables = step::with_audit(step.variables, step.audit);
    const std::string train = step.scratch.path("work/train.py").native();
    const auto with = base::run_captured({python, train}, variables);
    const auto without = base::run_captured({python, train}, step.variables);
    CHECK(with.out == "runs\n");
    CHECK(with.err == without.err);
    CHECK(with.err.find("no_such_module") != std::string::npos);
    CHECK(with.status == without.status);
  }
}

TEST_CASE("a script that closes every descriptor keeps its files to itself") {
  // With the lower limit the hook's descriptor cannot have a number that nobody else gets.
  for (const std::string limit : {"1024", "300"})
    for (const auto& python : pythons()) {
      Step step(python);
      const auto text = step.run_script(
          "import os, resource\n"
          "resource.setrlimit(resource.RLIMIT_NOFILE, (" +
          limit + ", " + limit +
          "))\n"
          "d, other = os.environ['DATA'], os.environ['OTHER']\n"
          "open(d + '/first', 'w').close()\n"
          "os.closerange(3, 1024)\n"
          "own = [os.open(other + '/%d' % n, os.O_RDWR | os.O_CREAT) for n in range(8)]\n"
          "open(d + '/second', 'w').close()\n"
          "os.closerange(3, 1024)\n"
          "open(d + '/third', 'w').close()\n"
          "print([os.path.getsize(other + '/%d' % n) for n in range(8)])\n");
      CHECK(step.out == "[0, 0, 0, 0, 0, 0, 0, 0]\n");
      CHECK(text.records.size() == 3);
      CHECK(text.damaged == 0);
    }
}

TEST_CASE("what a signal's handler raises reaches the script, also out of the hook") {
  for (const auto& python : pythons()) {
    Step step(python);
    step.run_script(
        "import os, signal\n"
        "class Alarm(Exception): pass\n"
        "raised = caught = 0\n"
        "def handler(*_):\n"
        "    global raised\n"
        "    raised += 1\n"
        "    raise Alarm\n"
        "signal.signal(signal.SIGALRM, handler)\n"
        "name = os.environ['DATA'] + '/x'\n"
        "open(name, 'w').close()\n"
        "while caught < 200:\n"
        "    try:\n"
        "        signal.setitimer(signal.ITIMER_REAL, 0.0002)\n"
        "        while True: os.listdir(os.environ['DATA'])\n"
        "    except Alarm:\n"
        "        caught += 1\n"
        "    assert raised == caught, (raised, caught)\n"
        "print('ok')\n");
    CHECK(step.out == "ok\n");
  }
}

TEST_CASE("a record that cannot be written is nobody's business") {
  for (const auto& python : pythons()) {
    Step step(python);
    step.audit.record = step.scratch.path("missing/record");
    const std::string script =
        "import os\n"
        "open(os.environ['DATA'] + '/x', 'w').write('1')\n"
        "print(os.listdir(os.environ['DATA']))\n";
    CHECK(step.run_script(script).records.empty());
    CHECK(step.out == "['x']\n");
    step.audit.record = "/dev/full";
    step.scratch.write("work/train.py", script);
    const auto ended = base::run_captured({python, step.scratch.path("work/train.py").native()},
                                          step::with_audit(step.variables, step.audit));
    CHECK(ended.out == "['x']\n");
    CHECK(ended.err.empty());
  }
}

TEST_CASE("errors of the script stay what they are") {
  for (const auto& python : pythons()) {
    Step step(python);
    const auto text = step.run_script(
        "import os, sys\n"
        "d = os.environ['DATA']\n"
        "class Bad:\n"
        "    def __fspath__(self): raise KeyError('mine')\n"
        "def error(act):\n"
        "    try: act()\n"
        "    except Exception as problem: print(type(problem).__name__)\n"
        "def deep():\n"
        "    open(d + '/deep', 'a').close()\n"
        "    deep()\n"
        "error(lambda: open(d + '/absent'))\n"
        "error(lambda: open(d + '/nul\\0'))\n"
        "error(lambda: open(d + '/x', 'z'))\n"
        "error(lambda: os.open(Bad(), os.O_RDONLY))\n"
        "error(lambda: os.open(3.5, os.O_RDONLY))\n"
        "error(lambda: os.listdir(987))\n"
        "error(lambda: os.remove('x', dir_fd=987))\n"
        "error(deep)\n"
        "sys.audit('open')\n"
        "sys.audit('open', object(), object(), object())\n"
        "sys.audit('os.rename', d)\n"
        "sys.audit('sqlite3.connect', 7)\n");
    CHECK(step.out ==
          "FileNotFoundError\nValueError\nValueError\nKeyError\nTypeError\nOSError\nOSError\n"
          "RecursionError\n");
    CHECK(text.damaged == 0);
  }
}

TEST_CASE("files opened while the interpreter ends are noted or not, and nothing is printed") {
  for (const auto& python : pythons()) {
    Step step(python);
    step.scratch.write("work/train.py",
                       "import atexit, os\n"
                       "d = os.environ['DATA']\n"
                       "def last(): open(d + '/atexit', 'w').close()\n"
                       "atexit.register(last)\n"
                       "class Late:\n"
                       "    def __del__(self, see=os.listdir, d=d): see(d)\n"
                       "late = Late()\n");
    const auto ended = base::run_captured({python, step.scratch.path("work/train.py").native()},
                                          step::with_audit(step.variables, step.audit));
    CHECK(ended.status == 0);
    CHECK(ended.err.empty());
    const auto text = step::read_audit(step.audit.record);
    REQUIRE(!text.records.empty());
    CHECK(text.records.front().path == step.data("atexit"));
    CHECK(text.records.front().place == step::AuditPlace{"train.py", 3});
  }
}

TEST_CASE("sizes before each open, where asked for") {
  for (const auto& python : pythons()) {
    Step step(python);
    step.audit.sizes = true;
    const auto text = step.run_script(
        "import os\n"
        "for n in range(3):\n"
        "    with open(os.environ['DATA'] + '/x', 'a') as file: file.write('1234')\n");
    REQUIRE(text.records.size() == 3);
    CHECK(!text.records[0].size);
    CHECK(text.records[1].size == 4);
    CHECK(text.records[2].size == 8);
  }
}

TEST_CASE("folders with colons and percent signs are watched") {
  for (const auto& python : pythons()) {
    Step step(python);
    const fs::path odd = step.scratch.path("a:b%3A");
    fs::create_directories(odd);
    step.audit.watched = {step.scratch.path("data"), odd};
    const auto text = step.run_script("open('" + odd.native() + "/x', 'w').close()\n");
    REQUIRE(text.records.size() == 1);
    CHECK(text.records[0].path == (odd / "x").native());
  }
}

TEST_CASE("a path longer than a record is cut and says so") {
  for (const auto& python : pythons()) {
    Step step(python);
    const auto text = step.run_script(
        "import os\n"
        "try: open(os.environ['DATA'] + '/' + 'x' * 5000)\n"
        "except OSError: print('refused')\n");
    CHECK(step.out == "refused\n");
    REQUIRE(text.records.size() == 1);
    CHECK(text.records[0].cut);
    CHECK(text.records[0].path.starts_with(step.data("xxx")));
  }
}

TEST_CASE("an older Python runs without the hook") {
  const fs::path versions =
      fs::path(base::variable(base::current_environment(), "HOME")) / ".pyenv/versions";
  boost::system::error_code ignored;
  int tried = 0;
  for (fs::directory_iterator at(versions, ignored), end; at != end; ++at) {
    const std::string name = at->path().filename().native();
    if (!name.starts_with("2.7.") && !name.starts_with("3.6.") && !name.starts_with("3.7."))
      continue;
    ++tried;
    Step step((at->path() / "bin/python").native());
    CHECK(step.run("-c \"print(1)\"").records.empty());
    CHECK(step.out == "1\n");
  }
  if (tried == 0) MESSAGE("not tested: pyenv has no Python older than 3.8 here");
}
