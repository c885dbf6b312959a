#include "engine/blob_door.hpp"

#include <fmt/format.h>
#include <netdb.h>

#include <boost/filesystem/operations.hpp>

#include "base/files.hpp"
#include "step/supervise.hpp"

namespace engine {
namespace {

constexpr const char* hosts_file = "/etc/hosts";

// What Python's requests would trust without us: the user's own choice, else the distribution's.
std::string trusted(const base::Variables& shell) {
  boost::system::error_code none;
  for (const std::string& file :
       {base::variable(shell, "REQUESTS_CA_BUNDLE"), base::variable(shell, "CURL_CA_BUNDLE"),
        std::string("/etc/ssl/certs/ca-certificates.crt"),
        std::string("/etc/pki/tls/certs/ca-bundle.crt")})
    if (fs::is_regular_file(file, none)) return base::read_file(file) + "\n";
  return "";
}

bool leads_here(const char* host) {
  addrinfo* found = nullptr;
  if (::getaddrinfo(host, nullptr, nullptr, &found) != 0) return false;
  ::freeaddrinfo(found);
  return true;
}

}  // namespace

std::optional<std::string> open_blob_door(const gateway::Gateway& gateway, const fs::path& folder,
                                          const base::Variables& shell, step::Gateway& told) {
  told.trusted = folder / "gateway-trusted.pem";
  base::write_file_atomically(told.trusted, trusted(shell) + gateway.certificate());
  if (leads_here(gateway::blob_host)) return std::nullopt;
  const std::string line = fmt::format("127.0.0.1 {}", gateway::blob_host);
  boost::system::error_code none;
  if (!step::can_make_views() || !fs::is_regular_file(hosts_file, none))
    return fmt::format(
        "--tls: azureml-core finds the gateway only when /etc/hosts has the line '{}', and here a "
        "step cannot have one of its own; add it (as root)",
        line);
  told.hosts = folder / "hosts";
  base::write_file_atomically(told.hosts, base::read_file(hosts_file) + "\n" + line + "\n");
  return std::nullopt;
}

}  // namespace engine
