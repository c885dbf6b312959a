// https inputs: how a run comes by them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/execute.hpp"

namespace engine {

struct RemoteFile {
  fs::path path;       // empty: it is not here, and this run need not have it
  std::string notice;  // why an older copy stands in, or ""
};

// The file at an address, as store::fetch gives and throws it.
using Remote = std::function<RemoteFile(const std::string& url)>;

// Asks the server. Tells the listeners how far it is; stops when the descriptor `stop` becomes
// readable. All of them must outlive what is returned.
Remote fetching(const Surroundings&, const std::vector<events::Sink*>& listeners, int stop);

// For --dry-run and doctor, which move no data: what was fetched before, and nothing else.
Remote only_fetched_before(const Surroundings&);

// Whether the text is an address that has to be fetched: http(s)://…
bool is_remote(const std::string& uri);

}  // namespace engine
