#include "step/estimate.hpp"

#include <fcntl.h>

#include <algorithm>
#include <map>
#include <utility>

namespace step {
namespace {

using meter::Entry;
using meter::Op;

class Estimate {
 public:
  explicit Estimate(std::uint64_t origin) {
    text_.sessions.emplace_back();
    text_.names.emplace_back();
    text_.notes.emplace_back();
    text_.origin_ns = origin;
  }

  // `after`: the file's bytes when this open's writing was done.
  void open(const AuditRecord& record, const InBinding& place, std::uint64_t after) {
    const bool writes = (record.flags & O_ACCMODE) != O_RDONLY;
    const bool cuts = writes && (record.flags & O_TRUNC) != 0;
    const std::uint64_t before = cuts ? 0 : record.size.value_or(0);
    begin(record, place);
    ++handle_;
    known_.resize(text_.names.size());
    Entry opened = entry(writes && !record.size ? Op::create : Op::open, record.size.value_or(0));
    opened.for_writing = writes;
    opened.truncating = cuts;
    // A view, or a copy of the step's own: nothing of it goes to the store.
    if (writes && place.binding.starts_with("inputs.")) {
      opened.result = meter::Result::refused;
      return add(opened);
    }
    // A mount keeps what it has fetched or sent, and before an append it fetches all there is.
    const bool fetches = before > 0 && known_[name_] != before;
    known_[name_] = writes ? after : before;
    if (writes && fetches)
      request(Op::get, before, opened);
    else
      add(opened);
    if (!writes) {
      if (fetches)
        request(Op::get, before, entry(Op::read, before));
      else if (before > 0)
        add(entry(Op::read, before));
    } else if (after != before || cuts || !record.size) {
      Entry written = entry(Op::write, after > before ? after - before : 0);
      written.offset = before;
      add(written);
      request(Op::put, after, entry(Op::flush, 0));
    } else {
      add(entry(Op::flush, 0));
    }
    add(entry(Op::release, 0));
  }

  void rename(const AuditRecord& record, const InBinding& from, const InBinding& to) {
    begin(record, from);
    const std::uint32_t old = name_;
    name_ = name(to.path);
    known_.resize(text_.names.size());
    known_[name_] = std::exchange(known_[old], 0);
    Entry moved = entry(Op::rename, 0);
    moved.handle = old;
    request(Op::move, 1, moved);
  }
  void remove(const AuditRecord& record, const InBinding& place) {
    begin(record, place);
    known_.resize(text_.names.size());
    known_[name_] = 0;
    Entry removed = entry(Op::unlink, 0);
    removed.handle = 0;
    request(Op::remove, 0, removed);
  }

  meter::LedgerText take() { return std::move(text_); }

 private:
  void begin(const AuditRecord& record, const InBinding& place) {
    at_ = record.time_ns - text_.origin_ns;
    session_ = session(place.binding);
    name_ = name(place.path);
    task_ = record.task;
  }
  std::uint16_t session(const std::string& binding) {
    const auto found = std::find(text_.sessions.begin(), text_.sessions.end(), binding);
    if (found != text_.sessions.end())
      return static_cast<std::uint16_t>(found - text_.sessions.begin());
    text_.sessions.push_back(binding);
    meter::SessionNote note;
    note.name = binding;
    note.mode = "mount";
    note.profile = "rslex";
    note.read_only = binding.starts_with("inputs.");
    text_.notes.push_back(std::move(note));
    return static_cast<std::uint16_t>(text_.sessions.size() - 1);
  }
  std::uint32_t name(const std::string& path) {
    const auto [known, is_new] =
        names_.emplace(path, static_cast<std::uint32_t>(text_.names.size()));
    if (is_new) text_.names.push_back(path);
    return known->second;
  }
  Entry entry(Op op, std::uint64_t bytes) const {
    Entry entry;
    entry.op = op;
    entry.begin_ns = entry.end_ns = at_;
    entry.bytes = bytes;
    entry.handle = handle_;
    entry.session = session_;
    entry.name = name_;
    entry.task = task_ & 0x3fffffffU;
    return entry;
  }
  void add(Entry entry) {
    entry.number = ++number_;
    text_.entries.push_back(entry);
  }
  // An operation with the one request that it makes.
  void request(Op op, std::uint64_t bytes, const Entry& operation) {
    add(operation);
    Entry made = entry(op, bytes);
    made.cause = number_;
    add(made);
  }

  meter::LedgerText text_;
  std::map<std::string, std::uint32_t> names_;
  std::vector<std::uint64_t> known_;  // by name, the bytes that the mount has of it; 0 for none
  std::uint64_t number_ = 0;
  std::uint64_t handle_ = 0;
  std::uint64_t at_ = 0;
  std::uint16_t session_ = 0;
  std::uint32_t name_ = 0;
  std::uint32_t task_ = 0;
};

}  // namespace

std::optional<InBinding> in_binding(const std::string& path) {
  std::size_t begin = std::string::npos;
  for (const std::string_view data : {"/cap/data-capability/wd/", "/wd/"})
    if (begin == std::string::npos && path.find(data) != std::string::npos)
      begin = path.find(data) + data.size();
  if (begin == std::string::npos) return std::nullopt;
  const std::size_t end = std::min(path.find('/', begin), path.size());
  const std::string first = path.substr(begin, end - begin);
  return InBinding{first.starts_with("INPUT_") ? "inputs." + first.substr(6) : "outputs." + first,
                   path.substr(std::min(end + 1, path.size()))};
}

meter::LedgerText estimate(
    const std::vector<AuditRecord>& records,
    const std::function<std::optional<std::uint64_t>(const InBinding&)>& final_size) {
  struct Event {
    const AuditRecord* record;
    InBinding place;
    std::uint64_t after = 0;
    InBinding to;  // of a rename
  };
  std::vector<Event> events;
  // Backwards: what a file holds after an open is what the next one found, or what went on under
  // another name.
  std::map<std::string, std::uint64_t> next;
  const auto after = [&](const std::string& path, const InBinding& place) {
    const auto known = next.find(path);
    return known != next.end() ? known->second : final_size(place).value_or(0);
  };
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    if (record->op == "os.rename") {
      if (const auto to = in_binding(record->to)) {
        next[record->path] = after(record->to, *to);
        next.erase(record->to);
        if (auto from = in_binding(record->path); from && from->binding == to->binding)
          events.push_back({&*record, std::move(*from), 0, *to});
      }
      continue;
    }
    if (record->op == "os.remove")
      if (auto place = in_binding(record->path); place && !place->binding.starts_with("inputs."))
        events.push_back({&*record, std::move(*place), 0, {}});
    if (record->op != "open") continue;
    auto place = in_binding(record->path);
    if (!place) continue;
    const std::uint64_t size = after(record->path, *place);
    events.push_back({&*record, std::move(*place), size, {}});
    next[record->path] = record->size.value_or(0);
  }
  std::reverse(events.begin(), events.end());
  Estimate estimate(events.empty() ? 0 : events.front().record->time_ns);
  for (const auto& event : events) {
    if (event.record->op == "open")
      estimate.open(*event.record, event.place, event.after);
    else if (event.record->op == "os.rename")
      estimate.rename(*event.record, event.place, event.to);
    else
      estimate.remove(*event.record, event.place);
  }
  return estimate.take();
}

}  // namespace step
