#include "base/error.hpp"

#include <poll.h>

#include <thread>

#include "base/cancel.hpp"
#include "support/scratch.hpp"

TEST_CASE("errno becomes a code that the rest of the program can act on") {
  struct Case {
    int number;
    base::Code code;
  };
  for (const Case& c : {Case{ENOENT, base::Code::not_found}, Case{EACCES, base::Code::permission},
                        Case{EPERM, base::Code::permission}, Case{EROFS, base::Code::permission},
                        Case{ENOSPC, base::Code::no_space}, Case{EDQUOT, base::Code::no_space},
                        Case{EEXIST, base::Code::exists}, Case{EIO, base::Code::io}})
    CHECK(base::os_error("open", "x", c.number).code() == c.code);
  CHECK(base::os_error("open", "a/b", ENOENT).message() ==
        "cannot open 'a/b': No such file or directory");
}

TEST_CASE("a call that a signal interrupts is made again, one that fails throws") {
  int calls = 0;
  const int got = base::sys("try", "x", [&] {
    errno = EINTR;
    return ++calls < 3 ? -1 : 7;
  });
  CHECK(got == 7);
  CHECK(calls == 3);
  CHECK(support::error_of([] {
          base::sys("try", "x", [] {
            errno = ENOSPC;
            return -1;
          });
        }).code() == base::Code::no_space);
}

TEST_CASE("frames say what was being done, the innermost first") {
  const auto error = support::error_of([] {
    base::while_doing([] { return std::string("running step 'train'"); },
                      [] {
                        base::while_doing([] { return std::string("binding input 'raw'"); },
                                          [] { throw base::Error(base::Code::io, "no"); });
                      });
  });
  CHECK(error.frames() == std::vector<std::string>{"binding input 'raw'", "running step 'train'"});
}

TEST_CASE("every code has a word and an exit status") {
  for (int n = 0; n <= static_cast<int>(base::Code::internal); ++n) {
    const auto code = static_cast<base::Code>(n);
    CHECK_FALSE(base::to_string(code).empty());
    CHECK(base::exit_status(code) == (code == base::Code::usage      ? 2
                                      : code == base::Code::canceled ? 130
                                                                     : 1));
  }
}

TEST_CASE("a cancel wakes who waits for it, in another thread, and stays") {
  base::Cancel cancel;
  CHECK_FALSE(cancel.requested());
  std::thread other([&] { cancel.request(); });
  pollfd waiting{cancel.poll_fd(), POLLIN, 0};
  CHECK(::poll(&waiting, 1, 10'000) == 1);
  other.join();
  CHECK(cancel.requested());
  cancel.request();
  CHECK(::poll(&waiting, 1, 0) == 1);
}
