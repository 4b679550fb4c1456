// Goal: files survive the way through JSON. Method: the vectors of RFC 4648,
// what servers make of them, and a round trip over random bytes.
#define BOOST_TEST_MODULE base64
#include <boost/test/unit_test.hpp>

#include "providers/base64.hpp"

#include <random>

using namespace penstock;

BOOST_AUTO_TEST_CASE(agrees_with_the_standard) {
  const std::pair<const char*, const char*> table[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : table) {
    BOOST_TEST(base64_encode(bytes) == text);
    BOOST_TEST((base64_decode(text) == bytes));
  }
}

BOOST_AUTO_TEST_CASE(takes_the_habits_of_servers) {
  BOOST_TEST((base64_decode("Zm9vYg") == "foob"));
  BOOST_TEST((base64_decode("Zm9v\r\nYg==\n") == "foob"));
  BOOST_TEST((base64_decode("-_-_") == base64_decode("+/+/")));
}

BOOST_AUTO_TEST_CASE(refuses_what_is_cut_or_not_base64) {
  for (const auto* text : {"Z", "Zm9vY", "Zg=", "Zg===", "Zg==Zg==", "Z*==",
                           "=", "Zm9v=", "Zm9v\xC3\xA9"}) {
    BOOST_TEST_INFO(text);
    BOOST_TEST(!base64_decode(text).has_value());
  }
}

BOOST_AUTO_TEST_CASE(what_was_encoded_is_decoded) {
  std::minstd_rand random{4648};
  for (std::size_t size = 0; size < 200; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i)
      bytes += static_cast<char>(random());
    BOOST_TEST((base64_decode(base64_encode(bytes)) == bytes));
  }
}
