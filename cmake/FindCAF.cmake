# Finds the C++ Actor Framework, 0.17.6 (Debian, which ships neither a CMake
# config nor a .pc file) or 1.x (which brings CAFConfig.cmake).
#
# Defines CAF::core, CAF_FOUND and CAF_VERSION (as 0.17.6). CAF_ROOT or
# CMAKE_PREFIX_PATH points to a CAF elsewhere.

find_package(CAF ${CAF_FIND_VERSION} QUIET CONFIG COMPONENTS core)

include(FindPackageHandleStandardArgs)
if(CAF_FOUND AND TARGET CAF::core)
  find_package_handle_standard_args(CAF CONFIG_MODE)
  return()
endif()

find_path(CAF_INCLUDE_DIR caf/all.hpp)
find_library(CAF_CORE_LIBRARY caf_core)
mark_as_advanced(CAF_INCLUDE_DIR CAF_CORE_LIBRARY)

# 0.17 and 0.18 write one number, 1706 for 0.17.6; 1.x writes three macros
# (and its CAF_VERSION, 0100 for 1.1.0, is no number to trust).
unset(CAF_VERSION)
if(CAF_INCLUDE_DIR AND EXISTS "${CAF_INCLUDE_DIR}/caf/config.hpp")
  file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" _caf_lines
    REGEX "#[ \t]*define[ \t]+CAF_(MAJOR_|MINOR_|PATCH_)?VERSION[ \t]+[0-9]+")
  foreach(_caf_line IN LISTS _caf_lines)
    if(_caf_line MATCHES "CAF_(MAJOR|MINOR|PATCH)_VERSION[ \t]+([0-9]+)")
      set(_caf_${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
    elseif(_caf_line MATCHES "CAF_VERSION[ \t]+([0-9]+)")
      set(_caf_number "${CMAKE_MATCH_1}")
    endif()
  endforeach()
  if(DEFINED _caf_MAJOR)
    set(CAF_VERSION "${_caf_MAJOR}.${_caf_MINOR}.${_caf_PATCH}")
  elseif(DEFINED _caf_number)
    math(EXPR _caf_MAJOR "${_caf_number} / 10000")
    math(EXPR _caf_MINOR "${_caf_number} / 100 % 100")
    math(EXPR _caf_PATCH "${_caf_number} % 100")
    set(CAF_VERSION "${_caf_MAJOR}.${_caf_MINOR}.${_caf_PATCH}")
  endif()
  unset(_caf_MAJOR)
  unset(_caf_MINOR)
  unset(_caf_PATCH)
  unset(_caf_number)
endif()

find_package_handle_standard_args(CAF
  REQUIRED_VARS CAF_CORE_LIBRARY CAF_INCLUDE_DIR VERSION_VAR CAF_VERSION)

if(CAF_FOUND AND NOT TARGET CAF::core)
  find_package(Threads REQUIRED)
  add_library(CAF::core UNKNOWN IMPORTED)
  set_target_properties(CAF::core PROPERTIES
    IMPORTED_LOCATION "${CAF_CORE_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()
