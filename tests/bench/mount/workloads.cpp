// One workload on one folder, timed: prints "name seconds operations" a line.
//
//     workloads FOLDER WORKLOAD...
//
// FOLDER is a mount or a plain folder. Each workload makes what it needs (not timed), does its work
// (timed) and leaves the folder as it was. `cold` ones empty the kernel's caches before, which
// needs root; without it they print "name cold-needs-root".
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "workloads: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

int check(int result, const std::string& what) {
  if (result < 0) die(what);
  return result;
}

struct File {
  int fd;
  File(const std::string& path, int flags) : fd(check(::open(path.c_str(), flags, 0644), path)) {}
  ~File() {
    // A mount may say at close what it could not write.
    check(::close(fd), "close");
  }
  File(const File&) = delete;
};

void write_all(int fd, const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t wrote = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (wrote < 0) die("write");
    done += static_cast<std::size_t>(wrote);
  }
}

void make_file(const std::string& path, std::size_t size) {
  const File file(path, O_WRONLY | O_CREAT | O_TRUNC);
  const std::string block(1 << 20, 'x');
  for (std::size_t left = size; left > 0;) {
    const std::size_t part = std::min(left, block.size());
    write_all(file.fd, block.substr(0, part));
    left -= part;
  }
}

void empty_caches() {
  ::sync();
  const File file("/proc/sys/vm/drop_caches", O_WRONLY);
  write_all(file.fd, "3");
}

// Times `act`, which returns how many operations it did.
void timed(const char* name, const std::function<std::size_t()>& act) {
  const auto began = Clock::now();
  const std::size_t count = act();
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  std::printf("%s %.9f %zu\n", name, seconds, count);
  std::fflush(stdout);
}

constexpr std::size_t tree_folders = 50, tree_files = 100;  // 5,000 files

void make_tree(const std::string& root) {
  check(::mkdir(root.c_str(), 0755), root);
  for (std::size_t n = 0; n < tree_folders; ++n) {
    const std::string folder = root + "/d" + std::to_string(n);
    check(::mkdir(folder.c_str(), 0755), folder);
    for (std::size_t k = 0; k < tree_files; ++k)
      make_file(folder + "/f" + std::to_string(k), 1000 + 37 * k);
  }
}

// Visits a tree as `find` with a test of sizes does: each entry listed, each file asked for.
std::size_t walk(const std::string& folder,
                 const std::function<void(const std::string&)>& on_file) {
  DIR* stream = ::opendir(folder.c_str());
  if (stream == nullptr) die(folder);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream))
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
      names.emplace_back(entry->d_name);
  ::closedir(stream);
  std::size_t count = 0;
  for (const auto& name : names) {
    const std::string path = folder + "/" + name;
    struct stat status {};
    check(::lstat(path.c_str(), &status), path);
    if (S_ISDIR(status.st_mode)) {
      count += walk(path, on_file);
    } else {
      on_file(path);
      ++count;
    }
  }
  return count;
}

void read_whole(const std::string& path) {
  const File file(path, O_RDONLY);
  static char buffer[1 << 17];
  while (check(static_cast<int>(::read(file.fd, buffer, sizeof buffer)), path) > 0) continue;
}

void remove_tree(const std::string& root) {
  const std::string command = "rm -rf '" + root + "'";
  if (std::system(command.c_str()) != 0) die("rm " + root);
}

std::size_t read_random(const std::string& path, std::size_t size, std::size_t count) {
  const File file(path, O_RDONLY);
  std::mt19937_64 random(7);
  char buffer[4096];
  for (std::size_t n = 0; n < count; ++n) {
    const auto at = static_cast<off_t>(random() % (size / sizeof buffer) * sizeof buffer);
    if (::pread(file.fd, buffer, sizeof buffer, at) != sizeof buffer) die("read " + path);
  }
  return count;
}

struct Workload {
  const char* name;
  bool cold;
  std::function<void(const char*, const std::string&)> run;  // its name and the folder
};

