// A process that streams in many workspaces until it is killed.
#pragma once

#include <string>

namespace penstock::testing {

inline constexpr long kill_flush_interval_ms = 50;

/// Streams for ever, into the store at `path`: short answers, answers with a
/// tool, two that do not end; in every second workspace what was interrupted is
/// resumed first. Tells on `pipe`, a line each, with the time in ms:
///
///   ready MS - -                        from now on it streams
///   ran MS - - CALL                     a tool's handler was called
///   start MS WORKSPACE STREAM           the stream is registered
///   text MS WORKSPACE STREAM |BYTES     a text delta was shown
///   asked MS WORKSPACE STREAM N         the store is given N bytes of its text
///   kept MS WORKSPACE STREAM N          and has them
///   started|answered MS WORKSPACE STREAM CALL   a tool, when its event came
///   end MS WORKSPACE STREAM EVENT IN OUT   the terminal event, tokens
///   held MS WORKSPACE STREAM            the terminal record is durable; its
///                                       answer, and so the event, never comes
///
/// @param hold which terminal record's answer to hold, from 1; 0: none.
[[noreturn]] void run_kill_child(const std::string& path, int pipe,
                                 unsigned long hold);

} // namespace penstock::testing
