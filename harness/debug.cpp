#include "harness/debug.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "harness/debug_parts.hpp"
#include "harness/launch_json.hpp"
#include "harness/terminal.hpp"

namespace harness {
namespace {

using How = Attending::How;

model::Template plain(const std::string& text) {
  std::vector<model::ExpressionProblem> ignored;
  return model::parse_template(text, {}, ignored);
}

// The port itself, or for 0 one that is free at this moment.
int free_port(int wanted) {
  const base::Fd fd(base::sys("make a socket", "",
                              [] { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }));
  const int yes = 1;  // one that was used a moment ago is free
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(wanted));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0)
    throw base::Error(base::Code::conflict,
                      fmt::format("--port {}: {}", wanted,
                                  errno == EADDRINUSE ? "another program has this port"
                                                      : "this port cannot be had"))
        .hint("choose another one, or leave --port out");
  base::sys("find a free port", "",
            [&] { return ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size); });
  return ntohs(address.sin_port);
}

}  // namespace

struct Attendant::State {
  Attending how;
  std::function<void(const Ready&)> tell;
  fs::path folder;  // for what is made for this try
  fs::path root;
  std::string step;
  std::shared_ptr<const model::Component> component;  // as the definition has it
  std::vector<fs::path> editable;
  int port = 0;
  std::string token;
  std::string target;
  std::optional<Terminal> terminal;
  bool told = false;

  fs::path ready() const { return folder / "ready"; }
  fs::path go() const { return folder / "go"; }

  // Before everything else the command does.
  std::string take_terminal() {
    terminal.emplace();
    return fmt::format("exec 0<>{} 1>&0 2>&0\n", terminal->name());
  }

  // The command with the helper between the last Python and its script.
  std::string with_helper(const std::string& command, const std::vector<std::string>& words) {
    const auto pythons = python_commands(command);
    if (pythons.empty())
      throw base::Error(
          base::Code::bad_input,
          fmt::format("step '{}' starts no Python that can be seen in its command: {}", step,
                      command))
          .hint(
              "use --pause before, or debugpy.listen and debugpy.wait_for_client in the script "
              "itself");
    target = pythons.back().program + " " + title(pythons.back());
    std::string inserted;
    for (const auto& word : words) inserted += shell_quoted(word) + " ";
    return std::string(command).insert(pythons.back().at, inserted);
  }

  std::string pause() const {
    return fmt::format("pwd > {0}.part; mv {0}.part {0}; until [ -e {1} ]; do sleep 0.1; done\n",
                       shell_quoted(ready().native()), shell_quoted(go().native()));
  }

  std::string paused(const std::string& command) const {
    if (how.how == How::pause_before) return pause() + command;
    const std::string always = fmt::format("(\n{}\n)\ncode=$?\n", command);
    return how.how == How::pause_after
               ? always + pause() + "exit $code"
               : always + "if [ $code -ne 0 ]; then\n" + pause() + "fi\nexit $code";
  }

  std::string attended(const std::string& command, const fs::path& helper) {
    switch (how.how) {
      case How::wait:
        return with_helper(command,
                           {helper.native(), "wait", std::to_string(port), ready().native()});
      case How::pdb: {
        const std::string changed = with_helper(command, {helper.native(), "pdb"});
        return take_terminal() + changed;
      }
      case How::shell:
        return take_terminal() + fmt::format("bash --noprofile --rcfile {} -i\nexit 0",
                                             shell_quoted((folder / "start").native()));
      case How::pause_before:
      case How::pause_after:
      case How::pause_error:
        return paused(command);
    }
    return command;
  }

  void tell_of_debugger(const fs::path& work) {
    Ready ready;
    ready.port = port;
    ready.entry = "amlocal: " + step;
    ready.launch_json = launch_json(how.here, root);
    const fs::path workspace = ready.launch_json.parent_path().parent_path();
    boost::system::error_code ignored;
    const std::string before =
        fs::exists(ready.launch_json, ignored) ? base::read_file(ready.launch_json) : "";
    const auto entry = configuration(
        ready.entry, port, path_mappings(*component, editable, work, how.in_place), workspace);
    const auto after =
        merge_configuration(before, ready.entry, entry, base::display_path(ready.launch_json));
    fs::create_directories(ready.launch_json.parent_path());
    if (after != before) base::write_file_atomically(ready.launch_json, after);
    tell(ready);
  }

