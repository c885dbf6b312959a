// A mount namespace of this process's own: what it mounts ends with it, whatever kills it.
#pragma once

namespace fuse {

// As an ordinary user also a user namespace, in which the user is still the same. False, and
// nothing has changed, where the machine does not allow it. To be called before any thread starts.
bool enter_own_namespaces();

}  // namespace fuse
