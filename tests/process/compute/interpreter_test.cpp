#include "compute/interpreter.hpp"

#include <sys/stat.h>

#include "support/scratch.hpp"

using support::Scratch;

namespace {

const base::Variables shell = {{"PATH", "/usr/bin:/bin"}};

// A program that answers as a Python would and counts how often it was asked.
fs::path fake_python(const Scratch& scratch, const std::string& name,
                     const std::string& executable) {
  scratch.write(name, "#!/bin/sh\necho asked >> '" + scratch.path("asked").native() + "'\necho '" +
                          executable + "'\necho 3.9.1\n");
  ::chmod(scratch.path(name).c_str(), 0755);
  return scratch.path(name);
}

std::string python_here(const Scratch& scratch) {
  return fake_python(scratch, "envs/a/bin/python", scratch.path("envs/a/bin/python").native())
      .native();
}

}  // namespace

TEST_CASE("python3 on PATH stands for an environment nobody maps") {
  const Scratch scratch;
  const auto found = compute::find_interpreter("any", {}, shell, scratch.path("cache"));
  CHECK(found.python.is_absolute());
  CHECK(found.bin == found.python.parent_path());
  CHECK(found.version.starts_with("3."));
  CHECK(found.why == "python3 on PATH");
}

TEST_CASE("the settings win over 'default', and that over the active environment") {
  const Scratch scratch;
  const std::string a = python_here(scratch);
  const std::map<std::string, std::string> both = {{"x", a}, {"default", "/nowhere"}};
  CHECK(compute::find_interpreter("x", both, shell, scratch.path("cache")).python == fs::path(a));
  const base::Variables active = {{"PATH", "/usr/bin"}, {"VIRTUAL_ENV", "/nowhere"}};
  CHECK(compute::find_interpreter("", {{"default", a}}, active, scratch.path("cache")).python ==
        fs::path(a));
}

TEST_CASE("the Python that amlocal was started from wins over the active environment") {
  const Scratch scratch;
  const std::string a = python_here(scratch);
  const base::Variables started = {
      {"PATH", "/usr/bin"}, {"VIRTUAL_ENV", "/nowhere"}, {"AMLOCAL_PYTHON", a}};
  const auto found = compute::find_interpreter("x", {}, started, scratch.path("cache"));
  CHECK(found.python == fs::path(a));
  CHECK(found.why == "amlocal was started from it");
  CHECK(compute::find_interpreter("x", {{"default", "/usr/bin/python3"}}, started,
                                  scratch.path("cache"))
            .why == "amlocal.yml says so for 'default'");
}

TEST_CASE("a venv's python stays the link it is, and its variable is set") {
  const Scratch scratch;
  const fs::path venv = scratch.path("venv");
  scratch.write("venv/pyvenv.cfg", "home = /usr/bin\n");
  fs::create_directories(venv / "bin");
  fs::create_symlink("/usr/bin/python3", venv / "bin/python");
  const auto found =
      compute::find_interpreter("", {{"default", venv.native()}}, shell, scratch.path("cache"));
  CHECK(found.python == venv / "bin/python");
  CHECK(base::variable(found.activation, "VIRTUAL_ENV") == venv.native());
}

TEST_CASE("a conda environment is known by conda-meta") {
  const Scratch scratch;
  python_here(scratch);
  fs::create_directories(scratch.path("envs/a/conda-meta"));
  const base::Variables active = {{"PATH", "/usr/bin:/bin"},
                                  {"CONDA_PREFIX", scratch.path("envs/a").native()}};
  const auto found = compute::find_interpreter("", {}, active, scratch.path("cache"));
  CHECK(base::variable(found.activation, "CONDA_PREFIX") == scratch.path("envs/a").native());
  CHECK(base::variable(found.activation, "CONDA_DEFAULT_ENV") == "a");
  CHECK(base::variable(found.activation, "CONDA_SHLVL") == "1");
}

