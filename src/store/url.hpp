// URIs of data: what they name, and where that lies on this machine.
#pragma once

#include <string>

#include "base/path.hpp"

namespace store {

struct Url {
  enum class Kind {
    datastore,  // azureml://[subscriptions/…/]datastores/NAME/paths/P
    https,      // https://… and http://…
    wasbs,      // wasbs://CONTAINER@ACCOUNT.blob.core.windows.net/P
    abfss,      // abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/P
  };
  Kind kind = Kind::datastore;
  std::string datastore;  // datastore: NAME
  std::string host;       // the others: the host, with its port
  std::string container;  // wasbs and abfss
  std::string path;       // without a leading '/'; keeps a trailing one; as written, not decoded
};

// Throws bad_input with the reason when the text is no such URI, or when its path holds a ".."
// part. "azureml:azureml://…" and "azureml:https://…", which old definitions hold, mean what
// follows. Source: how-to-read-write-data-v2, "Paths"; azure-storage-blob's and Hadoop's URI forms.
Url parse_url(const std::string&);

// The address without user, query and fragment, which may hold secrets: for people and records.
std::string shown(const std::string& url);

// Where a datastore URI lies when `folder` stands for its datastore. Throws bad_input for a name
// that a local file system cannot hold: a part longer than 255 bytes, or one with a zero byte in
// it.
fs::path local_path(const Url&, const fs::path& folder);

}  // namespace store
