// `runs logs`: what steps printed, at once or as it is printed.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <ostream>

#include "base/error.hpp"
#include "cli/project.hpp"
#include "cli/verb.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

struct Args {
  std::string run;
  std::string worker;
  bool follow = false;
};

void declare(Options& options, Args& args) {
  options.argument("run", args.run, false);
  options.value("--worker", args.worker);
  options.flag("-f,--follow", args.follow);
}

struct Log {
  std::string title;  // "train", "train (process 1)"
  fs::path path;
};

bool exists(const fs::path& path) {
  boost::system::error_code ignored;
  return fs::exists(path, ignored);
}

constexpr std::string_view process_prefix = "std_log_process_";

// The logs of a step: one, or one a process where it has several.
std::vector<Log> logs_of(const history::StepRecord& step) {
  if (step.log.empty()) return {};
  const fs::path folder = fs::path(step.log).parent_path();
  std::vector<fs::path> several;
  boost::system::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed))
    if (entry.path().filename().native().starts_with(process_prefix))
      several.push_back(entry.path());
  std::sort(several.begin(), several.end());
  std::vector<Log> logs;
  for (const auto& path : several) {
    const std::string number = path.stem().native().substr(process_prefix.size());
    logs.push_back({fmt::format("{} (process {})", step.path, std::stoi("0" + number)), path});
  }
  if (logs.empty() && exists(step.log)) logs.push_back({step.path, step.log});
  return logs;
}

// Just the log of process `worker`: "1", "01" or its file's name.
Log choose_worker(const std::vector<Log>& logs, const std::string& step,
                  const std::string& worker) {
  std::vector<std::string> known;
  for (const auto& log : logs) {
    const std::string stem = log.path.stem().native();
    if (!stem.starts_with(process_prefix)) continue;
    const std::string number = stem.substr(process_prefix.size());
    const std::string plain = std::to_string(std::stoi("0" + number));
    if (worker == number || worker == plain || worker == log.path.filename().native()) return log;
    known.push_back(plain);
  }
  throw base::Error(base::Code::not_found,
                    known.empty() ? fmt::format("step '{}' has one process and one log", step)
                                  : fmt::format("step '{}' has no process '{}'", step, worker))
      .hint(known.empty() ? "leave --worker out"
                          : fmt::format("its processes: {}", fmt::join(known, ", ")));
}

// "nested" means all steps below it.
bool is_meant(const history::StepRecord& record, const std::string& step) {
  return step.empty() || record.path == step || record.path.starts_with(step + "/");
}

std::vector<Log> chosen_logs(const history::RunRecord& run, const std::string& step,
                             const std::string& worker) {
  std::vector<Log> chosen;
  for (const auto& record : run.steps) {
    if (!is_meant(record, step)) continue;
    auto logs = logs_of(record);
    if (!worker.empty() && !logs.empty()) logs = {choose_worker(logs, record.path, worker)};
    chosen.insert(chosen.end(), logs.begin(), logs.end());
  }
  return chosen;
}

void refuse_unknown_step(const history::RunRecord& run, const std::string& step) {
  const bool known = std::any_of(run.steps.begin(), run.steps.end(),
                                 [&](const auto& record) { return is_meant(record, step); });
  if (!known) find_step(run, step);
}

// Prints logs, each piece under its step's title where there is more than one step to see.
class Printer {
 public:
  Printer(App& app, bool titles) : app_(app), titles_(titles) {}

  void use_titles() { titles_ = true; }
  bool good() const { return app_.out.good(); }

  // What has been added to the log since the last call.
  void print(const Log& log) {
    Open& open = open_log(log);
    char buffer[65536];
    for (;;) {
      const ssize_t n = ::pread(open.fd.get(), buffer, sizeof buffer, open.offset);
      if (n <= 0) break;
      print_title(log);
      app_.out.write(buffer, n);
      at_line_start_ = buffer[n - 1] == '\n';
      open.offset += n;
    }
    app_.out.flush();
  }

  // An empty log shows as its title alone.
  void print_title(const Log& log) {
    if (!titles_ || title_ == log.title) return;
    if (!at_line_start_) app_.out << "\n";
    app_.out << fmt::format("==> {} <==\n", log.title);
    title_ = log.title;
    at_line_start_ = true;
  }

 private:
  struct Open {
    fs::path path;
    base::Fd fd;
    off_t offset = 0;
  };

  Open& open_log(const Log& log) {
    for (auto& open : open_)
      if (open.path == log.path) return open;
    open_.push_back({log.path, base::open_file(log.path, O_RDONLY), 0});
    return open_.back();
  }

  App& app_;
  bool titles_;
  bool at_line_start_ = true;
  std::string title_;
  std::vector<Open> open_;
};

// Wakes when a file in one of its folders changes.
class Watch {
 public:
  Watch()
      : fd_(base::sys("watch", "logs", [] { return ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK); })) {}

  // Watching a folder twice changes nothing. One that cannot be watched is looked at each second.
  void add(const fs::path& folder) {
    ::inotify_add_watch(fd_.get(), folder.c_str(), IN_MODIFY | IN_CREATE | IN_CLOSE_WRITE);
  }

  // A second at most: a killed run leaves its lock, and that no watch tells.
  void wait() {
    pollfd poll{fd_.get(), POLLIN, 0};
    ::poll(&poll, 1, 1000);
    char buffer[4096];
    while (::read(fd_.get(), buffer, sizeof buffer) > 0) {
    }
  }

 private:
  base::Fd fd_;
};

bool has_ended(const history::RunRecord& run, const std::string& step) {
  if (run.status != model::Status::running) return true;
  // A whole run ends with its own record; a step's logs end with the step.
  return !step.empty() && std::all_of(run.steps.begin(), run.steps.end(), [&](const auto& record) {
    return !is_meant(record, step) || record.ended.has_value() ||
           (record.status != model::Status::running && record.status != model::Status::not_started);
  });
}

void follow(const std::string& run, const std::string& step, const std::string& worker,
            const Project& project, Printer& printer) {
  Watch watch;
  watch.add(project.layout.run(run));
  for (bool ended = false; !ended;) {
    // In this order: what was printed before the end is there when the end is seen.
    const auto record = history::read_run(project.layout, run);
    ended = has_ended(record, step);
    const auto logs = chosen_logs(record, step, worker);
    if (logs.size() > 1) printer.use_titles();
    for (const auto& log : logs) {
      watch.add(log.path.parent_path());
      printer.print(log);
    }
    if (!printer.good()) return;  // `| head` has seen enough
    if (!ended) watch.wait();
  }
}

int logs(const Args& args, App& app) {
  const Project project = open_project(app.here);
  const auto [name, step] = split_run(args.run.empty() ? "@last" : args.run);
  const auto run = history::read_run(project.layout, name);
  if (!step.empty()) refuse_unknown_step(run, step);
  if (args.follow) {
    Printer printer(app, run.steps.size() > 1 && !run.find_step(step));
    follow(run.name, step, args.worker, project, printer);
    return 0;
  }
  const auto chosen = chosen_logs(run, step, args.worker);
  Printer printer(app, chosen.size() > 1 || (step.empty() && run.steps.size() > 1));
  for (const auto& log : chosen) {
    printer.print_title(log);
    printer.print(log);
  }
  if (chosen.empty()) app.out << "no log yet: no step of it has started\n";
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_logs() {
  return {make_verb<Args>("runs logs", "runs", declare, logs, Words::steps)};
}

}  // namespace cli
