// The two places of a project: `amlocal.yml`, committed, and `.amlocal/` beside it, never
// committed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/path.hpp"
#include "base/place.hpp"
#include "model/catalogue.hpp"

namespace workspace {

// `.amlocal/` and what lies in it: caches and records only.
struct Layout {
  fs::path root;  // the folder that holds amlocal.yml and .amlocal, absolute
  // Where what runs leave behind is recorded, absolute; "" for `.amlocal/` itself. A step that is
  // tried alone has a folder of its own here, so that nothing of it gets into the history.
  fs::path apart = {};
  fs::path settings_file() const { return root / "amlocal.yml"; }
  fs::path hidden() const { return root / ".amlocal"; }
  fs::path records() const { return apart.empty() ? hidden() : apart; }
  fs::path runs() const { return records() / "runs"; }
  fs::path run(const std::string& name) const { return runs() / name; }
  fs::path snapshots() const { return hidden() / "snapshots"; }
  fs::path datastores() const { return hidden() / "datastores"; }
  fs::path index() const { return records() / "index.sqlite"; }
  fs::path locks() const { return hidden() / "locks"; }  // of places that steps write
  fs::path cache() const { return hidden() / "cache"; }
};

// The root for a definition file or folder: the git work tree's top, else the nearest parent that
// holds amlocal.yml, else the folder itself. Does not create anything.
Layout find(const fs::path& start);

// The Python definition that made a job's file: what `script` beside it says; "" for any other
// file.
fs::path script_of(const fs::path& job);

// Creates `.amlocal/` with a `.gitignore` of its own and a format stamp. Throws newer_version when
// it was made by a newer amlocal, permission or no_space when it cannot be made.
void ensure(const Layout&);

// Throws newer_version where a newer amlocal made `.amlocal/`, and corrupt where its stamp is no
// number; nothing where there is none yet. For what changes records without making any.
void check_format(const Layout&);

// Gives a refusal of the operating system the hint what to do about a project that is not one's
// own.
base::Error with_owner_hint(base::Error, const Layout&);

// Whether a text of `amlocal.yml` or an asset is a URI (azureml:…, https://…), not a local path.
bool is_uri(const std::string&);

// What `amlocal.yml` says. Relative paths in it are relative to it; here they are absolute.
struct Settings {
  std::map<std::string, std::string> environments;  // name or "default" → interpreter
  std::vector<model::DataAsset> data;               // in the order of creation
  std::map<std::string, std::string> datastores;    // name → folder
  std::map<std::string, std::string> components;    // reference → file
  std::vector<std::string> pass_env;
  std::vector<std::pair<std::string, base::Place>> faults;  // as written: docs/faults.md
  // What the records may take before the oldest runs are removed unasked; 0: no limit.
  std::size_t keep_runs = 200;
  std::uint64_t max_bytes = 20'000'000'000;
};

// Missing file: empty settings. Throws bad_definition with the place for a wrong key or type.
Settings read_settings(const Layout&);
// Writes amlocal.yml atomically, keys in a fixed order, paths below the root as relative ones. The
// comment lines at the top of the file stay; others do not. Throws bad_input for a value that is no
// UTF-8, permission, no_space or io.
void write_settings(const Layout&, const Settings&);
// Reads, changes and writes under a lock, so that of two writers neither loses the other's change.
void update_settings(const Layout&, const std::function<void(Settings&)>& change);

// The folder of a datastore: as the settings say, or .amlocal/datastores/workspaceblobstore for
// "workspaceblobstore", which is there from the start.
std::optional<fs::path> datastore_folder(const Layout&, const Settings&, const std::string& name);

}  // namespace workspace