  void tell_of_pause(const fs::path& work) {
    const int pid = find_attended(token);
    if (pid == 0) return;  // it has just ended
    base::write_file_atomically(folder / "enter", enter_script(pid, work, step, go()));
    Ready ready;
    ready.enter = "bash " + base::display_path(folder / "enter");
    tell(ready);
  }
};

Attendant::Attendant(Isolated& isolated, const Attending& how,
                     const engine::Surroundings& surroundings,
                     std::function<void(const Ready&)> tell)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.how = how;
  state.tell = std::move(tell);
  state.root = surroundings.layout.root;
  auto& planned = isolated.plan.steps.front();
  state.step = planned.path;
  state.component = planned.component;
  const bool person = how.how == How::pdb || how.how == How::shell;
  if (person && !has_terminal())
    throw base::Error(base::Code::unavailable,
                      fmt::format("{} needs a terminal, and stdin or stdout is none",
                                  how.how == How::pdb ? "--pdb" : "amlocal step shell"))
        .hint("call it from a terminal, without a pipe");
  if (how.how == How::wait) {
    const Probe found = probe(isolated, surroundings);
    if (found.debugpy.empty())
      throw base::Error(
          base::Code::unavailable,
          fmt::format("debugpy is not installed in {}, which runs step '{}' ({})",
                      found.interpreter.python.native(), state.step, found.interpreter.why))
          .hint(fmt::format("{} -m pip install debugpy", found.interpreter.python.native()));
    state.editable = found.editable;
    state.port = free_port(how.port);
    // What is wrong with it is said before anything has run.
    const fs::path json = launch_json(how.here, state.root);
    boost::system::error_code ignored;
    if (fs::exists(json, ignored))
      merge_configuration(base::read_file(json), "", "{}", base::display_path(json));
  }
  state.folder = isolated.bench->folder() / "attended";
  base::remove_tree(state.folder);
  fs::create_directories(state.folder);
  base::write_file_atomically(state.folder / "start", shell_start(state.step));
  state.token = base::hash_text(state.folder.native() + std::to_string(::getpid())).substr(0, 16);

  auto changed = std::make_shared<model::Component>(*planned.component);
  const std::string command = planned.component->command.text;
  std::string attended = state.attended(command, write_helper(surroundings));
  changed->environment_variables.emplace_back("AMLOCAL_COMMAND", plain(command));
  changed->environment_variables.emplace_back("AMLOCAL_ATTENDED", plain(state.token));
  if (how.in_place && planned.component->code) {
    const fs::path& code = *planned.component->code;
    boost::system::error_code ignored;
    const fs::path folder = fs::is_directory(code, ignored) ? code : code.parent_path();
    // What is included lies in the copy only.
    attended = fmt::format("export PYTHONPATH=\"${{PYTHONPATH:+$PYTHONPATH:}}$PWD\"\ncd {}\n{}",
                           shell_quoted(folder.native()), attended);
  }
  changed->command = plain(attended);
  changed->limits.timeout_seconds.reset();
  planned.component = std::move(changed);
}

Attendant::~Attendant() = default;

const std::string& Attendant::target() const {
  return state_->target;
}

void Attendant::on(const events::Stamped& stamped) {
  if (const auto* started = std::get_if<events::StepStarted>(&stamped.event))
    if (state_->terminal) state_->terminal->log_to(started->log);
  if (std::holds_alternative<events::StepEnded>(stamped.event)) state_->terminal.reset();
}

void Attendant::tick(base::Time) {
  State& state = *state_;
  boost::system::error_code ignored;
  if (state.told || !fs::exists(state.ready(), ignored)) return;
  state.told = true;
  std::string work = base::read_file(state.ready());
  while (work.ends_with("\n")) work.pop_back();
  if (state.how.how == How::wait)
    state.tell_of_debugger(work);
  else
    state.tell_of_pause(work);
}

}  // namespace harness
