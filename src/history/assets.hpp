// Assets that runs registered, in a journal of their own: they outlive the runs.
#pragma once

#include <string>
#include <vector>

#include "history/history.hpp"

namespace history {

fs::path assets_path(const workspace::Layout&);

// Appends to the assets' journal under a lock. A version "" becomes the next one, which is returned
// with the rest of the event. Throws corrupt, no_space or io.
events::AssetRegistered register_asset(const workspace::Layout&, events::Stamped, bool durable);

// Everything registered, oldest first. Throws corrupt.
std::vector<events::AssetRegistered> asset_events(const workspace::Layout&);

// Writes the assets' journal anew from its whole lines and from what the journals of `runs`
// registered, where it is damaged.
void mend_assets(const workspace::Layout&, const std::vector<std::string>& runs);

}  // namespace history
