#include <boost/test/unit_test.hpp>

#include "tests/support/kill_observer.hpp"

#include "tests/support/kill_child.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>

namespace penstock::testing {

namespace {

using std::chrono::milliseconds, std::chrono::steady_clock;

/// For a timer that comes late and an event that is told before the next
/// flush, on a machine that is busy.
constexpr long lateness_ms = 1'000;
constexpr auto patience = std::chrono::seconds{60};

/// The child and the end of its pipe that is read.
class child {
public:
  child(const std::string& path, unsigned long hold) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      throw std::runtime_error{"no pipe"};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[1], kill_pipe);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null",
                                     O_WRONLY, 0);
    const std::string held = std::to_string(hold);
    // The name says which tests a program runs.
    const auto& suite = boost::unit_test::framework::master_test_suite();
    const char* arguments[] = {suite.argv[0], "--run_test=the_child", "--",
                               path.c_str(),  held.c_str(),           nullptr};
    const int code = posix_spawn(&pid_, "/proc/self/exe", &files, nullptr,
                                 const_cast<char**>(arguments), environ);
    posix_spawn_file_actions_destroy(&files);
    ::close(ends[1]);
    pipe_ = ends[0];
    if (code != 0)
      throw std::runtime_error{"no child"};
  }
  ~child() {
    kill();
    ::close(pipe_);
    if (pid_ > 0 && !status_)
      ::waitpid(pid_, nullptr, 0);
  }
  child(const child&) = delete;

  void kill() {
    if (!status_)
      ::kill(pid_, SIGKILL);
  }
  /// @returns whether it was the kill that ended it.
  bool was_killed() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    status_ = status;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

  enum class got { line, nothing, end };
  /// The next line; nothing if there is none at `until`.
  got next(std::string& line, steady_clock::time_point until) {
    for (;;) {
      const auto at = read_.find('\n', from_);
      if (at != read_.npos) {
        line = read_.substr(from_, at - from_);
        from_ = at + 1;
        return got::line;
      }
      read_.erase(0, std::exchange(from_, 0));
      const auto left = std::chrono::ceil<milliseconds>(
        std::max(until - steady_clock::now(), steady_clock::duration{0}));
      pollfd what{pipe_, POLLIN, 0};
      if (::poll(&what, 1, static_cast<int>(left.count())) == 0)
        return got::nothing;
      char piece[16u << 10];
      const auto size = ::read(pipe_, piece, sizeof piece);
      if (size <= 0)
        return got::end; // What was cut off was not seen.
      read_.append(piece, static_cast<std::size_t>(size));
    }
  }

private:
  pid_t pid_ = -1;
  int pipe_ = -1;
  std::optional<int> status_;
  std::string read_;
  std::size_t from_ = 0;
};

/// Takes lines, see kill_child.hpp.
class reading {
public:
  explicit reading(seen_run& to) : to_(to) {}

  /// @returns the line's kind.
  std::string take(const std::string& line) {
    std::istringstream in{line};
    std::string kind, workspace, stream;
    long at = 0;
    in >> kind >> at >> workspace >> stream;
    last_ = std::max(last_, at);
    if (stream == "-") {
      std::string call;
      if (kind == "ran" && in >> call)
        to_.ran.push_back(call);
      return kind;
    }
    auto& s = to_.streams[stream];
    s.workspace = workspace;
    s.known |= kind != "asked";
    if (kind == "text") {
      s.text += line.substr(line.find('|') + 1);
      shown_.emplace_back(at, stream, s.text.size());
    } else if (kind == "asked" || kind == "kept") {
      std::size_t bytes = 0;
      in >> bytes;
      (kind == "asked" ? s.asked : s.kept) += bytes;
      if (kind == "asked")
        asked_at_[stream] = at;
    } else if (kind == "end") {
      in >> s.end >> s.input >> s.output;
    } else if (kind == "held") {
      s.held = true;
    } else if (kind == "started" || kind == "answered") {
      std::string call;
      in >> call;
      (kind == "started" ? s.started : s.answered).insert(call);
    }
    return kind;
  }

  /// While a commit is under way no other flush begins.
  void find_old_bytes() {
    for (const auto& [at, stream, bytes] : shown_) {
      auto& s = to_.streams[stream];
      const long until = s.asked > s.kept ? asked_at_[stream] : last_;
      if (at < until - kill_flush_interval_ms - lateness_ms)
        s.old_bytes = bytes;
    }
  }

private:
  seen_run& to_;
  std::vector<std::tuple<long, std::string, std::size_t>> shown_;
  std::map<std::string, long> asked_at_;
  long last_ = 0;
};

std::string text_of(const std::vector<final_part>& parts) {
  std::string text;
  for (const auto& p : parts)
    if (const auto* t = std::get_if<text_content>(&p.content))
      text += t->text;
  return text;
}

std::string fault_of_text(const std::string& text, const seen_stream& s) {
  if (!text.starts_with(s.text) && !s.text.starts_with(text))
    return "its text is another";
  if ((!s.end.empty() || s.held) && text.size() < s.text.size())
    return "its end is there, but not its text";
  if (text.size() < s.kept)
    return "bytes are lost that the store had";
  if (text.size() < s.old_bytes)
    return "bytes are lost that were older than the interval";
  return {};
}

