#include "net/curl.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/error.hpp"

#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace net {
namespace {

// OpenSSL's build, then GnuTLS's: a distribution may have either.
constexpr const char* sonames[] = {"libcurl.so.4", "libcurl-gnutls.so.4", nullptr};

base::Error missing(const std::string& why) {
  return base::Error(base::Code::unavailable, fmt::format("https needs libcurl: {}", why))
      .hint("install it: apt-get install libcurl4 (Ubuntu 24.04: libcurl4t64)");
}

template <class Function>
void find(void* library, const char* name, Function& function) {
  void* found = ::dlsym(library, name);
  if (!found) throw missing(fmt::format("the one here has no {}", name));
  function = reinterpret_cast<Function>(found);
}

}  // namespace

Curl load_curl(const char* const* names) {
  void* library = nullptr;  // never unloaded: its threads and tables live as long as the process
  std::string why;
  for (; *names && !library; ++names) {
    library = ::dlopen(*names, RTLD_NOW | RTLD_LOCAL);
    if (!library && why.empty()) why = ::dlerror();
  }
  if (!library) throw missing(why);
  Curl table{};
  find(library, "curl_global_init", table.global_init);
  find(library, "curl_easy_init", table.easy_init);
  find(library, "curl_easy_cleanup", table.easy_cleanup);
  find(library, "curl_easy_setopt", table.easy_setopt);
  find(library, "curl_easy_getinfo", table.easy_getinfo);
  find(library, "curl_easy_perform", table.easy_perform);
  find(library, "curl_easy_strerror", table.easy_strerror);
  find(library, "curl_slist_append", table.slist_append);
  find(library, "curl_slist_free_all", table.slist_free_all);
  find(library, "curl_getdate", table.getdate);
  return table;
}

const Curl& curl() {
  static const Curl table = [] {
    const Curl loaded = load_curl(sonames);
    loaded.global_init(CURL_GLOBAL_DEFAULT);
    return loaded;
  }();
  return table;
}

}  // namespace net
