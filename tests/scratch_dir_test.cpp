// Goal: a directory and all in it goes, and nothing else, whatever a tool has
// left there. Method: real trees with links, mounts of names, and depth; each
// attack beside a file outside that must stay.
#define BOOST_TEST_MODULE scratch_dir
#include <boost/test/unit_test.hpp>

#include "actors/scratch_dir.hpp"
#include "tests/support/test_certificate.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace penstock;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& at) {
  std::ofstream{at} << "kept?";
  BOOST_TEST_REQUIRE(fs::exists(at));
}

struct fixture {
  penstock::testing::scratch_directory base;
  fs::path outside = base.path() / "outside";
  scratch_root root = *scratch_root::open((base.path() / "a/root").string());

  fixture() {
    fs::create_directory(outside);
    write(outside / "precious");
  }
  std::shared_ptr<scratch_dir> made() const {
    auto dir = root.create();
    BOOST_TEST_REQUIRE(dir.has_value(), dir.error().message);
    return *dir;
  }
  bool precious() const { return fs::exists(outside / "precious"); }
};

bool has(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& one : fs::directory_iterator{"/proc/self/fd"})
    count += one.path().empty() ? 0 : 1;
  return count;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_new_directory_is_private_empty_and_unlike_others,
                        fixture) {
  const auto one = made(), two = made();
  BOOST_TEST(one->path() != two->path());
  BOOST_TEST(one->path().starts_with(root.path() + "/"));
  BOOST_TEST(fs::is_empty(one->path()));
  for (const auto& path : {one->path(), root.path()}) {
    struct stat seen {};
    BOOST_TEST_REQUIRE(::stat(path.c_str(), &seen) == 0);
    BOOST_TEST((seen.st_mode & 0777) == 0700u);
  }
}

BOOST_FIXTURE_TEST_CASE(all_of_it_goes_once, fixture) {
  const auto before = open_descriptors();
  const auto dir = made();
  fs::create_directories(fs::path{dir->path()} / "x/y/z");
  write(fs::path{dir->path()} / "x/y/file");
  write(fs::path{dir->path()} / ".hidden");
  ::mkfifo((dir->path() + "/fifo").c_str(), 0600); // Opening it would block.
  BOOST_TEST(dir->remove().has_value());
  BOOST_TEST(!fs::exists(dir->path()));
  fs::create_directory(dir->path()); // Somebody else's by now.
  BOOST_TEST(dir->remove().has_value());
  BOOST_TEST(fs::exists(dir->path()));
  BOOST_TEST(open_descriptors() == before);
}

BOOST_FIXTURE_TEST_CASE(links_are_removed_and_not_followed, fixture) {
  const auto dir = made();
  const fs::path in{dir->path()};
  fs::create_directory(in / "inner");
  fs::create_directory_symlink(outside, in / "to_dir");
  fs::create_symlink(outside / "precious", in / "inner/to_file");
  fs::create_symlink("..", in / "inner/up");
  fs::create_symlink("nowhere", in / "dangling");
  fs::create_hard_link(outside / "precious", in / "hard");
  BOOST_TEST(dir->remove().has_value());
  BOOST_TEST(!fs::exists(in));
  BOOST_TEST(precious());
}

BOOST_FIXTURE_TEST_CASE(what_took_its_place_is_left_alone, fixture) {
  const auto linked = made();
  fs::remove(linked->path());
  fs::create_directory_symlink(outside, linked->path());
  const auto why = linked->remove();
  BOOST_TEST_REQUIRE(!why.has_value());
  BOOST_TEST((why.error().code == errc::tool));
  BOOST_TEST(precious());

  const auto moved = made();
  fs::rename(moved->path(), base.path() / "moved");
  fs::create_directory(moved->path());
  write(fs::path{moved->path()} / "other");
  BOOST_TEST(!moved->remove().has_value());
  BOOST_TEST(fs::exists(fs::path{moved->path()} / "other"));

  const auto gone = made();
  fs::remove(gone->path());
  BOOST_TEST(gone->remove().has_value());
}

BOOST_FIXTURE_TEST_CASE(a_link_on_the_way_to_it_is_not_followed, fixture) {
  const auto way = fs::path{root.path()} / "way";
  fs::create_directories(way / "dir");
  const auto dir = root.adopt((way / "dir").string());
  BOOST_TEST_REQUIRE(dir.has_value());
  // The very directory, reached by a link: it is not gone through.
  fs::rename(way, base.path() / "elsewhere");
  fs::create_directory_symlink(base.path() / "elsewhere", way);
  write(base.path() / "elsewhere/dir/file");
  BOOST_TEST(!(*dir)->remove().has_value());
  BOOST_TEST(fs::exists(base.path() / "elsewhere/dir/file"));
}

