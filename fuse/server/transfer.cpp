#include "fuse/server/transfer.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/filesystem/operations.hpp>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.hpp"
#include "meter/ledger.hpp"

namespace fuse {
namespace {

using store::Object;

// While it lives, this thread's requests are the session's.
class Booked {
 public:
  explicit Booked(std::uint16_t session) {
    meter::current() = {};
    meter::current().task = static_cast<std::uint32_t>(::gettid());
    meter::current().session = session;
  }
  ~Booked() { meter::current() = {}; }
  Booked(const Booked&) = delete;
  Booked& operator=(const Booked&) = delete;
};

// Calls `move` for each of the objects, side by side; the first exception is thrown at the end.
// Each thread has its share from the start: on a clock that never waits the first one would take
// all, and the record would show one after the other what takes place side by side.
template <class Move>
void side_by_side(const std::vector<Object>& objects, std::uint16_t session, Move move) {
  std::atomic<bool> stop = false;
  const std::size_t count = std::min(transfer_threads, objects.size());
  std::mutex mutex;
  std::exception_ptr failed;
  const auto work = [&](std::size_t share) {
    const Booked booked(session);
    try {
      for (std::size_t n = share; n < objects.size() && !stop; n += count) move(objects[n]);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failed) failed = std::current_exception();
      stop = true;
    }
  };
  std::vector<std::jthread> threads;
  for (std::size_t n = 0; n < count; ++n) threads.emplace_back(work, n);
  threads.clear();
  if (failed) std::rethrow_exception(failed);
}

void get(store::ObjectStore& store, const Object& object) {
  // Nothing is written to it: see HollowStore.
  std::vector<char> block(
      static_cast<std::size_t>(std::min<std::uint64_t>(object.size, transfer_block)));
  std::uint64_t at = 0;
  do {
    const std::uint64_t size = std::min<std::uint64_t>(block.size(), object.size - at);
    store.get(object.name, at, std::span(block.data(), static_cast<std::size_t>(size)));
    at += size;
  } while (at < object.size);
}

store::Page listed(store::ObjectStore& store, const std::string& folder, const std::string& from,
                   std::uint16_t session) {
  constexpr std::size_t page_size = 5000;
  const Booked booked(session);
  return store.list(folder, from, page_size);
}

void download_folder(store::ObjectStore& store, const std::string& folder, std::uint16_t session) {
  std::string from;
  do {
    store::Page page = listed(store, folder, from, session);
    std::vector<Object> files;
    for (auto& object : page.objects) {
      if (object.is_folder)
        download_folder(store, object.name, session);
      else
        files.push_back(std::move(object));
    }
    side_by_side(files, session, [&](const Object& object) { get(store, object); });
    from = page.next;
  } while (!from.empty());
}

}  // namespace

void download(store::ObjectStore& store, const std::string& only, std::uint16_t session) {
  if (only.empty()) return download_folder(store, "", session);
  std::optional<Object> object;
  {
    const Booked booked(session);
    object = store.head(only);
  }
  if (object) side_by_side({*object}, session, [&](const Object& one) { get(store, one); });
}

std::vector<FileSystem::Unsent> upload(store::ObjectStore& store, const fs::path& folder,
                                       std::uint16_t session) {
  std::vector<Object> files;
  boost::system::error_code failed;
  for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed))
    if (fs::is_regular_file(entry->path(), failed))
      files.push_back({entry->path().lexically_relative(folder).native(),
                       false,
                       fs::file_size(entry->path(), failed),
                       {},
                       ""});
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  std::mutex mutex;
  std::vector<FileSystem::Unsent> unsent;
  side_by_side(files, session, [&](const Object& object) {
    store::Content content;
    content.size = object.size;
    try {
      store.put(object.name, content, store::IfExists::replace);
    } catch (const base::Error& error) {
      const std::lock_guard lock(mutex);
      unsent.push_back({object.name, error.message()});
    }
  });
  return unsent;
}

}  // namespace fuse
