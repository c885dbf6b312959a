// The audit hook in real Pythons: Debian's, and of pyenv's one 3.8, one 3.11 and one 3.13.
// What it notes; that it is never in the way is in audit_safety_test.cpp.
#include <fcntl.h>

#include <algorithm>
#include <set>

#include "audit_step.hpp"

using step::AuditRecord;
using support::pythons;
using support::Step;

namespace {

std::string place(const AuditRecord& record) {
  return record.place ? fmt::format("{}:{}", record.place->file, record.place->line) : "";
}

// "open data-relative-path place via" of each record: what most tests are about.
std::string lines(const Step& step, const step::AuditText& text) {
  std::vector<std::string> result;
  const std::string data = step.scratch.path("data").native();
  const auto shortened = [&](const std::string& path) {
    return path == data ? "." : path.starts_with(data) ? path.substr(data.size() + 1) : path;
  };
  for (const auto& record : text.records)
    result.push_back(fmt::format("{} {}{} {}{}", record.op, shortened(record.path),
                                 record.to.empty() ? "" : " -> " + shortened(record.to),
                                 place(record), record.via.empty() ? "" : " " + record.via));
  CHECK(text.damaged == 0);
  return fmt::format("{}", fmt::join(result, "\n"));
}

std::string joined(const std::vector<std::string>& lines) {
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace

TEST_CASE("the Pythons this runs in") {
  const auto all = pythons();
  for (const std::string version : {"3.8.", "3.11.", "3.13."})
    if (std::none_of(all.begin(), all.end(), [&](const std::string& python) {
          return python.find("/" + version) != std::string::npos;
        }))
      MESSAGE("not tested in Python ", version, "x: pyenv has none here");
  CHECK(fs::exists(all.front()));
}

TEST_CASE("each event names file, line, flags and thread") {
  for (const auto& python : pythons()) {
    Step step(python);
    const auto text = step.run_script(
        "import os, shutil, sqlite3\n"
        "d = os.environ['DATA']\n"
        "for n in range(2):\n"
        "    open(d + '/train.log', 'a').close()\n"
        "os.close(os.open(d + '/raw', os.O_WRONLY | os.O_CREAT))\n"
        "os.mkdir(d + '/sub')\n"
        "os.listdir(d)\n"
        "list(os.scandir(d + '/sub'))\n"
        "os.rename(d + '/raw', d + '/sub/raw')\n"
        "os.truncate(d + '/sub/raw', 5)\n"
        "os.remove(d + '/sub/raw')\n"
        "os.rmdir(d + '/sub')\n"
        "sqlite3.connect(d + '/x.db').close()\n"
        "sqlite3.connect('file:' + d + '/x.db?mode=ro', uri=True).close()\n"
        "sqlite3.connect(':memory:').close()\n"
        "shutil.copyfile(d + '/train.log', d + '/copy.log')\n"
        "open(os.environ['OTHER'] + '/unseen', 'w').close()\n"
        "os.listdir(os.environ['OTHER'])\n");
    const std::vector<std::string> expected = {
        "open train.log train.py:4",
        "open train.log train.py:4",
        "open raw train.py:5",
        "os.mkdir sub train.py:6",
        "os.listdir . train.py:7",
        "os.scandir sub train.py:8",
        "os.rename raw -> sub/raw train.py:9",
        "os.truncate sub/raw train.py:10",
        "os.remove sub/raw train.py:11",
        "os.rmdir sub train.py:12",
        "sqlite3.connect x.db train.py:13",
        "sqlite3.connect x.db train.py:14",
        "shutil.copyfile train.log -> copy.log train.py:16 shutil.copyfile",
        "open train.log train.py:16 shutil.copyfile",
        "open copy.log train.py:16 shutil.copyfile",
    };
    CHECK(lines(step, text) == joined(expected));
    const AuditRecord& append = text.records.at(0);
    CHECK(append.mode == "a");
    CHECK((append.flags & O_ACCMODE) == O_WRONLY);
    CHECK((append.flags & O_APPEND) != 0);
    CHECK(append.task == static_cast<std::uint32_t>(append.pid));
    CHECK(!append.size);
    CHECK(text.records.at(2).mode.empty());
    CHECK((text.records.at(2).flags & O_APPEND) == 0);
    CHECK(std::is_sorted(text.records.begin(), text.records.end(),
                         [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; }));
  }
}

TEST_CASE("the user's innermost line, and the library function it called") {
  for (const auto& python : pythons()) {
    Step step(python);
    step.scratch.write("site/site-packages/tables/__init__.py",
                       "import functools\n"
                       "def kept(f):\n"
                       "    @functools.wraps(f)\n"
                       "    def wrapper(*a):\n"
                       "        return f(*a)\n"
                       "    return wrapper\n"
                       "@kept\n"
                       "def to_csv(path):\n"
                       "    _write(path)\n"
                       "def _write(path):\n"
                       "    open(path, 'w').close()\n"
                       "class Table:\n"
                       "    def __init__(self, path):\n"
                       "        _write(path)\n");
    step.variables.emplace_back("PYTHONPATH", step.scratch.path("site/site-packages").native());
    step.scratch.write("other/shared.py", "def save(path):\n    open(path, 'w').close()\n");
    step.scratch.write("work/lib/notes.py",
                       "import tables\n\ndef note(path):\n    tables.to_csv(path)\n");
    const auto text = step.run_script(
        "import logging, os, pathlib, sys, threading\n"
        "import tables\n"
        "from lib import notes\n"
        "sys.path.append(os.environ['OTHER'])\n"
        "import shared\n"
        "d = os.environ['DATA'] + '/'\n"
        "tables.to_csv(d + '1')\n"
        "tables.Table(d + '2')\n"
        "notes.note(d + '3')\n"
        "pathlib.Path(d + '4').write_text('x')\n"
        "logging.FileHandler(d + '5').close()\n"
        "shared.save(d + '6')\n"
        "exec('open(d + \"7\", \"w\").close()')\n"
        "thread = threading.Thread(target=tables.to_csv, args=(d + '8',))\n"
        "thread.start(); thread.join()\n"
        "thread = threading.Thread(target=lambda: tables.to_csv(d + '9'))\n"
        "thread.start(); thread.join()\n");
    const std::vector<std::string> expected = {
        "open 1 train.py:7 tables.to_csv",
        "open 2 train.py:8 tables.Table",
        "open 3 lib/notes.py:4 tables.to_csv",
        "open 4 train.py:10 pathlib.write_text",
        "open 5 train.py:11 logging.FileHandler",
        "open 6 train.py:12",  // work/ is nearer to the user than any other folder of theirs
        "open 7 train.py:13",
        "open 8  tables.to_csv",
        "open 9 train.py:16 tables.to_csv",
    };
    CHECK(lines(step, text) == joined(expected));
    CHECK(text.records.at(7).task != static_cast<std::uint32_t>(text.records.at(7).pid));
  }
}

TEST_CASE("pandas of this machine") {
  Step step("/usr/bin/python3");
  const auto text = step.run_script(
      "import os, pandas\n"
      "d = os.environ['DATA']\n"
      "frame = pandas.DataFrame({'a': [1]})\n"
      "frame.to_csv(d + '/a.csv')\n"
      "pandas.read_csv(d + '/a.csv')\n");
  CHECK(lines(step, text) ==
        joined({"open a.csv train.py:4 pandas.to_csv", "open a.csv train.py:5 pandas.read_csv"}));
}

TEST_CASE("paths of every kind: relative, bytes, path-like, odd, and by a folder's descriptor") {
  for (const auto& python : pythons()) {
    Step step(python);
    const auto text = step.run_script(
        "import os, pathlib\n"
        "d = os.environ['DATA']\n"
        "class Odd:\n"
        "    def __fspath__(self): return d + '/like'\n"
        "open(os.fsencode(d) + b'/bytes', 'w').close()\n"
        "open(pathlib.Path(d) / 'path', 'w').close()\n"
        "os.close(os.open(Odd(), os.O_CREAT | os.O_WRONLY))\n"
        "open(d + '/../data//./dots', 'w').close()\n"
        "open(d + '/q\"\\\\\\n', 'w').close()\n"
        "open(d + '/gr\\u00fcn', 'w').close()\n"
        "open(os.fsencode(d) + b'/\\xff', 'w').close()\n"
        "os.chdir(d)\n"
        "open('relative', 'w').close()\n"
        "os.listdir()\n"
        "fd = os.open(d, os.O_RDONLY)\n"
        "os.chdir('/')\n"
        "os.listdir(fd)\n"
        "os.rename('relative', 'moved', src_dir_fd=fd, dst_dir_fd=fd)\n"
        "os.remove('moved', dir_fd=fd)\n");
    const std::vector<std::string> expected = {
        "open bytes train.py:5",       "open path train.py:6",
        "open like train.py:7",        "open dots train.py:8",
        "open q\"\\\n train.py:9",     "open gr\xc3\xbcn train.py:10",
        "open \xff train.py:11",       "open relative train.py:13",
        "os.listdir . train.py:14",    "open . train.py:15",
        "os.listdir . train.py:17",    "os.rename relative -> moved train.py:18",
        "os.remove moved train.py:19",
    };
    CHECK(lines(step, text) == joined(expected));
  }
}

TEST_CASE("-c and -m have a place; with -I and -S the hook is absent and nothing else changes") {
  for (const auto& python : pythons()) {
    Step step(python);
    const std::string act = "import os; print(open(os.environ['DATA'] + '/x', 'a').name)";
    CHECK(lines(step, step.run("-c \"import sys\n" + act + "\"")) == "open x <string>:2");
    step.scratch.write("work/pack/__init__.py", "");
    step.scratch.write("work/pack/__main__.py", act);
    CHECK(lines(step, step.run("-m pack")).ends_with("\nopen x pack/__main__.py:1"));
    for (const std::string flag : {"-I", "-S", "-E"}) {
      CHECK(step.run(flag + " -c \"" + act + "\"").records.size() == 2);
      CHECK(step.out == step.data("x") + "\n");
    }
  }
}

TEST_CASE("forked and spawned children, threads and pools each say who they are") {
  for (const auto& python : pythons()) {
    Step step(python);
    const auto text = step.run_script(
        "import multiprocessing, os, subprocess, sys, threading\n"
        "d = os.environ['DATA']\n"
        "def work(n):\n"
        "    open('%s/%d' % (d, n), 'w').close()\n"
        "if __name__ == '__main__':\n"
        "    for method, first in ('fork', 10), ('spawn', 20), ('forkserver', 30):\n"
        "        context = multiprocessing.get_context(method)\n"
        "        children = [context.Process(target=work, args=(first + n,)) for n in range(3)]\n"
        "        for child in children: child.start()\n"
        "        for child in children: child.join()\n"
        "        assert all(child.exitcode == 0 for child in children)\n"
        "    threads = [threading.Thread(target=work, args=(40 + n,)) for n in range(3)]\n"
        "    for thread in threads: thread.start()\n"
        "    for thread in threads: thread.join()\n"
        "    if os.fork() == 0:\n"
        "        work(50)\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
        "    subprocess.run([sys.executable, '-c', 'open(%r)' % (d + '/50')], check=True)\n");
    CHECK(text.damaged == 0);
    std::set<int> processes;
    std::set<std::uint32_t> tasks;
    std::multiset<std::string> places;
    for (const auto& record : text.records) {
      processes.insert(record.pid);
      tasks.insert(record.task);
      places.insert(place(record));
    }
    CHECK(places.count("train.py:4") == 13);
    CHECK(places.count("<string>:1") == 1);
    CHECK(processes.size() == 12);  // nine children, the parent with its threads, two more
    CHECK(tasks.size() >= 12);
  }
}

TEST_CASE("an open() with an opener is one open") {
  for (const auto& python : pythons()) {
    Step step(python);
    const auto text = step.run_script(
        "import os\n"
        "name = os.environ['DATA'] + '/x'\n"
        "def mine(path, flags): return os.open(path, flags)\n"
        "for n in range(2):\n"
        "    open(name, 'a', opener=os.open).close()\n"
        "    open(name, 'a', opener=mine).close()\n"
        "    open(name, 'a').close(); os.close(os.open(name, os.O_RDONLY))\n");
    const std::string round =
        "open x train.py:5\nopen x train.py:6\nopen x train.py:7\nopen x train.py:7";
    CHECK(lines(step, text) == round + "\n" + round);
  }
}

TEST_CASE("many writers at once: every record whole, none lost") {
  for (const auto& python : pythons()) {
    Step step(python);
    const auto text = step.run_script(
        "import os, threading\n"
        "name = os.environ['DATA'] + '/' + 'x' * 200\n"
        "def work():\n"
        "    for n in range(250): open(name, 'a').close()\n"
        "for child in range(4):\n"
        "    if os.fork() == 0:\n"
        "        threads = [threading.Thread(target=work) for n in range(4)]\n"
        "        for thread in threads: thread.start()\n"
        "        for thread in threads: thread.join()\n"
        "        os._exit(0)\n"
        "for child in range(4): os.wait()\n");
    CHECK(text.damaged == 0);
    CHECK(text.records.size() == 4000);
  }
}
