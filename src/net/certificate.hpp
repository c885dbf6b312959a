// A certificate for a server on this machine, made when it is asked for and trusted by whoever is
// told to.
#pragma once

#include <string>
#include <vector>

namespace net {

// Both as PEM text; the key has no password.
struct Certificate {
  std::string chain;
  std::string key;
};

// Of its own making, for these host names and 127.0.0.1, for a year from yesterday on. Who trusts
// `chain` as an authority trusts the server. Throws internal when there is no randomness for it.
Certificate make_certificate(const std::vector<std::string>& hosts);

}  // namespace net
