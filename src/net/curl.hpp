// libcurl, loaded when the first address is fetched: linked in the usual way it would cost every
// `amlocal --version` its start-up (about 5 ms).
#pragma once

// Its macros would look for the functions by name.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

namespace net {

// The functions that net/http.cpp uses, under libcurl's names without "curl_".
struct Curl {
  CURLcode (*global_init)(long);
  CURL* (*easy_init)();
  void (*easy_cleanup)(CURL*);
  CURLcode (*easy_setopt)(CURL*, CURLoption, ...);
  CURLcode (*easy_getinfo)(CURL*, CURLINFO, ...);
  CURLcode (*easy_perform)(CURL*);
  const char* (*easy_strerror)(CURLcode);
  curl_slist* (*slist_append)(curl_slist*, const char*);
  void (*slist_free_all)(curl_slist*);
  time_t (*getdate)(const char*, const time_t*);
};

// The table, loaded once in the life of the process. Throws unavailable, with what to install, when
// the machine has no libcurl. Safe from any thread.
const Curl& curl();

// Loads the table from the first of `names` that is there; `curl()` with other names, for tests.
Curl load_curl(const char* const* names);

}  // namespace net
