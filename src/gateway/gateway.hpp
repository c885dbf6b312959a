// The one HTTP server of a run, on 127.0.0.1: what steps tell and ask, each client in its own
// dialect. docs/gateway.md has the shim's.
#pragma once

#include <memory>
#include <string>

#include "gateway/run_store.hpp"

namespace gateway {

// azureml-core sends files over TLS only, to a host named ACCOUNT.blob.ENDPOINT.
constexpr const char* blob_host = "amlocal.blob.localhost";

class Gateway {
 public:
  // Serves from now on; `store` and `clock` must outlive it. With `tls` it also listens for files
  // over TLS, under `blob_host`. Throws unavailable when nothing can be listened on.
  Gateway(RunStore& store, const base::Clock& clock, bool tls = false);
  // Waits for answers under way.
  ~Gateway();

  // "http://127.0.0.1:40123".
  std::string endpoint() const;
  // What must stand behind "Authorization: Bearer". It has the form of a JWT, because azureml-core
  // reads `exp` from it; nobody checks a signature, so that place holds what cannot be guessed.
  const std::string& token() const;
  // When it expires, in seconds since 1970: azureml-core would renew it before then, elsewhere.
  std::int64_t expires() const;
  // Application Insights' key, which is all that telemetry shows: a UUID.
  const std::string& instrumentation_key() const;
  // What a client that sends files has to trust, as PEM; "" without TLS.
  const std::string& certificate() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Takes in what could not be sent while the gateway was out of reach: one request a line, as
// {"method", "path", "body"}, in the shim's dialect; for a file of a run "file" instead of a body:
// a name in the folder `file`.files. Returns how many were refused.
std::size_t take_in(RunStore&, const base::Clock&, const fs::path& file);

}  // namespace gateway
