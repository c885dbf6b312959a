#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <ostream>
#include <set>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/test_session.hpp"
#include "harness/affects.hpp"

namespace cli {
namespace {

// Editors write a file in several steps: what follows within this time is one change.
constexpr int settle_ms = 40;

// What editors and interpreters leave beside a file and no test depends on.
bool is_noise(const std::string& name) {
  return name.empty() || name.starts_with('.') || name.ends_with('~') || name.ends_with(".pyc") ||
         name == "__pycache__" || name == "4913";
}

// Folders, and what changes in them.
class FolderWatch {
 public:
  FolderWatch()
      : fd_(base::sys("watch files", "",
                      [] { return ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK); })) {}

  // A file's folder, or a folder with all below it. What is not there, or cannot be watched, is
  // not.
  void add(const fs::path& source) {
    boost::system::error_code ignored;
    if (!fs::is_directory(source, ignored)) return add_one(source.parent_path());
    add_one(source);
    boost::system::error_code failed;
    for (fs::directory_iterator entry(source, failed), end; !failed && entry != end;
         entry.increment(failed))
      if (fs::is_directory(entry->symlink_status(ignored)) &&
          !is_noise(entry->path().filename().native()))
        add(entry->path());
  }

  int poll_fd() const { return fd_.get(); }

  // What has changed since the last call; never waits.
  std::set<fs::path> take() {
    std::set<fs::path> changed;
    alignas(inotify_event) char buffer[64 * 1024];
    for (ssize_t size; (size = ::read(fd_.get(), buffer, sizeof buffer)) > 0;)
      for (const char* at = buffer; at < buffer + size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(at);
        at += sizeof *event + event->len;
        const auto folder = folders_.find(event->wd);
        const std::string name = event->len > 0 ? event->name : "";
        if (folder == folders_.end() || is_noise(name)) continue;
        if ((event->mask & IN_ISDIR) != 0 && (event->mask & IN_CREATE) != 0)
          add(folder->second / name);
        changed.insert(folder->second / name);
      }
    return changed;
  }

  std::size_t folders() const { return folders_.size(); }

 private:
  void add_one(const fs::path& folder) {
    const int number = ::inotify_add_watch(
        fd_.get(), folder.c_str(),
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ONLYDIR);
    if (number >= 0) folders_[number] = folder;
  }

  base::Fd fd_;
  std::map<int, fs::path> folders_;
};

class Watching {
 public:
  Watching(TestSession& session, App& app) : session_(session), app_(app) {}

  int run() {
    int status = read() ? session_.run(select()) : 1;
    tell_waiting();
    while (!session_.interrupted()) {
      wait_for_change();
      if (signaled_) break;
      const auto changed = watch_.take();
      const auto before = sources_;
      const bool readable = read();
      if (!readable) continue;
      auto chosen = select();
      std::erase_if(chosen, [&](const auto* test) { return !is_affected(*test, changed, before); });
      if (chosen.empty()) continue;
      app_.out << fmt::format("\n{} changed: {} test{}\n", shown(changed), chosen.size(),
                              chosen.size() == 1 ? "" : "s");
      status = session_.run(chosen);
      tell_waiting();
    }
    app_.out << "\n";
    return status;
  }

 private:
  using Sources = std::map<std::string, std::vector<fs::path>>;

  // What a user is in the middle of writing may be wrong: that is said, and the next change
  // awaited.
  bool read() {
    try {
      session_.read();
    } catch (const base::Error& error) {
      if (error.code() != base::Code::bad_definition) throw;
      app_.err << text::render(error, app_.colour);
      app_.err.flush();
      return false;
    }
    return true;
  }

  std::vector<const harness::Case*> select() {
    sources_.clear();
    harness::StepSources known;
    for (const auto& file : session_.files())
      for (const auto& test : file.cases) {
        auto sources =
            harness::sources_of(test, session_.project_of(test).project.catalogue, known);
        for (const auto& source : sources)
          if (source != test.snapshots() && added_.insert(source).second) watch_.add(source);
        sources_[test.id()] = std::move(sources);
      }
    return session_.selected();
  }

  bool is_affected(const harness::Case& test, const std::set<fs::path>& changed,
                   const Sources& before) const {
    const auto now = sources_.find(test.id());
    const auto then = before.find(test.id());
    return std::any_of(changed.begin(), changed.end(), [&](const fs::path& path) {
      return (now != sources_.end() && harness::is_among(path, now->second)) ||
             (then != before.end() && harness::is_among(path, then->second));
    });
  }

  void wait_for_change() {
    pollfd watched[] = {{watch_.poll_fd(), POLLIN, 0}, {session_.signals().fd().get(), POLLIN, 0}};
    base::sys("wait for changes", "", [&] { return ::poll(watched, 2, -1); });
    if (watched[1].revents == 0)
      base::sys("wait for changes", "", [&] { return ::poll(watched + 1, 1, settle_ms); });
    signaled_ = watched[1].revents != 0;
  }

  std::string shown(const std::set<fs::path>& changed) const {
    const std::string first = base::display_path(*changed.begin());
    return changed.size() == 1 ? first : fmt::format("{} and {} more", first, changed.size() - 1);
  }

  void tell_waiting() {
    app_.out << fmt::format("watching {} folders; Ctrl-C ends\n", watch_.folders());
    app_.out.flush();
  }

  TestSession& session_;
  App& app_;
  FolderWatch watch_;
  std::set<fs::path> added_;
  Sources sources_;
  bool signaled_ = false;
};

}  // namespace

int watch_tests(TestSession& session, App& app) {
  return Watching(session, app).run();
}

}  // namespace cli
