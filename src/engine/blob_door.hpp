// The gateway's second door, over TLS, for azureml-core's files: what makes a step find and trust
// it.
#pragma once

#include <optional>
#include <string>

#include "base/path.hpp"
#include "base/process.hpp"
#include "gateway/gateway.hpp"
#include "step/step.hpp"

namespace engine {

// Writes into the run's `folder` the certificates that its steps trust (those that the machine
// trusts and the gateway's own) and their /etc/hosts, which names the gateway, and puts both into
// `told`. Returns what the user has to do where a step cannot be given an /etc/hosts of its own and
// the name leads nowhere. Throws os_error.
std::optional<std::string> open_blob_door(const gateway::Gateway&, const fs::path& folder,
                                          const base::Variables& shell, step::Gateway& told);

}  // namespace engine