const std::vector<Workload>& workloads() {
  constexpr std::size_t mib = 1 << 20;
  static const std::vector<Workload> all = {
      {"stat", false,
       [](const char* name, const std::string& folder) {
         const std::string path = folder + "/stat";
         make_file(path, 100);
         struct stat status {};
         check(::stat(path.c_str(), &status), path);
         timed(name, [&] {
           for (int n = 0; n < 200'000; ++n) check(::stat(path.c_str(), &status), path);
           return 200'000;
         });
         ::unlink(path.c_str());
       }},
      {"read-warm-4k", false,
       [](const char* name, const std::string& folder) {
         const std::string path = folder + "/warm";
         make_file(path, 16 * mib);
         read_whole(path);
         timed(name, [&] { return read_random(path, 16 * mib, 200'000); });
         ::unlink(path.c_str());
       }},
      {"read-cold-1m", true,
       [](const char* name, const std::string& folder) {
         const std::string path = folder + "/cold";
         make_file(path, 256 * mib);
         empty_caches();
         timed(name, [&] {
           read_whole(path);
           return 256;
         });
         ::unlink(path.c_str());
       }},
      {"read-cold-random-4k", true,
       [](const char* name, const std::string& folder) {
         const std::string path = folder + "/random";
         make_file(path, 256 * mib);
         empty_caches();
         timed(name, [&] { return read_random(path, 256 * mib, 4'000); });
         ::unlink(path.c_str());
       }},
      {"write-4k", false,
       [](const char* name, const std::string& folder) {
         const std::string path = folder + "/write", block(4096, 'y');
         timed(name, [&] {
           const File file(path, O_WRONLY | O_CREAT | O_TRUNC);
           for (int n = 0; n < 8192; ++n) write_all(file.fd, block);
           return 8192;
         });
         ::unlink(path.c_str());
       }},
      {"write-1m", false,
       [](const char* name, const std::string& folder) {
         const std::string path = folder + "/write";
         timed(name, [&] {
           make_file(path, 256 * mib);
           return 256;
         });
         ::unlink(path.c_str());
       }},
      {"create", false,
       [](const char* name, const std::string& folder) {
         const std::string root = folder + "/create";
         check(::mkdir(root.c_str(), 0755), root);
         timed(name, [&] {
           for (int n = 0; n < 3'000; ++n) make_file(root + "/" + std::to_string(n), 100);
           return 3'000;
         });
         remove_tree(root);
       }},
      {"append", false,
       [](const char* name, const std::string& folder) {
         const std::string path = folder + "/append", line(100, 'z');
         make_file(path, 0);
         timed(name, [&] {
           for (int n = 0; n < 3'000; ++n) {
             const File file(path, O_WRONLY | O_APPEND);
             write_all(file.fd, line);
           }
           return 3'000;
         });
         ::unlink(path.c_str());
       }},
      {"find-cold", true,
       [](const char* name, const std::string& folder) {
         const std::string root = folder + "/tree";
         make_tree(root);
         empty_caches();
         timed(name, [&] { return walk(root, [](const std::string&) {}); });
         remove_tree(root);
       }},
      {"find-warm", false,
       [](const char* name, const std::string& folder) {
         const std::string root = folder + "/tree";
         make_tree(root);
         walk(root, [](const std::string&) {});
         timed(name, [&] { return walk(root, [](const std::string&) {}); });
         remove_tree(root);
       }},
      {"cat-cold", true,
       [](const char* name, const std::string& folder) {
         const std::string root = folder + "/tree";
         make_tree(root);
         empty_caches();
         timed(name, [&] { return walk(root, read_whole); });
         remove_tree(root);
       }},
      {"tar-x", false,
       [](const char* name, const std::string& folder) {
         char archive[] = "/tmp/workloads-XXXXXX";
         ::close(check(::mkstemp(archive), archive));
         const std::string source = std::string(archive) + ".d", root = folder + "/untarred";
         make_tree(source);
         const std::string pack = "tar cf '" + std::string(archive) + "' -C '" + source + "' .";
         if (std::system(pack.c_str()) != 0) die("tar c");
         remove_tree(source);
         check(::mkdir(root.c_str(), 0755), root);
         const std::string unpack = "tar xf '" + std::string(archive) + "' -C '" + root + "'";
         timed(name, [&] {
           if (std::system(unpack.c_str()) != 0) die("tar x");
           return tree_folders * tree_files;
         });
         remove_tree(root);
         ::unlink(archive);
       }},
  };
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--list") {
    for (const auto& workload : workloads()) std::printf("%s\n", workload.name);
    return 0;
  }
  if (argc < 3) {
    std::fprintf(stderr, "usage: workloads FOLDER WORKLOAD... | workloads --list\n");
    return 2;
  }
  for (int n = 2; n < argc; ++n) {
    bool found = false;
    for (const auto& workload : workloads()) {
      if (std::string(argv[n]) != workload.name) continue;
      found = true;
      if (workload.cold && ::geteuid() != 0)
        std::printf("%s cold-needs-root\n", workload.name);
      else
        workload.run(workload.name, argv[1]);
    }
    if (!found) {
      std::fprintf(stderr, "workloads: no workload '%s'; see --list\n", argv[n]);
      return 2;
    }
  }
}
