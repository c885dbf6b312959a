#include "engine/remote.hpp"

#include <poll.h>

#include "store/fetch.hpp"
#include "store/url.hpp"

namespace engine {

Remote fetching(const Surroundings& surroundings, const std::vector<events::Sink*>& listeners,
                int stop) {
  return [&, stop](const std::string& url) {
    store::Fetching how;
    how.cache = surroundings.layout.cache();
    how.environment = surroundings.shell;
    how.stop = [&] {
      pollfd waiting{stop, POLLIN, 0};
      return ::poll(&waiting, 1, 0) > 0;
    };
    events::Progress progress{"fetching " + store::file_name_of(url), 0, {}};
    how.progress = [&](std::uint64_t done, std::optional<std::uint64_t> total) {
      progress.done = done;
      progress.total = total;
      for (auto* listener : listeners) listener->progress(surroundings.clock.now(), progress);
    };
    auto fetched = store::fetch(url, how);
    for (auto* listener : listeners) listener->progress(surroundings.clock.now(), {});
    return RemoteFile{std::move(fetched.path), std::move(fetched.notice)};
  };
}

Remote only_fetched_before(const Surroundings& surroundings) {
  return [&](const std::string& url) {
    store::file_name_of(url);
    return RemoteFile{store::fetched_before(url, surroundings.layout.cache()).value_or(""), ""};
  };
}

bool is_remote(const std::string& uri) {
  return uri.find("://") != std::string::npos &&
         store::parse_url(uri).kind == store::Url::Kind::https;
}

}  // namespace engine
