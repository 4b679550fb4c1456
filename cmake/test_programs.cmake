# Makes a program of each file in ${tests}, or of several (penstock_program_of).

# penstock_program_of(<out> <test>): the program that a test is in. Where
# CMAKE_UNITY_BUILD asks for it, the files of one topic are compiled as one, which
# is a third of the time, and those of smaller topics by their first letter. A file
# with an operator new of its own (counted_new.hpp) stays alone.
function(penstock_program_of out test)
  set(program ${test})
  file(STRINGS "${CMAKE_CURRENT_SOURCE_DIR}/${test}.cpp" replaced
    REGEX "^#include .*/counted_new\\.hpp")
  if(CMAKE_UNITY_BUILD AND NOT replaced)
    penstock_topic(topic "${test}")
    set(alike ${tests})
    list(FILTER alike INCLUDE REGEX "/${topic}_[^/]*$")
    list(LENGTH alike count)
    if(count LESS 3)
      string(SUBSTRING "${topic}" 0 1 topic)
    endif()
    set(program ${topic}_tests)
  endif()
  set(${out} ${program} PARENT_SCOPE)
endfunction()

# penstock_joined_tests(<program> <source>…): the sources as one, and a link to the
# program for each: by that name it runs only the tests of that file.
function(penstock_joined_tests program)
  set(join "${CMAKE_CURRENT_SOURCE_DIR}/support/join_tests.py")
  set(joined "${CMAKE_CURRENT_BINARY_DIR}/joined/${program}.cpp")
  add_custom_command(OUTPUT "${joined}" VERBATIM
    COMMAND "${Python3_EXECUTABLE}" "${join}" "${joined}" ${ARGN}
    DEPENDS "${join}" ${ARGN})
  add_executable(${program} "${joined}")
  foreach(source IN LISTS ARGN)
    cmake_path(GET source STEM test)
    add_custom_command(TARGET ${program} POST_BUILD VERBATIM
      COMMAND "${CMAKE_COMMAND}" -E create_symlink ${program} ${test})
  endforeach()
endfunction()

set(programs "")
foreach(source IN LISTS tests)
  cmake_path(GET source STEM test)
  penstock_program_of(program ${test})
  list(APPEND sources_of_${program} "${source}")
  list(APPEND programs ${program})
endforeach()
list(REMOVE_DUPLICATES programs)

foreach(program IN LISTS programs)
  if(program MATCHES "_tests$")
    penstock_joined_tests(${program} ${sources_of_${program}})
  else()
    add_executable(${program} "${sources_of_${program}}")
  endif()
  set_target_properties(${program} PROPERTIES UNITY_BUILD OFF)
  target_link_libraries(${program} PRIVATE penstock_test_support penstock_flags)
  if(TARGET penstock_cli)
    target_link_libraries(${program} PRIVATE penstock_cli)
  endif()
  if(TARGET penstock)
    add_dependencies(${program} penstock)
  endif()
  penstock_precompile(${program} tests)
endforeach()
