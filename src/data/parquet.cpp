#include "data/parquet.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace data {
namespace {

struct Damaged {};

enum Wire { stop, yes, no, byte, i16, i32, i64, real, binary, list, set, map, record };

// Thrift's compact protocol, pulled field by field. Throws Damaged at what cannot be.
class Compact {
 public:
  explicit Compact(std::string_view bytes) : bytes_(bytes) {}

  // Calls `on(id, type)` for each field of a struct; it reads the value, or gives false: skipped.
  template <class On>
  void fields(On on) {
    int id = 0;
    for (;;) {
      const unsigned head = take();
      const int type = static_cast<int>(head & 0xfU);
      if (type == stop) return;
      const int delta = static_cast<int>(head >> 4U);
      id = delta ? id + delta : static_cast<int>(number());
      if (!on(id, type)) skip(type, 0);
    }
  }

  // Calls `on()` for each element of a list, which reads it.
  template <class On>
  void elements(On on) {
    const unsigned head = take();
    std::uint64_t count = head >> 4U;
    if (count == 15) count = plain();
    // Each takes a byte at least.
    if (count > bytes_.size()) throw Damaged();
    for (; count > 0; --count) on();
  }

  std::int64_t number() {
    const std::uint64_t value = plain();
    return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
  }

  std::string_view text() {
    const std::uint64_t size = plain();
    if (size > bytes_.size()) throw Damaged();
    const auto text = bytes_.substr(0, static_cast<std::size_t>(size));
    bytes_.remove_prefix(text.size());
    return text;
  }

  unsigned take() {
    if (bytes_.empty()) throw Damaged();
    const auto value = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }

 private:
  std::uint64_t plain() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const unsigned part = take();
      value |= static_cast<std::uint64_t>(part & 0x7fU) << shift;
      if (part < 0x80) return value;
    }
    throw Damaged();
  }

  void skip(int type, int depth) {
    if (depth > 32) throw Damaged();
    if (type == byte) {
      take();
    } else if (type == i16 || type == i32 || type == i64) {
      plain();
    } else if (type == real) {
      if (bytes_.size() < 8) throw Damaged();
      bytes_.remove_prefix(8);
    } else if (type == binary) {
      text();
    } else if (type == list || type == set) {
      skip_list(depth);
    } else if (type == map) {
      skip_map(depth);
    } else if (type == record) {
      fields([&](int, int inner) {
        skip(inner, depth + 1);
        return true;
      });
    } else if (type != yes && type != no) {
      throw Damaged();
    }
  }

  // A boolean in a collection takes a byte, unlike one in a struct.
  void skip_element(int type, int depth) { skip(type == yes || type == no ? byte : type, depth); }

  void skip_list(int depth) {
    const unsigned head = take();
    std::uint64_t count = head >> 4U;
    if (count == 15) count = plain();
    if (count > bytes_.size()) throw Damaged();
    for (; count > 0; --count) skip_element(static_cast<int>(head & 0xfU), depth + 1);
  }

  void skip_map(int depth) {
    const std::uint64_t count = plain();
    if (count == 0) return;
    if (count > bytes_.size()) throw Damaged();
    const unsigned types = take();
    for (std::uint64_t n = 0; n < count; ++n) {
      skip_element(static_cast<int>(types >> 4U), depth + 1);
      skip_element(static_cast<int>(types & 0xfU), depth + 1);
    }
  }

  std::string_view bytes_;
};

// A SchemaElement.
struct Element {
  std::string name;
  int physical = -1;
  int repetition = 0;
  int converted = -1;
  std::int64_t children = 0;
  int logical = 0;  // the union's field; 0: none
  int width = 0;    // of logical INTEGER, in bits
  bool is_signed = true;
};

void read_logical(Compact& in, Element& element) {
  in.fields([&](int id, int type) {
    element.logical = id;
    if (id != 10 || type != record) return false;
    in.fields([&](int inner, int inner_type) {
      if (inner == 1 && inner_type == byte) {
        element.width = static_cast<int>(in.take());
        return true;
      }
      if (inner == 2) element.is_signed = inner_type == yes;
      return false;
    });
    return true;
  });
}

Element read_element(Compact& in) {
  Element element;
  in.fields([&](int id, int type) {
    if (id == 4 && type == binary) {
      element.name = in.text();
    } else if (id == 1 && type == i32) {
      element.physical = static_cast<int>(in.number());
    } else if (id == 3 && type == i32) {
      element.repetition = static_cast<int>(in.number());
    } else if (id == 5 && type == i32) {
      element.children = in.number();
    } else if (id == 6 && type == i32) {
      element.converted = static_cast<int>(in.number());
    } else if (id == 10 && type == record) {
      read_logical(in, element);
    } else {
      return false;
    }
    return true;
  });
  return element;
}

