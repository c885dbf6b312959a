#include "meter/advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/clock.hpp"

namespace meter {
namespace {

using base::bytes_text;
using Kind = Remedy::Kind;
using Found = std::vector<Advice>;

constexpr std::uint64_t many_files = 100;
constexpr std::uint64_t small = 1'000'000;
constexpr std::uint64_t large = 64'000'000;
constexpr std::uint64_t much_disk = 10'000'000'000;  // the temporary disk of a small node is 50 GB

std::string name_of(const FileFacts& file) {
  return file.session + ":" + file.path;
}
bool is_input(const std::string& session) {
  return session.starts_with("inputs.");
}
// "train.py:13 appends", or without a line that was seen "the step appends".
std::string who(const std::string& line) {
  return line.empty() ? "the step" : line;
}
std::string who(const FileFacts& file) {
  return who(file.line);
}

Remedy as_upload(const std::string& session) {
  return {Kind::upload, fmt::format("make {} an upload (mode: upload; in v1 as_upload()): each "
                                    "file is sent once, at the end",
                                    session)};
}
Remedy as_download(const std::string& session) {
  return {Kind::download, fmt::format("make {} a download (mode: download): everything is fetched "
                                      "side by side before the step",
                                      session)};
}
Remedy variable(Kind kind, const char* setting, const char* what) {
  return {kind, fmt::format("set {} in the step's environment_variables: {}", setting, what)};
}

const SessionFacts* session_of(const IoFacts& facts, const std::string& name) {
  for (const auto& session : facts.sessions)
    if (session.note.name == name) return &session;
  return nullptr;
}

Found append_in_loop(const IoFacts& facts) {
  Found found;
  for (const auto& file : facts.files) {
    if (file.puts < 3 || file.writing_opens < 3 || file.sent < 2 * file.written) continue;
    found.push_back(
        {"append-in-loop",
         file.session,
         file.path,
         file.line,
         fmt::format("{} opens {} {} times and adds to it; each close sends the whole file, {} for "
                     "{} that was written",
                     who(file), name_of(file), file.writing_opens, bytes_text(file.sent),
                     bytes_text(file.written)),
         "",
         {as_upload(file.session)}});
  }
  return found;
}

Found many_small_files(const IoFacts& facts) {
  struct Many {
    std::uint64_t files = 0, bytes = 0;
    std::map<std::string, std::uint64_t> lines;  // how many of the files are whose
    std::string line() const {
      const auto most = std::max_element(lines.begin(), lines.end(),
                                         [](auto& a, auto& b) { return a.second < b.second; });
      return most == lines.end() ? "" : most->first;
    }
  };
  std::map<std::string, Many> sessions;
  for (const auto& file : facts.files) {
    const bool input = is_input(file.session);
    if ((input ? file.gets : file.puts) == 0) continue;
    Many& many = sessions[file.session];
    ++many.files;
    many.bytes += input ? file.fetched : file.sent;
    ++many.lines[file.line];
  }
  Found found;
  for (const auto& [session, many] : sessions) {
    if (many.files < many_files || many.bytes / many.files >= small) continue;
    found.push_back({"many-small-files",
                     session,
                     "",
                     many.line(),
                     fmt::format("{}{} files of {} of {} on average go one by one; the fixed time "
                                 "of each request rules",
                                 many.line().empty() ? "" : many.line() + ": ", many.files, session,
                                 bytes_text(many.bytes / many.files)),
                     "",
                     {is_input(session) ? as_download(session) : as_upload(session)}});
  }
  return found;
}

Found random_reads(const IoFacts& facts) {
  Found found;
  for (const auto& file : facts.files) {
    const auto* session = session_of(facts, file.session);
    if (!session || !session->reads_blocks || file.reads < 10 || file.jumps * 2 < file.reads ||
        file.fetched < 2 * file.read)
      continue;
    found.push_back(
        {"random-reads",
         file.session,
         file.path,
         file.jumping,
         fmt::format(
             "{} reads {} here and there; in block mode each read fetches a block and those "
             "after it, {} for {} that was read",
             who(file.jumping), name_of(file), bytes_text(file.fetched), bytes_text(file.read)),
         "",
         {variable(Kind::whole_files, "DATASET_MOUNT_BLOCK_BASED_CACHE_ENABLED=false",
                   "the file is fetched once, and read from the local disk"),
          variable(Kind::no_read_ahead, "DATASET_MOUNT_READ_BUFFER_BLOCK_COUNT=0",
                   "no block is fetched on suspicion")}});
  }
  return found;
}

Found whole_large_files(const IoFacts& facts) {
  Found found;
  for (const auto& file : facts.files) {
    const auto* session = session_of(facts, file.session);
    if (!session || session->reads_blocks || file.fetched < large || file.writes > 0 ||
        file.read * 4 > file.fetched)
      continue;
    found.push_back({"whole-large-file",
                     file.session,
                     file.path,
                     file.line,
                     fmt::format("{} reads {} of {}, and opening it fetched {}", who(file),
                                 bytes_text(file.read), name_of(file), bytes_text(file.fetched)),
                     "",
                     {variable(Kind::blocks, "DATASET_MOUNT_BLOCK_BASED_CACHE_ENABLED=true",
                               "only the blocks that are read are fetched")}});
  }
  return found;
}

Found many_listings(const IoFacts& facts) {
  Found found;
  for (const auto& session : facts.sessions) {
    if (session.lists < 10 || session.list_seconds * 10 < session.seconds) continue;
    Advice advice{"many-listings",
                  session.note.name,
                  "",
                  "",
                  fmt::format("{} listings of {} take {} of {} of its requests", session.lists,
                              session.note.name, seconds_text(session.list_seconds),
                              seconds_text(session.seconds)),
                  "list a folder once and keep the names, or put the files into fewer folders",
                  {}};
    if (is_input(session.note.name)) advice.remedies.push_back(as_download(session.note.name));
    found.push_back(std::move(advice));
  }
  return found;
}

Found cache_fills_disk(const IoFacts& facts) {
  Found found;
  for (const auto& session : facts.sessions) {
    if (session.has_cache_limit || session.most_cached < much_disk) continue;
    found.push_back(
        {"cache-fills-disk",
         session.note.name,
         "",
         "",
         fmt::format("local copies of {} take {} of the node's disk, and nothing limits "
                     "them",
                     session.note.name, bytes_text(session.most_cached)),
         "set DATASET_MOUNT_CACHE_SIZE in the step's environment_variables: 20GB at "
         "most, or -40GB to leave so much free",
         {}});
  }
  return found;
}

Found rename_over_existing(const IoFacts& facts) {
  Found found;
  const char* fix =
      "remove the old file first, write to a new name each time, or make the output an upload";
  for (const auto& file : facts.files)
    if (facts.estimated && file.renames_onto > 0)
      found.push_back(
          {"rename-over-existing",
           file.session,
           file.path,
           file.line,
           fmt::format(
               "renaming to {}, which was there already, came off {} here, on "
               "a disk; the mount of v2 jobs refuses it with EIO",
               name_of(file),
               file.renames_onto == 1 ? "once" : fmt::format("{} times", file.renames_onto)),
           fix,
           {}});
    else if (file.failed_renames_onto > 0)
      found.push_back({"rename-over-existing",
                       file.session,
                       file.path,
                       file.line,
                       fmt::format("renaming to {}, which was there already, failed {} {}: this "
                                   "mount replaces nothing by a rename",
                                   name_of(file), file.failed_renames_onto,
                                   file.failed_renames_onto == 1 ? "time" : "times"),
                       fix,
                       {}});
  return found;
}

Found unwritten_output(const IoFacts& facts) {
  Found found;
  for (const auto& session : facts.sessions)
    if (!is_input(session.note.name) && session.changes == 0)
      found.push_back(
          {"unwritten-output",
           session.note.name,
           "",
           "",
           fmt::format("nothing was written to {}", session.note.name),
           fmt::format("hand ${{{{{}}}}} to the command itself: in environment_variables "
                       "it is not replaced",
                       session.note.name),
           {}});
  return found;
}

bool looks_like_a_log(const FileFacts& file) {
  for (const char* end : {".log", ".txt", ".csv", ".tsv", ".json", ".jsonl", ".out", ".err"})
    if (file.path.ends_with(end)) return true;
  return file.path.find("tfevents") != std::string::npos || file.writes >= 10;
}

Found kept_open(const IoFacts& facts) {
  Found found;
  for (const auto& file : facts.files) {
    const auto* session = session_of(facts, file.session);
    if (!session || session->note.mode == "upload" || file.opens != 1 || file.sent > file.written ||
        !looks_like_a_log(file) || file.longest_held <= 0 || file.longest_held * 2 < session->span)
      continue;
    found.push_back({"kept-open",
                     file.session,
                     file.path,
                     file.line,
                     fmt::format("{} keeps {} open for most of the step: nobody sees what is in it "
                                 "before it is closed, and a node that fails takes it along",
                                 who(file), name_of(file)),
                     "log what must be seen at once with MLflow, or close the file now and then "
                     "(each close sends all of it)",
                     {}});
  }
  return found;
}

Found discarded_upload(const IoFacts& facts) {
  Found found;
  for (const auto& one : facts.discarded) {
    const std::string variable_name = one.text.substr(0, one.text.find(".as_"));
    found.push_back({"discarded-mode",
                     "",
                     "",
                     one.line,
                     fmt::format("{}: {} returns a copy, and nobody keeps it: the output stays as "
                                 "it was",
                                 one.line, one.text),
                     fmt::format("write {} = {}", variable_name, one.text),
                     {}});
  }
  return found;
}

struct Rule {
  const char* name;
  Found (*find)(const IoFacts&);
};
constexpr std::array<Rule, 10> rules{{
    {"append-in-loop", append_in_loop},
    {"many-small-files", many_small_files},
    {"random-reads", random_reads},
    {"whole-large-file", whole_large_files},
    {"many-listings", many_listings},
    {"cache-fills-disk", cache_fills_disk},
    {"rename-over-existing", rename_over_existing},
    {"unwritten-output", unwritten_output},
    {"kept-open", kept_open},
    {"discarded-mode", discarded_upload},
}};

}  // namespace

std::vector<Advice> advise(const IoFacts& facts) {
  std::vector<Advice> all;
  for (const Rule& rule : rules)
    for (auto& advice : rule.find(facts)) all.push_back(std::move(advice));
  return all;
}

std::vector<std::string> advice_rules() {
  std::vector<std::string> names;
  for (const Rule& rule : rules) names.emplace_back(rule.name);
  return names;
}

}  // namespace meter