TEST_CASE("conda's activation scripts run once, in order, in a clean environment") {
  const Scratch scratch;
  const std::string a = python_here(scratch);
  const std::string counter = scratch.path("count").native();
  scratch.write("envs/a/conda-meta/state", R"({"env_vars": {"GDAL_DATA": "set"}})");
  scratch.write("envs/a/etc/conda/activate.d/10-one.sh",
                "echo noise\nexport ONE=\"$CONDA_PREFIX/x $GDAL_DATA $FOREIGN\"\necho ran >> '" +
                    counter + "'\n");
  scratch.write("envs/a/etc/conda/activate.d/20-two.sh",
                "export TWO=\"after ${ONE##* }\nline\" PS1=prompt PATH=/x:$PATH\nfalse\n");
  scratch.write("envs/a/etc/conda/activate.d/two.fish", "exit 1\n");
  const base::Variables foreign = {{"PATH", "/usr/bin:/bin"}, {"FOREIGN", "leaks"}};
  base::Variables activation;
  for (int n = 0; n < 3; ++n)
    activation =
        compute::find_interpreter("", {{"default", a}}, foreign, scratch.path("cache")).activation;
  CHECK(base::variable(activation, "ONE") == scratch.path("envs/a/x").native() + " set ");
  CHECK(base::variable(activation, "TWO") == "after \nline");
  CHECK(base::variable(activation, "GDAL_DATA") == "set");
  CHECK(base::variable(activation, "PS1").empty());
  CHECK(base::variable(activation, "PATH").empty());
  CHECK(base::read_file(counter) == "ran\n");
  scratch.write("envs/a/etc/conda/activate.d/30-three.sh", "export THREE=3\n");
  activation =
      compute::find_interpreter("", {{"default", a}}, foreign, scratch.path("cache")).activation;
  CHECK(base::variable(activation, "THREE") == "3");
  CHECK(base::read_file(counter) == "ran\nran\n");
  scratch.write("envs/a/etc/conda/activate.d/40-four.sh", "echo 'no card' >&2\nexit 7\n");
  const auto error = support::error_of([&] {
    compute::find_interpreter("", {{"default", a}}, foreign, scratch.path("cache"));
  });
  CHECK(error.message().ends_with("activate.d' do not run to their end: no card"));
}

TEST_CASE("an answer is kept until the program changes; a shim is asked each time") {
  const Scratch scratch;
  const std::string a = python_here(scratch);
  for (int n = 0; n < 3; ++n)
    compute::find_interpreter("", {{"default", a}}, shell, scratch.path("cache"));
  CHECK(base::read_file(scratch.path("asked")) == "asked\n");

  const fs::path shim = fake_python(scratch, "shims/python", a);
  for (int n = 0; n < 2; ++n)
    CHECK(compute::find_interpreter("", {{"default", shim.native()}}, shell, scratch.path("cache"))
              .python == fs::path(a));
  CHECK(base::read_file(scratch.path("asked")) == "asked\nasked\nasked\n");
}

TEST_CASE("a damaged cache is passed over") {
  const Scratch scratch;
  const std::string a = python_here(scratch);
  compute::find_interpreter("", {{"default", a}}, shell, scratch.path("cache"));
  for (const auto& entry : fs::directory_iterator(scratch.path("cache")))
    base::write_file_atomically(entry.path(), "{\"path\": 7");
  CHECK(compute::find_interpreter("", {{"default", a}}, shell, scratch.path("cache")).version ==
        "3.9.1");
}

TEST_CASE("no Python: the environment and the way out are named") {
  const Scratch scratch;
  const auto error = support::error_of([&] {
    compute::find_interpreter("sk", {{"sk", scratch.path("gone").native()}}, shell,
                              scratch.path("cache"));
  });
  CHECK(error.code() == base::Code::unavailable);
  CHECK(error.message().find("'sk'") != std::string::npos);
  CHECK(error.hint().find("-m venv") != std::string::npos);
  CHECK(error.hint().ends_with("amlocal env use sk .venv"));
  CHECK(support::error_of([&] {
          compute::find_interpreter("", {}, {}, scratch.path("cache"));
        }).code() == base::Code::unavailable);
}

TEST_CASE("a step sees only what is listed") {
  const base::Variables shown = compute::clean_environment({{"HOME", "/h"},
                                                            {"LC_ALL", "C"},
                                                            {"CUDA_HOME", "/c"},
                                                            {"PYTHONPATH", "/p"},
                                                            {"PATH", "/mine"},
                                                            {"LD_LIBRARY_PATH", "/l"},
                                                            {"MINE", "1"},
                                                            {"OTHER", "2"}},
                                                           {"MINE"});
  CHECK(base::variable(shown, "HOME") == "/h");
  CHECK(base::variable(shown, "LC_ALL") == "C");
  CHECK(base::variable(shown, "CUDA_HOME") == "/c");
  CHECK(base::variable(shown, "MINE") == "1");
  CHECK(base::variable(shown, "PYTHONPATH").empty());
  CHECK(base::variable(shown, "LD_LIBRARY_PATH").empty());
  CHECK(base::variable(shown, "OTHER").empty());
  CHECK(base::variable(shown, "PATH").starts_with("/usr/local/sbin:"));
}
