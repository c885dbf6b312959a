#include "step/audit.hpp"

#include "step/audit_setup.hpp"
#include "support/scratch.hpp"

using support::Scratch;

namespace {

const std::string first =
    "\x1e{\"v\":1,\"t\":5,\"pid\":7,\"task\":8,\"op\":\"open\",\"path\":\"/d/x\",\"flags\":1025,"
    "\"mode\":\"a\",\"size\":12,\"file\":\"train.py\",\"line\":88,\"via\":\"pandas.to_csv\"}\n";
const std::string second =
    "\x1e{\"v\":1,\"t\":6,\"pid\":7,\"task\":7,\"op\":\"os.rename\",\"path_hex\":\"2fff\","
    "\"to\":\"/d/y\"}\n";

step::AuditText read(const std::string& text) {
  const Scratch scratch;
  scratch.write("record", text);
  return step::read_audit(scratch.path("record"));
}

}  // namespace

TEST_CASE("a record has all that was noted") {
  const auto text = read(first + second);
  REQUIRE(text.records.size() == 2);
  const auto& open = text.records[0];
  CHECK(open.time_ns == 5);
  CHECK(open.pid == 7);
  CHECK(open.task == 8);
  CHECK(open.op == "open");
  CHECK(open.path == "/d/x");
  CHECK(open.flags == 1025);
  CHECK(open.mode == "a");
  CHECK(open.size == 12);
  CHECK(open.place == step::AuditPlace{"train.py", 88});
  CHECK(open.via == "pandas.to_csv");
  const auto& rename = text.records[1];
  CHECK(rename.path == "/\xff");
  CHECK(rename.to == "/d/y");
  CHECK(!rename.place);
  CHECK(text.damaged == 0);
}

TEST_CASE("no file is an empty record") {
  const Scratch scratch;
  CHECK(step::read_audit(scratch.path("none")).records.empty());
  CHECK(read("").records.empty());
}

TEST_CASE("wherever the last record is torn, those before it are read") {
  for (std::size_t kept = 0; kept < second.size(); ++kept) {
    const auto text = read(first + second.substr(0, kept));
    CHECK(text.records.size() == 1);
    CHECK(text.damaged == 0);
  }
}

TEST_CASE("a damaged record in between is counted and spoils no other") {
  for (const std::string damage :
       {"\x1e{\"v\":1,\"t\":5", "\x1e{\"v\":1}\n", "\x1e[]\n", "\x1enonsense\n",
        "\x1e{\"v\":1,\"t\":1,\"pid\":1,\"task\":1,\"op\":\"open\",\"path_hex\":\"0g\"}\n",
        "\x1e{\"v\":1,\"t\":1,\"pid\":1,\"task\":1,\"op\":\"open\",\"path\":7}\n"}) {
    const auto text = read(first + damage + second);
    CHECK(text.records.size() == 2);
    CHECK(text.damaged == 1);
  }
  CHECK(read("garbage before\n" + first).damaged == 1);
}

TEST_CASE("records of a newer amlocal are refused") {
  const auto error = support::error_of([] { read("\x1e{\"v\":2}\n"); });
  CHECK(error.code() == base::Code::newer_version);
  CHECK(error.message().find("format 2; this amlocal reads up to 1") != std::string::npos);
  CHECK(error.hint().find("newer") != std::string::npos);
}

TEST_CASE("the hook's variables are added last and keep the user's PYTHONPATH") {
  const step::Audit audit{"/hook", "/run/record", "/work", {"/data/a", "/data/b:c"}, false};
  const auto variables = step::with_audit({{"A", "1"}, {"PYTHONPATH", "/mine:/other"}}, audit);
  CHECK(base::variable(variables, "A") == "1");
  CHECK(base::variable(variables, "PYTHONPATH") == "/hook:/mine:/other");
  CHECK(base::variable(variables, "AMLOCAL_AUDIT_FILE") == "/run/record");
  CHECK(base::variable(variables, "AMLOCAL_AUDIT_FOLDERS") == "/data/a:/data/b%3Ac");
  CHECK(base::variable(variables, "AMLOCAL_AUDIT_WORK") == "/work");
  CHECK(base::variable(variables, "AMLOCAL_AUDIT_SIZES").empty());
  // An empty entry of PYTHONPATH would be the current folder.
  CHECK(base::variable(step::with_audit({}, audit), "PYTHONPATH") == "/hook");
}

TEST_CASE("the hook's folder is written once and mended where it is damaged") {
  const Scratch scratch;
  const fs::path hook = scratch.path("hook");
  step::write_audit_hook(hook);
  const auto files = step::audit_hook_files();
  CHECK(files.size() == 2);
  for (const auto& [name, text] : files) CHECK(base::read_file(hook / name) == text);
  const auto written = fs::last_write_time(hook / "sitecustomize.py");
  scratch.write("hook/_amlocal_audit.py", "half");
  step::write_audit_hook(hook);
  CHECK(base::read_file(hook / "_amlocal_audit.py") == files.at("_amlocal_audit.py"));
  CHECK(fs::last_write_time(hook / "sitecustomize.py") == written);
}

TEST_CASE("changes are picked out of a long record") {
  const std::string head = "\x1e{\"v\":1,\"t\":5,\"pid\":7,\"task\":8,\"op\":";
  const auto open = [&](int flags) {
    return head + "\"open\",\"path\":\"/d/x\",\"flags\":" + std::to_string(flags) + "}\n";
  };
  const Scratch scratch;
  scratch.write("record", open(0) + open(524288) + open(525377) + first + open(577) + head +
                              "\"os.listdir\",\"path\":\"/d\"}\n" + "\x1e{torn\n" + head +
                              "\"os.utime\",\"path\":\"/d\"}\n" + second);
  std::vector<std::string> found;
  for (const auto& record : step::read_changes(scratch.path("record")))
    found.push_back(record.op + " " + std::to_string(record.flags));
  CHECK(found == std::vector<std::string>{"open 525377", "open 1025", "open 577", "os.rename 0"});
  CHECK(step::read_changes(scratch.path("none")).empty());
}