std::string fault_of_tools(const std::vector<final_part>& parts,
                           const seen_stream& s) {
  std::set<std::string> found;
  for (const auto& p : parts) {
    const auto* call = std::get_if<tool_call_content>(&p.content);
    if (!call)
      continue;
    found.insert(call->id);
    const bool answered =
      std::any_of(parts.begin(), parts.end(), [&](const final_part& r) {
        return r.part == p.part
               && std::holds_alternative<tool_result_content>(r.content);
      });
    if (s.answered.contains(call->id) && !answered)
      return "a result is lost that was seen";
    if (s.started.contains(call->id) && !answered
        && p.how != final_part::state::unknown_outcome)
      return "a started tool is not of unknown outcome";
    if (p.how == final_part::state::unknown_outcome && answered)
      return "a tool with a result is of unknown outcome";
  }
  return std::includes(found.begin(), found.end(), s.started.begin(),
                       s.started.end())
           ? ""
           : "a started call is lost";
}

/// The row of the history that the stream made.
std::string fault_of_row(store_calls on, const closed_stream& found,
                         const seen_stream& s, const std::string& text) {
  const auto now = on.load(s.workspace);
  if (!now)
    return now.error().message;
  const auto row =
    std::find_if(now->history.begin(), now->history.end(), [&](auto& r) {
      return r.message_id == found.identity->message_id;
    });
  if (row == now->history.end())
    return text.empty() ? "" : "its row is lost";
  std::string said;
  for (const auto& m : row->messages)
    for (const auto& part : m.parts)
      if (const auto* t = std::get_if<text_content>(&part))
        said += t->text;
  if (said != text)
    return "its row says something else";
  const bool ended = std::holds_alternative<event::stream_end>(*found.terminal);
  return ended == (row->how == history_row::outcome::completed)
           ? ""
           : "its row has another outcome";
}

} // namespace

seen_run watch_kill(const std::string& path, const kill_plan& plan) {
  seen_run all;
  reading told{all};
  child c{path, plan.hold};
  const auto begin = steady_clock::now();
  auto until = begin + plan.after_spawn.value_or(patience);
  bool killed = false;
  for (std::string line;;) {
    const auto got = c.next(line, until);
    if (got == child::got::end)
      break;
    if (got == child::got::nothing) {
      if (killed || until == begin + patience) {
        all.faults.push_back("the child hangs");
        c.kill();
        break;
      }
    } else {
      const auto kind = told.take(line);
      if (kind == "ready" && plan.after_ready)
        until = steady_clock::now() + *plan.after_ready;
      if (kind != "held" && steady_clock::now() < until)
        continue;
    }
    if (!std::exchange(killed, true))
      c.kill(); // What is in the pipe already was seen too.
    until = begin + 2 * patience;
  }
  if (!c.was_killed())
    all.faults.push_back("the child ended by itself");
  told.find_old_bytes();
  return all;
}

std::string fault_of(store_calls on, const std::string& id,
                     const seen_stream& s) {
  const auto loaded = on.load_stream(s.workspace, *stream_id_from_string(id));
  if (!loaded)
    return loaded.error().message;
  if (!*loaded)
    return s.known ? "it is lost" : "";
  const auto& found = **loaded;
  const auto* abort = std::get_if<event::stream_abort>(found.terminal.get());
  const auto* end = std::get_if<event::stream_end>(found.terminal.get());
  if (!s.end.empty() && (!end || s.end != "stream_end"))
    return "its end was seen (" + s.end + ") and is another";
  if (s.held && !end)
    return "its end was durable and is lost";
  if (!end
      && (!abort || abort->why != event::stream_abort::reason::interrupted))
    return "an end that nobody gave";
  const auto& parts = end ? end->parts : abort->parts;
  const auto text = text_of(parts);
  for (auto wrong : {fault_of_text(text, s), fault_of_tools(parts, s),
                     fault_of_row(on, found, s, text)})
    if (!wrong.empty())
      return wrong;
  return {};
}

std::string fault_of_usage(store_calls on, const seen_run& all) {
  struct booked {
    std::set<std::uint32_t> attempts;
    std::uint64_t input = 0, output = 0;
    bool exact = true;
  };
  std::map<std::string, booked> rows;
  for (const auto& row : on.usage()) {
    auto& of = rows[to_string(row.attempt.stream)];
    if (!of.attempts.insert(row.attempt.number).second)
      return "an attempt is booked twice";
    of.input += row.usage.input_total;
    of.output += row.usage.output_total;
    of.exact &= row.usage.known == token_usage::quality::exact;
  }
  for (const auto& [id, s] : all.streams) {
    const auto& of = rows[id];
    if (!s.end.empty()
        && (!of.exact || of.input != s.input || of.output != s.output))
      return "what is booked of " + id + " is not what its end told";
  }
  return {};
}

} // namespace penstock::testing
