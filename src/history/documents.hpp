// Small JSON texts that SDKs keep in a workspace: dataset definitions, environments, published
// pipelines. amlocal does not read them.
#pragma once

#include <string>
#include <vector>

#include "workspace/workspace.hpp"

namespace history {

struct Document {
  std::string name;
  std::string version;
  std::string content;
};

// All versions of `name`, oldest first; with name "" the newest version of every document of that
// kind, by name. Where the records are apart, the workspace's documents come before their own.
std::vector<Document> documents(const workspace::Layout&, const std::string& kind,
                                const std::string& name);
// Writes it whole or not at all; version "" is the next number. Returns the version. Throws
// bad_input for an empty kind or name, permission, no_space or io.
std::string put_document(const workspace::Layout&, const std::string& kind, const Document&);
// Version "": all of them. Throws not_found.
void remove_document(const workspace::Layout&, const std::string& kind, const std::string& name,
                     const std::string& version);

// A name of anything as one file name: what is no letter, digit, '_', '-' or '.' as %XX. Throws
// bad_input for an empty one, and for one that is too long for a file name.
std::string file_name_of(const std::string& name);
std::string name_of_file(const std::string& file_name);
// The number after the highest whole one among them: "1" for none.
std::string version_after(const std::vector<std::string>& versions);
// Whether `a` is an older version than `b`: numbers by value, before words.
bool older_version(const std::string& a, const std::string& b);

}  // namespace history
