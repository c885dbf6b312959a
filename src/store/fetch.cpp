#include "store/fetch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <ctime>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file_lock.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/names.hpp"
#include "net/download.hpp"
#include "store/url.hpp"

namespace store {
namespace {

using nlohmann::json;

// One address in the cache:
//   lock         held while it is asked for
//   part, part.state   a download under way or interrupted
//   copy.json    which copy counts: written last, so that a copy is whole or not there
//   xxxxxxxx/NAME  a copy; an older one stays for a day, for the steps that still read it
struct Place {
  fs::path folder;
  fs::path lock() const { return folder / "lock"; }
  fs::path part() const { return folder / "part"; }
  fs::path part_state() const { return folder / "part.state"; }
  fs::path record() const { return folder / "copy.json"; }
};

struct Copy {
  fs::path path;
  net::Validator validator;
  std::string fetched;  // ISO time
};

// "azureml:https://…", as old definitions write it; what follows '#' never reaches a server.
std::string plain(const std::string& url) {
  const std::string text = url.starts_with("azureml:http") ? url.substr(8) : url;
  return text.substr(0, text.find('#'));
}

Place place_of(const std::string& url, const fs::path& cache) {
  return {cache / "https" / base::hash_text(url)};
}

std::optional<Copy> read_copy(const Place& place) {
  boost::system::error_code failed;
  if (!fs::exists(place.record(), failed)) return std::nullopt;
  const json record = json::parse(base::read_file(place.record()), nullptr, false);
  if (!record.is_object()) return std::nullopt;
  Copy copy{place.folder / record.value("folder", "") / record.value("name", ""),
            {record.value("etag", ""), record.value("last_modified", "")},
            record.value("fetched", "")};
  // Somebody may have touched the cache: a copy of another size is none.
  const auto size = fs::file_size(copy.path, failed);
  if (failed || size != record.value("bytes", std::uint64_t{0})) return std::nullopt;
  return copy;
}

Copy keep(const std::string& url, const Place& place, const net::Downloaded& downloaded) {
  const std::string name = file_name_of(url);
  const std::string folder = base::random_id(8);
  fs::create_directory(place.folder / folder);
  const fs::path path = place.folder / folder / name;
  fs::rename(place.part(), path);
  const std::string now = base::to_iso(base::SystemClock().now());
  const json record = {{"url", net::shown(url)},
                       {"folder", folder},
                       {"name", name},
                       {"bytes", downloaded.bytes},
                       {"etag", downloaded.validator.etag},
                       {"last_modified", downloaded.validator.last_modified},
                       {"fetched", now}};
  base::write_file_atomically(place.record(), record.dump(2) + "\n");
  return {path, downloaded.validator, now};
}

// The record's time is when its copy was last used: trim_fetched goes by it.
void mark_used(const Place& place) {
  boost::system::error_code ignored;
  fs::last_write_time(place.record(), std::time(nullptr), ignored);
}

void drop_old_copies(const Place& place, const Copy& current) {
  constexpr std::time_t day = 24L * 3600;
  boost::system::error_code failed;
  for (const auto& entry : fs::directory_iterator(place.folder)) {
    if (!fs::is_directory(entry.path(), failed) || entry.path() == current.path.parent_path())
      continue;
    if (fs::last_write_time(entry.path(), failed) + day < std::time(nullptr))
      base::remove_tree(entry.path());
  }
}

}  // namespace

std::string file_name_of(const std::string& url) {
  std::string path = url.substr(0, url.find_first_of("?#"));
  const auto authority = path.find("://");
  const auto slash = path.rfind('/');
  std::string name;
  if (authority != std::string::npos && slash > authority + 2) name = path.substr(slash + 1);
  std::string decoded;
  for (std::size_t n = 0; n < name.size(); ++n) {
    const auto digit = [&](std::size_t at) {
      return at < name.size()
                 ? std::string("0123456789abcdef")
                       .find(static_cast<char>(std::tolower(static_cast<unsigned char>(name[at]))))
                 : std::string::npos;
    };
    if (name[n] == '%' && digit(n + 1) != std::string::npos && digit(n + 2) != std::string::npos) {
      decoded += static_cast<char>(digit(n + 1) * 16 + digit(n + 2));
      n += 2;
    } else {
      decoded += name[n];
    }
  }
  if (decoded.empty() || decoded == "." || decoded == ".." || decoded.size() > 255 ||
      decoded.find('/') != std::string::npos || decoded.find('\0') != std::string::npos)
    throw base::Error(base::Code::bad_input,
                      fmt::format("{} does not end in the name of a file", net::shown(url)))
        .hint("an https input is one file: give its whole address");
  return decoded;
}

Trimmed trim_fetched(const fs::path& cache, const base::Clock& clock, std::uint64_t max_bytes) {
  constexpr std::time_t day = 24L * 3600;
  const std::time_t now =
      std::chrono::duration_cast<std::chrono::seconds>(clock.now().time_since_epoch()).count();
  struct Kept {
    std::time_t used;
    Place place;
    std::uint64_t bytes;
  };
  std::vector<Kept> all;
  boost::system::error_code failed;
  for (fs::directory_iterator entry(cache / "https", failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const Place place{entry->path()};
    boost::system::error_code none;
    // Without a record: a download that was interrupted, or a place that was emptied before.
    std::time_t used = fs::last_write_time(place.record(), none);
    if (none) used = fs::last_write_time(place.part(), none);
    if (!none) all.push_back({used, place, base::measure_tree(place.folder).bytes});
  }
  std::sort(all.begin(), all.end(),
            [](const Kept& one, const Kept& other) { return one.used > other.used; });
  Trimmed trimmed;
  std::uint64_t kept = 0;
  for (const auto& [used, place, bytes] : all) {
    kept += bytes;
    const bool old = used + 30 * day < now || (max_bytes > 0 && kept > max_bytes);
    if (!old || used + day > now) continue;
    const auto lock = base::FileLock::try_take(place.lock());
    if (!lock) continue;
    // The lock's file stays: somebody may be waiting for it.
    base::remove_tree(place.record());
    for (fs::directory_iterator entry(place.folder), end; entry != end;) {
      const fs::path path = entry->path();
      ++entry;
      if (path != place.lock()) base::remove_tree(path);
    }
    ++trimmed.copies;
    trimmed.bytes += bytes;
    kept -= bytes;
  }
  return trimmed;
}

std::optional<fs::path> fetched_before(const std::string& url, const fs::path& cache) {
  if (const auto copy = read_copy(place_of(plain(url), cache))) return copy->path;
  return std::nullopt;
}

Fetched fetch(const std::string& given, const Fetching& fetching) {
  const std::string url = plain(given);
  parse_url(url);
  file_name_of(url);
  const Place place = place_of(url, fetching.cache);
  boost::system::error_code failed;
  fs::create_directories(place.folder, failed);
  if (failed) throw base::os_error("create", place.folder.native(), failed.value());
  const auto lock = base::FileLock::wait(place.lock());
  const auto copy = read_copy(place);

  net::Download wanted;
  wanted.url = url;
  wanted.part = place.part();
  wanted.part_record = place.part_state();
  wanted.machine = net::machine_of(fetching.environment);
  wanted.progress = fetching.progress;
  wanted.stop = fetching.stop;
  if (copy) {
    wanted.have = copy->validator;
    wanted.retry = net::quick;
    wanted.machine.connect_timeout = std::chrono::seconds(5);
  }
  try {
    const auto downloaded = net::download(wanted);
    if (downloaded.not_modified) {
      base::remove_tree(place.part());
      mark_used(place);
      return {copy->path, ""};
    }
    const Copy fresh = keep(url, place, downloaded);
    drop_old_copies(place, fresh);
    return {fresh.path, ""};
  } catch (const base::Error& error) {
    if (!copy || error.code() != base::Code::unavailable) throw;
    mark_used(place);
    return {copy->path, fmt::format("{}; the copy of {} stands in", error.message(),
                                    copy->fetched.substr(0, 16) + "Z")};
  }
}

}  // namespace store
