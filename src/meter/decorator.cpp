#include "meter/decorator.hpp"

#include <algorithm>

namespace meter {

store::Page Decorator::list(const std::string& folder, const std::string& from, std::size_t limit) {
  store::Page page;
  Call call{Op::list, folder, limit};
  pass(call, [&] {
    page = inner_->list(folder, from, limit);
    call.amount = page.objects.size();
  });
  return page;
}

std::optional<store::Object> Decorator::head(const std::string& name) {
  std::optional<store::Object> object;
  Call call{Op::head, name};
  pass(call, [&] {
    object = inner_->head(name);
    call.found = object.has_value();
  });
  return object;
}

std::size_t Decorator::get(const std::string& name, std::uint64_t offset, std::span<char> into) {
  Call call{Op::get, name, into.size()};
  pass(call, [&] { call.amount = inner_->get(name, offset, into); });
  return call.amount;
}

store::Object Decorator::put(const std::string& name, const store::Content& content,
                             store::IfExists if_exists) {
  store::Object object;
  Call call{Op::put, name, content.size};
  pass(call, [&] { object = inner_->put(name, content, if_exists); });
  return object;
}

void Decorator::remove(const std::string& name) {
  Call call{Op::remove, name};
  pass(call, [&] { inner_->remove(name); });
}

void Decorator::make_folder(const std::string& name) {
  Call call{Op::make_folder, name};
  pass(call, [&] { inner_->make_folder(name); });
}

void Decorator::remove_folder(const std::string& name) {
  Call call{Op::remove_folder, name};
  pass(call, [&] { inner_->remove_folder(name); });
}

void Decorator::move(const std::string& from, const std::string& to, store::IfExists if_exists) {
  Call call{Op::move, from, 1};
  pass(call, [&] { inner_->move(from, to, if_exists); });
}

namespace {

struct Answer {
  int status;
  base::Code code;
  bool transient;
  std::string_view text;
};

constexpr Answer answers[] = {
    {403, base::Code::permission, false,
     "403 AuthorizationPermissionMismatch: This request is not authorized to perform this "
     "operation using this permission."},
    {404, base::Code::not_found, false, "404 BlobNotFound: The specified blob does not exist."},
    {409, base::Code::exists, false, "409 BlobAlreadyExists: The specified blob already exists."},
    {412, base::Code::conflict, false,
     "412 ConditionNotMet: The condition specified using HTTP conditional header(s) is not met."},
    {429, base::Code::unavailable, true, "429 TooManyRequests: Too many requests."},
    {500, base::Code::unavailable, true,
     "500 OperationTimedOut: Operation could not be completed within the specified time."},
    {503, base::Code::unavailable, true,
     "503 ServerBusy: Operations per second is over the account limit."},
};

const Answer* find(int status) {
  const auto* answer = std::find_if(std::begin(answers), std::end(answers),
                                    [&](const Answer& known) { return known.status == status; });
  return answer == std::end(answers) ? nullptr : answer;
}

}  // namespace

std::string answer_text(int status) {
  const Answer* answer = find(status);
  return answer ? std::string(answer->text) : std::to_string(status);
}

base::Code code_of_status(int status) {
  const Answer* answer = find(status);
  return answer ? answer->code : base::Code::unavailable;
}

bool is_transient(int status) {
  const Answer* answer = find(status);
  return answer && answer->transient;
}

const std::vector<int>& known_statuses() {
  static const std::vector<int> statuses = [] {
    std::vector<int> all;
    for (const Answer& answer : answers) all.push_back(answer.status);
    return all;
  }();
  return statuses;
}

}  // namespace meter
