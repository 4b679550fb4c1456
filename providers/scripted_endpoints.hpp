// The scripts of a configuration, played beside the network.
#pragma once

#include "messages/clock.hpp"
#include "providers/http_client.hpp"
#include "providers/scripted_codec.hpp"

#include <map>
#include <memory>
#include <string>

namespace penstock {

/// An HTTP client that plays the scripts, and gives every request that is for
/// none of them to another client.
///
/// Threads: as http_client. Listeners of scripts are called on the clock's
///          thread, all others on the thread of `network`.
/// Errors:  as http_client. A model that its script does not have answers with
///          status 404 and code model_not_found.
/// @param scripts by the provider's name.
/// @param time    plays the delays; outlives the client.
std::unique_ptr<http_client>
make_scripted_endpoints(const std::map<std::string, model_script>& scripts,
                        clock& time, std::shared_ptr<http_client> network);

} // namespace penstock
