#include "model/types.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace model {
namespace {

template <class T, std::size_t N>
using Names = std::array<std::pair<T, std::string_view>, N>;

constexpr Names<AccessMode, 9> access_modes{{{AccessMode::ro_mount, "ro_mount"},
                                             {AccessMode::rw_mount, "rw_mount"},
                                             {AccessMode::download, "download"},
                                             {AccessMode::upload, "upload"},
                                             {AccessMode::direct, "direct"},
                                             {AccessMode::eval_mount, "eval_mount"},
                                             {AccessMode::eval_download, "eval_download"},
                                             {AccessMode::link, "link"},
                                             {AccessMode::hdfs, "hdfs"}}};
constexpr Names<DataType, 10> data_types{{{DataType::uri_file, "uri_file"},
                                          {DataType::uri_folder, "uri_folder"},
                                          {DataType::mltable, "mltable"},
                                          {DataType::mlflow_model, "mlflow_model"},
                                          {DataType::custom_model, "custom_model"},
                                          {DataType::triton_model, "triton_model"},
                                          {DataType::string, "string"},
                                          {DataType::number, "number"},
                                          {DataType::integer, "integer"},
                                          {DataType::boolean, "boolean"}}};
constexpr Names<Status, 10> statuses{{{Status::not_started, "NotStarted"},
                                      {Status::preparing, "Preparing"},
                                      {Status::running, "Running"},
                                      {Status::finalizing, "Finalizing"},
                                      {Status::completed, "Completed"},
                                      {Status::failed, "Failed"},
                                      {Status::canceled, "Canceled"},
                                      {Status::skipped, "Skipped"},
                                      {Status::reused, "Reused"},
                                      {Status::interrupted, "Interrupted"}}};

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

template <class Table, class T>
std::string_view name_in(const Table& table, T value) {
  for (const auto& [key, name] : table)
    if (key == value) return name;
  return "";
}

template <class T, std::size_t N>
std::optional<T> find_in(const Names<T, N>& table, std::string_view word) {
  for (const auto& [key, name] : table)
    if (same_word(name, word)) return key;
  return std::nullopt;
}

}  // namespace

std::string_view to_string(AccessMode mode) {
  return name_in(access_modes, mode);
}
std::string_view to_string(DataType type) {
  return name_in(data_types, type);
}
std::string_view to_string(Status status) {
  return name_in(statuses, status);
}

std::optional<AccessMode> parse_access_mode(std::string_view word) {
  if (same_word(word, "mount")) return AccessMode::rw_mount;
  return find_in(access_modes, word);
}

std::optional<DataType> parse_data_type(std::string_view word) {
  if (same_word(word, "path")) return DataType::uri_folder;  // the legacy name
  return find_in(data_types, word);
}

std::optional<Status> parse_status(std::string_view word) {
  return find_in(statuses, word);
}

}  // namespace model
