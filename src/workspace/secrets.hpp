// Secrets of a project: the stand-in for the workspace's key vault.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/process.hpp"
#include "workspace/workspace.hpp"

namespace workspace {

// Where a project's secrets lie: outside it, in the user's own configuration folder
// (XDG_CONFIG_HOME, else ~/.config), readable by the user alone.
fs::path secrets_file(const Layout&, const base::Variables& environment);

// The variable that gives a secret in the place of the file, as in CI: AMLOCAL_SECRET_ and the name
// in capitals, '-' as '_'.
std::string secret_variable(const std::string& name);

// The variable's value, else the file's; nothing where neither has it. Throws bad_input for a file
// that others may read, corrupt for a damaged one.
std::optional<std::string> secret(const Layout&, const base::Variables& environment,
                                  const std::string& name);
// The file's names and those that variables give, sorted (of the latter: as the variable has them,
// in small letters with '-').
std::vector<std::string> secret_names(const Layout&, const base::Variables& environment);
// Throws bad_input for a name that a key vault refuses (letters, digits and '-', 127 at most).
// Source: Azure Key Vault, "About keys, secrets and certificates".
void set_secret(const Layout&, const base::Variables& environment, const std::string& name,
                const std::string& value);
// Returns whether it was there.
bool remove_secret(const Layout&, const base::Variables& environment, const std::string& name);

}  // namespace workspace