BOOST_FIXTURE_TEST_CASE(only_what_lies_below_the_root_is_adopted, fixture) {
  const fs::path in{root.path()};
  fs::create_directories(in / "own/inner");
  fs::create_directories(fs::path{root.path() + "beside"});
  fs::create_directory_symlink(outside, in / "link");
  fs::create_directory_symlink(in / "own", in / "inside_link");
  write(in / "file");
  for (const auto& bad :
       {root.path(), root.path() + "/", root.path() + "/.",
        root.path() + "/own/../../../outside", root.path() + "/own/..",
        root.path() + "beside", outside.string(), std::string{"own"},
        std::string{}, std::string{"/"}, root.path() + "/none",
        root.path() + "/link", root.path() + "/inside_link/inner",
        root.path() + "/file", root.path() + std::string{"/own\0x", 6}}) {
    const auto dir = root.adopt(bad);
    BOOST_TEST(!dir.has_value(), bad);
    if (!dir)
      BOOST_TEST((dir.error().code == errc::invalid_request));
  }
  const auto dir = root.adopt(root.path() + "//own/./inner/");
  BOOST_TEST_REQUIRE(dir.has_value());
  BOOST_TEST((*dir)->path() == root.path() + "/own/inner");
  BOOST_TEST((*dir)->remove().has_value());
  BOOST_TEST(!fs::exists(in / "own/inner"));
  BOOST_TEST(fs::exists(in / "own"));
}

BOOST_FIXTURE_TEST_CASE(any_depth_goes_with_few_descriptors, fixture) {
  const auto dir = made();
  constexpr int depth = 5'000; // Far beyond PATH_MAX and RLIMIT_NOFILE.
  int at = ::open(dir->path().c_str(), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < depth; ++i) {
    BOOST_TEST_REQUIRE(::mkdirat(at, "d", 0700) == 0);
    const int next = ::openat(at, "d", O_RDONLY | O_DIRECTORY);
    BOOST_TEST_REQUIRE(next >= 0);
    ::close(at);
    at = next;
  }
  ::close(at);
  const auto result = dir->remove();
  BOOST_TEST(result.has_value());
  BOOST_TEST(!fs::exists(dir->path()));
}

BOOST_FIXTURE_TEST_CASE(a_limit_that_is_reached_is_named, fixture) {
  const auto dir = made();
  for (int i = 0; i < 20; ++i)
    write(fs::path{dir->path()} / std::to_string(i));
  const auto why = dir->remove({.entries_max = 10});
  BOOST_TEST_REQUIRE(!why.has_value());
  BOOST_TEST(has(why.error().message, "entries_max"));
  const auto late = made();
  write(fs::path{late->path()} / "x");
  const auto too_late =
    late->remove({.deadline_ms = std::chrono::milliseconds{-1}});
  BOOST_TEST_REQUIRE(!too_late.has_value());
  BOOST_TEST(has(too_late.error().message, "deadline_ms"));
}

BOOST_FIXTURE_TEST_CASE(directories_without_permissions_go_too, fixture) {
  fs::permissions(base.path(), fs::perms::all);
  fs::permissions(base.path() / "a", fs::perms::all);
  // Whoever is root needs none: the claim is tested as somebody else.
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0)
      ::_exit(2);
    const auto own = scratch_root::open((base.path() / "a/nobody").string());
    if (!own)
      ::_exit(3);
    const auto dir = *own->create();
    const fs::path in{dir->path()};
    fs::create_directories(in / "locked/inner");
    std::ofstream{in / "locked/inner/file"} << "x";
    fs::create_directories(in / "read_only/x");
    ::chmod((in / "locked/inner").c_str(), 0);
    ::chmod((in / "locked").c_str(), 0);
    ::chmod((in / "read_only").c_str(), 0500);
    ::chmod(in.c_str(), 0);
    ::_exit(dir->remove().has_value() && ::access(in.c_str(), F_OK) != 0 ? 0
                                                                         : 1);
  }
  int status = -1;
  BOOST_TEST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST(WIFEXITED(status));
  BOOST_TEST(WEXITSTATUS(status) == 0);
}

BOOST_FIXTURE_TEST_CASE(one_that_nobody_waits_for_any_more_goes, fixture) {
  scratch_handover in_time;
  const auto dir = made();
  in_time.deliver(dir);
  BOOST_TEST((*in_time.collect({}) == dir));
  BOOST_TEST(fs::exists(dir->path()));

  scratch_handover late;
  const error timeout{errc::timeout, "it took too long", 0, {}, {}};
  BOOST_TEST((late.collect(timeout).error() == timeout));
  late.deliver(dir);
  BOOST_TEST(!fs::exists(dir->path()));
  BOOST_TEST(precious());
}

BOOST_AUTO_TEST_CASE(a_root_that_cannot_be_used_is_refused) {
  penstock::testing::scratch_directory base;
  write(base.path() / "file");
  for (const auto& bad :
       {std::string{}, std::string{"/"}, std::string{"a\0", 2},
        (base.path() / "file").string(), (base.path() / "file/below").string()})
    BOOST_TEST(!scratch_root::open(bad).has_value(), bad);
}
