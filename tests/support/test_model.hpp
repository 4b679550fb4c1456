// A model of a test's own.
#pragma once

#include "providers/codec.hpp"
#include "providers/model_catalog.hpp"

#include <string>

namespace penstock::testing {

/// Of "provider:model": Chat Completions at https://provider.test/v1, without
/// a key and without limits.
inline resolved_model test_model(const std::string& name) {
  const auto colon = name.find(':');
  resolved_model model;
  model.name = name;
  model.wire_name = name.substr(colon + 1);
  model.at.provider = name.substr(0, colon);
  model.at.api = "openai-chat";
  model.at.base_url = "https://" + model.at.provider + ".test/v1";
  model.codec = find_codec(model.at.api);
  return model;
}

} // namespace penstock::testing
