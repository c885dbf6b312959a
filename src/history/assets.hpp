// Assets that runs registered, in a journal of their own: they outlive the runs.
#pragma once

#include <string>
#include <vector>

#include "history/history.hpp"

namespace history {

fs::path assets_path(const workspace::Layout&);

// Appends the AssetRegistered to the assets' journal under a lock and returns it; a version "" is
// the next one in it. A version is registered once, as in the cloud: where it is taken by other
// data, nothing is written and a Notice is returned that says so. Throws corrupt, no_space or io.
events::Event register_asset(const workspace::Layout&, events::Stamped, bool durable);

// Everything registered, oldest first. Throws corrupt.
std::vector<events::AssetRegistered> asset_events(const workspace::Layout&);

// Writes the assets' journal anew from its whole lines and from what the journals of `runs`
// registered, where it is damaged.
void mend_assets(const workspace::Layout&, const std::vector<std::string>& runs);

}  // namespace history
