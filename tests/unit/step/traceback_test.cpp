#include "step/traceback.hpp"

#include <doctest/doctest.h>

namespace {

const fs::path work = "/run/wd";

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

TEST_CASE("the place is the innermost frame of the user's own, also below a package") {
  const auto found = step::find_traceback(lines(R"(before
Traceback (most recent call last):
  File "/run/wd/train.py", line 9, in <module>
    main()
  File "/run/wd/lib/prep.py", line 4, in load
    pd.read_csv("x")
  File "/usr/lib/python3/dist-packages/pandas/io.py", line 1026, in read_csv
    raise
FileNotFoundError: [Errno 2] No such file or directory: 'x'
)"),
                                          work);
  CHECK(found.exception == "FileNotFoundError: [Errno 2] No such file or directory: 'x'");
  CHECK(found.place == "lib/prep.py:4");
  CHECK(found.is_last);
}

TEST_CASE("of a chain the last one counts, and the stack has all of it") {
  for (const char* joint :
       {"During handling of the above exception, another exception occurred:",
        "The above exception was the direct cause of the following exception:"}) {
    const auto found = step::find_traceback(
        lines("Traceback (most recent call last):\n  File \"/run/wd/a.py\", line 2, in f\n    "
              "d['x']\nKeyError: 'x'\n\n" +
              std::string(joint) +
              "\n\nTraceback (most recent call last):\n  File \"/run/wd/a.py\", line 7, in "
              "<module>\n    f()\nValueError: no x\nafterwards\n"),
        work);
    CHECK(found.exception == "ValueError: no x");
    CHECK(found.place == "a.py:7");
    CHECK(found.stack.find("KeyError: 'x'") != std::string::npos);
    CHECK(found.stack.find("afterwards") == std::string::npos);
    CHECK_FALSE(found.is_last);
  }
}

TEST_CASE("a worker's exception is found in the worker") {
  const auto found = step::find_traceback(lines(R"(multiprocessing.pool.RemoteTraceback:
"""
Traceback (most recent call last):
  File "/usr/lib/python3.11/multiprocessing/pool.py", line 125, in worker
    result = (True, func(*args, **kwds))
  File "/run/wd/main.py", line 4, in work
    return 1 / x
ZeroDivisionError: division by zero
"""

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/run/wd/main.py", line 9, in <module>
    pool.map(work, [0])
  File "/usr/lib/python3.11/multiprocessing/pool.py", line 774, in get
    raise self._value
ZeroDivisionError: division by zero
)"),
                                          work);
  CHECK(found.exception == "ZeroDivisionError: division by zero");
  CHECK(found.place == "main.py:4");
}

TEST_CASE("a group is told with its first member") {
  const auto found =
      step::find_traceback(lines(R"(  + Exception Group Traceback (most recent call last):
  |   File "/run/wd/g.py", line 1, in <module>
  |     raise ExceptionGroup("several", [ValueError("bad"), TypeError("t")])
  | ExceptionGroup: several (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: bad
    +---------------- 2 ----------------
    | TypeError: t
    +------------------------------------
)"),
                           work);
  CHECK(found.exception ==
        "ExceptionGroup: several (2 sub-exceptions); the first: ValueError: bad");
  CHECK(found.place == "g.py:1");
  CHECK(found.is_last);
}

TEST_CASE("an error of syntax has its place without a heading, and with one when imported") {
  const std::string bare =
      "  File \"/run/wd/b.py\", line 3\n    x = (\n        ^\nSyntaxError: '(' was never closed\n";
  for (const std::string& text :
       {bare,
        "Traceback (most recent call last):\n  File \"/run/wd/a.py\", line 1, in <module>\n    "
        "import b\n" +
            bare}) {
    const auto found = step::find_traceback(lines(text), work);
    CHECK(found.exception == "SyntaxError: '(' was never closed");
    CHECK(found.place == "b.py:3");
  }
}

TEST_CASE("code that stands in no file has no place") {
  const auto found = step::find_traceback(lines("Traceback (most recent call last):\n  File "
                                                "\"<string>\", line 1, in <module>\nKeyError: 1\n"),
                                          work);
  CHECK(found.exception == "KeyError: 1");
  CHECK(found.place == "");
}

TEST_CASE("a log without an exception has none") {
  CHECK(step::find_traceback(lines("all well\n"), work).exception == "");
  CHECK(step::find_traceback({}, work).stack == "");
  CHECK(step::find_traceback(lines("Traceback (most recent call last):"), work).exception == "");
}

TEST_CASE("argparse's usage becomes one line") {
  CHECK(step::find_usage(lines("usage: x.py [-h]\n            --a A\nx.py: error: no --a\n")) ==
        "usage: x.py [-h] --a A");
  CHECK(step::find_usage(lines("nothing\n")) == "");
}

TEST_CASE("pip's name of a module") {
  CHECK(step::package_of("sklearn.linear_model") == "scikit-learn");
  CHECK(step::package_of("cv2") == "opencv-python");
  CHECK(step::package_of("yaml") == "PyYAML");
  CHECK(step::package_of("azureml.core.run") == "azureml-core");
  CHECK(step::package_of("torch.nn") == "torch");
}