std::string type_of(const Element& element) {
  const int converted = element.converted;
  const int logical = element.logical;
  if (element.children > 0) {
    if (converted == 1 || converted == 2 || logical == 2) return "map";
    return converted == 3 || logical == 3 ? "list" : "struct";
  }
  if (element.repetition == 2) return "list";
  if (converted == 5 || logical == 5) return "decimal";
  if (converted == 6 || logical == 6) return "date";
  if (converted == 7 || converted == 8 || logical == 7) return "time";
  if (converted == 9 || converted == 10 || logical == 8) return "datetime";
  if (converted >= 11 && converted <= 18) {
    constexpr std::string_view sizes[]{"8", "16", "32", "64"};
    return std::string(converted < 15 ? "uint" : "int") + std::string(sizes[(converted - 11) % 4]);
  }
  if (logical == 10) return fmt::format("{}int{}", element.is_signed ? "" : "u", element.width);
  if (logical == 15) return "float16";
  constexpr std::string_view physical[]{"bool",    "int32",   "int64",  "datetime",
                                        "float32", "float64", "object", "object"};
  return element.physical >= 0 && element.physical < 8 ? std::string(physical[element.physical])
                                                       : "object";
}

struct Footer {
  std::vector<Element> elements;  // the schema's tree, depth first
  std::uint64_t rows = 0;
  std::map<std::string, std::uint64_t> nulls;
  std::map<std::string, bool> uncounted;  // some row group does not count its nulls
};

void read_chunk_data(Compact& in, Footer& footer) {
  std::vector<std::string> path;
  std::optional<std::uint64_t> nulls;
  in.fields([&](int id, int type) {
    if (id == 3 && type == list) {
      in.elements([&] { path.emplace_back(in.text()); });
      return true;
    }
    if (id != 12 || type != record) return false;
    in.fields([&](int inner, int inner_type) {
      if (inner != 3 || inner_type != i64) return false;
      nulls = static_cast<std::uint64_t>(in.number());
      return true;
    });
    return true;
  });
  if (path.size() != 1) return;  // of a nested column: a null below is not one of the column
  if (nulls)
    footer.nulls[path.front()] += *nulls;
  else
    footer.uncounted[path.front()] = true;
}

void read_row_group(Compact& in, Footer& footer) {
  in.fields([&](int id, int type) {
    if (id != 1 || type != list) return false;
    in.elements([&] {
      in.fields([&](int inner, int inner_type) {
        if (inner != 3 || inner_type != record) return false;
        read_chunk_data(in, footer);
        return true;
      });
    });
    return true;
  });
}

Footer read_footer(Compact in) {
  Footer footer;
  in.fields([&](int id, int type) {
    if (id == 2 && type == list)
      in.elements([&] { footer.elements.push_back(read_element(in)); });
    else if (id == 3 && type == i64)
      footer.rows = static_cast<std::uint64_t>(in.number());
    else if (id == 4 && type == list)
      in.elements([&] { read_row_group(in, footer); });
    else
      return false;
    return true;
  });
  return footer;
}

// Behind the element at `at` and all below it.
std::size_t behind(const std::vector<Element>& elements, std::size_t at) {
  std::int64_t open = 1;
  while (open > 0 && at < elements.size())
    open += std::max<std::int64_t>(elements[at++].children, 0) - 1;
  return at;
}

Table table_of(const Footer& footer) {
  Table table;
  table.rows = footer.rows;
  for (std::size_t at = 1; at < footer.elements.size(); at = behind(footer.elements, at)) {
    const Element& element = footer.elements[at];
    if (element.name.starts_with("__index_level_")) continue;
    Column column{element.name, type_of(element), "", {}};
    const auto nulls = footer.nulls.find(element.name);
    if (element.repetition == 0)
      column.nulls = 0;
    else if (nulls != footer.nulls.end() && !footer.uncounted.count(element.name))
      column.nulls = nulls->second;
    else if (footer.rows == 0)
      column.nulls = 0;
    table.columns.push_back(std::move(column));
  }
  return table;
}

std::string read_at(const base::Fd& file, off_t at, std::size_t size, const fs::path& path) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const auto count = base::sys("read", path.native(), [&] {
      return ::pread(file.get(), bytes.data() + done, size - done, at + static_cast<off_t>(done));
    });
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

[[noreturn]] void refuse(const fs::path& path, std::string_view what) {
  throw base::Error(base::Code::bad_input, fmt::format("{}: {}", path.native(), what));
}

}  // namespace

Table look_at_parquet(const fs::path& path) {
  constexpr std::uint32_t largest = 256U << 20U;
  const base::Fd file = base::open_file(path, O_RDONLY | O_NOCTTY);
  struct stat status {};
  base::sys("read", path.native(), [&] { return ::fstat(file.get(), &status); });
  if (status.st_size < 12 || read_at(file, 0, 3, path) != "PAR") refuse(path, "no Parquet file");
  const std::string tail = read_at(file, status.st_size - 8, 8, path);
  if (tail.ends_with("PARE")) refuse(path, "its footer is encrypted");
  if (!tail.ends_with("PAR1")) refuse(path, "the end of the Parquet file is missing");
  std::uint32_t size = 0;
  for (int n = 3; n >= 0; --n)
    size = size << 8U | static_cast<unsigned char>(tail[static_cast<std::size_t>(n)]);
  if (size > status.st_size - 12 || size > largest) refuse(path, "its Parquet footer is damaged");
  const std::string footer =
      read_at(file, status.st_size - 8 - static_cast<off_t>(size), size, path);
  try {
    return table_of(read_footer(Compact(footer)));
  } catch (const Damaged&) {
    refuse(path, "its Parquet footer is damaged");
  }
}

}  // namespace data
