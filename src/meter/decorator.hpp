// One shape for everything that stands around a store: each of its calls passes through around().
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "meter/ledger.hpp"
#include "meter/units.hpp"
#include "store/object_store.hpp"

namespace meter {

// One call on its way to the store.
struct Call {
  Op op;
  const std::string& name;  // of a list the folder; of a move what is renamed
  // Bytes, of a list entries, of a move objects. Of a get and a list it is known afterwards;
  // before, it is what was asked for.
  std::uint64_t amount = 0;
  bool found = true;  // afterwards, of a head: whether there was one
};

// Makes the call on the inner store: once or, to try again, several times. Borrowed, as a
// reference.
class Proceed {
 public:
  template <class F>
  explicit Proceed(F& f) : object_(&f), call_([](void* object) { (*static_cast<F*>(object))(); }) {}
  void operator()() const { call_(object_); }

 private:
  void* object_;
  void (*call_)(void*);
};

class Decorator : public store::ObjectStore {
 public:
  store::Page list(const std::string& folder, const std::string& from, std::size_t limit) final;
  std::optional<store::Object> head(const std::string& name) final;
  std::size_t get(const std::string& name, std::uint64_t offset, std::span<char> into) final;
  store::Object put(const std::string& name, const store::Content&, store::IfExists) final;
  void remove(const std::string& name) final;
  void make_folder(const std::string& name) final;
  void remove_folder(const std::string& name) final;
  // What it reads is asked for by get(), which is charged.
  base::Fd open_local(const std::string& name, const std::string& tag) final {
    return inner_->open_local(name, tag);
  }
  void move(const std::string& from, const std::string& to, store::IfExists) final;

 protected:
  explicit Decorator(std::shared_ptr<store::ObjectStore> inner) : inner_(std::move(inner)) {}
  virtual void around(Call&, const Proceed&) = 0;
  store::ObjectStore& inner() { return *inner_; }

 private:
  template <class F>
  void pass(Call& call, F f) {
    around(call, Proceed(f));
  }
  std::shared_ptr<store::ObjectStore> inner_;
};

// The store's answer instead of a result. It never leaves the metered store: what the client does
// not try again becomes an Error of an ordinary code.
struct Refusal : base::Error {
  Refusal(base::Code code, const std::string& text, int http_status, bool by_limit, Nanos wait)
      : Error(code, text), status(http_status), over_limit(by_limit), retry_after(wait) {}
  int status;
  bool over_limit;    // the account's own limit; else a fault
  Nanos retry_after;  // of the Retry-After header, 0 without one
};

// "503 ServerBusy: Operations per second is over the account limit." and the like: the service's
// own words. Source: azure-sdk-for-go#22139 and the REST reference's table of error codes.
std::string answer_text(int status);
// What a client makes of it when it gives up.
base::Code code_of_status(int status);
// Whether clients try again. Source: azcore's default list: 408, 429, 500, 502, 503, 504.
bool is_transient(int status);
// The statuses that answer_text knows.
const std::vector<int>& known_statuses();

}  // namespace meter
