// Times, sizes, hashes and names: what they look like, and that they can be read back.
#include <set>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/names.hpp"
#include "support/scratch.hpp"

TEST_CASE("a time is written as ISO 8601 and read back to the microsecond") {
  for (const char* text : {"2026-01-02T03:04:05.000006Z", "1970-01-01T00:00:00.000000Z",
                           "2024-02-29T23:59:59.999999Z"})
    CHECK(base::to_iso(base::from_iso(text)) == text);
  for (const char* text : {"", "yesterday", "2026-01-02", "2026-13-02T03:04:05.000006Z"}) {
    CAPTURE(text);
    CHECK(support::error_of([&] { base::from_iso(text); }).code() == base::Code::bad_input);
  }
}

TEST_CASE("durations and sizes as people read and type them") {
  CHECK(base::duration_text(0.04) == "0.0 s");
  CHECK(base::duration_text(9.96) == "10 s");
  CHECK(base::duration_text(185) == "3 min 05 s");
  CHECK(base::duration_text(7800) == "2 h 10 min");
  CHECK(base::bytes_text(0) == "0 B");
  CHECK(base::bytes_text(980) == "980 B");
  CHECK(base::bytes_text(12'300'000) == "12.3 MB");
  struct Case {
    const char* text;
    std::optional<std::uint64_t> bytes;
  };
  for (const Case& c :
       {Case{"500MB", 500'000'000}, Case{"2 GB", 2'000'000'000}, Case{"1.5kB", 1500},
        Case{"1000", 1000}, Case{"", {}}, Case{"-1", {}}, Case{"2 parsecs", {}}}) {
    CAPTURE(c.text);
    CHECK(base::parse_bytes(c.text) == c.bytes);
  }
}

TEST_CASE("a hash tells other bytes from the same ones, however they are added") {
  CHECK(base::hash_text("abc") == base::Hasher().add("a").add("bc").hex());
  CHECK(base::hash_text("abc") != base::hash_text("abd"));
  CHECK(base::hash_text("").size() == 32);
  const support::Scratch scratch;
  scratch.write("file", std::string(700'000, 'x'));  // more than one buffer
  CHECK(base::hash_file(scratch.path("file")) == base::hash_text(std::string(700'000, 'x')));
  CHECK(support::error_of([&] { base::hash_file(scratch.path("gone")); }).code() ==
        base::Code::not_found);
  // The check value of CRC-32C (RFC 3720, B.4).
  CHECK(base::crc32c("123456789") == 0xe3069283U);
}

TEST_CASE("made-up names are of the agreed form and do not repeat") {
  std::set<std::string> seen;
  for (int n = 0; n < 1000; ++n) {
    const std::string name = base::random_run_name();
    CHECK(seen.insert(name).second);
    CHECK(std::count(name.begin(), name.end(), '_') == 2);
    CHECK(name.size() - name.rfind('_') - 1 == 10);
  }
  const std::string uuid = base::random_uuid();
  CHECK(uuid.size() == 36);
  CHECK(uuid[14] == '4');
  CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
  CHECK(base::random_id(25).size() == 25);
}
