# How a folder of sources becomes targets. Sources are globbed, so that a new
# file needs no edit here; CONFIGURE_DEPENDS makes the build notice it.

# Lists the .cpp files of <folders> in <out>. None at all is an error.
function(penstock_sources out)
  set(found "")
  foreach(folder IN LISTS ARGN)
    file(GLOB sources CONFIGURE_DEPENDS
      "${PROJECT_SOURCE_DIR}/${folder}/*.cpp")
    list(APPEND found ${sources})
  endforeach()
  if(NOT found)
    list(JOIN ARGN "/ and " names)
    message(FATAL_ERROR "penstock: no .cpp file in ${names}/ below "
      "${PROJECT_SOURCE_DIR}; the layout of docs/ARCHITECTURE.md is broken.")
  endif()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# penstock_topic(<out> <name>): what the files of one topic have in common, the
# first word of their names, or two of openai_chat and openai_responses.
function(penstock_topic out name)
  string(REGEX MATCH "^(openai_[a-z0-9]+|[a-z0-9]+)" topic "${name}")
  set(${out} "${topic}" PARENT_SCOPE)
endfunction()

# penstock_unity(<target> <source>…): where CMAKE_UNITY_BUILD asks for it, the
# files of one topic (openai_chat_decoder.cpp, openai_chat_encoder.cpp, …: those
# whose names begin alike) are compiled as one, which saves a third of the time.
# Files of other topics may use the same names in their unnamed namespaces.
function(penstock_unity target)
  foreach(source IN LISTS ARGN)
    cmake_path(GET source STEM name)
    penstock_topic(topic "${name}")
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${topic}")
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
endfunction()

# penstock_precompile(<target> <name>): gives <target> the precompiled header
# cmake/pch/<name>.hpp. The header is compiled once, by the target pch_<name>,
# and reused by every target that asks for it.
function(penstock_precompile target name)
  if(NOT PENSTOCK_PCH)
    return()
  endif()
  if(NOT TARGET pch_${name})
    set(stub "${PROJECT_BINARY_DIR}/pch/${name}.cpp")
    file(CONFIGURE OUTPUT "${stub}" CONTENT "")
    add_library(pch_${name} OBJECT "${stub}")
    target_link_libraries(pch_${name} PRIVATE penstock_flags
      ${PENSTOCK_PCH_LINK_${name}})
    target_precompile_headers(pch_${name} PRIVATE
      "${PROJECT_SOURCE_DIR}/cmake/pch/${name}.hpp")
    set_target_properties(pch_${name} PROPERTIES UNITY_BUILD OFF)
  endif()
  target_precompile_headers(${target} REUSE_FROM pch_${name})
endfunction()
set(PENSTOCK_PCH_LINK_providers nlohmann_json::nlohmann_json simdjson::simdjson
  Threads::Threads penstock_checked_std)
set(PENSTOCK_PCH_LINK_actors CAF::core)

# penstock_layer(<name> FOLDERS <folder>… [LINK_PUBLIC <target>…]
#                [LINK_PRIVATE <target>…] [PCH <name>])
# declares the static library penstock_<name>.
function(penstock_layer name)
  cmake_parse_arguments(arg "" "PCH" "FOLDERS;LINK_PUBLIC;LINK_PRIVATE" ${ARGN})
  set(target penstock_${name})
  penstock_sources(sources ${arg_FOLDERS})
  add_library(${target} STATIC ${sources})
  penstock_unity(${target} ${sources})
  target_link_libraries(${target}
    PUBLIC ${arg_LINK_PUBLIC} Threads::Threads
    PRIVATE ${arg_LINK_PRIVATE} $<BUILD_INTERFACE:penstock_flags>)
  if(arg_PCH)
    penstock_precompile(${target} ${arg_PCH})
  endif()
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/penstock>")
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  add_library(penstock::${name} ALIAS ${target})
endfunction()

# penstock_programs(<folder> LINK <target>…): each .cpp file of the folder is a
# program of its own, in <build>/<folder>.
function(penstock_programs folder)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  penstock_sources(sources ${folder})
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM program)
    add_executable(${program} "${source}")
    set_target_properties(${program} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/${folder}"
      UNITY_BUILD OFF)
    target_link_libraries(${program} PRIVATE ${arg_LINK} penstock_flags)
  endforeach()
endfunction()
