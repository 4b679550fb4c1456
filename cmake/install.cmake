# cmake --install: the libraries, the headers below include/penstock (a host
# writes #include "runtime/runtime.hpp"), the tool, and a package for
# find_package(penstock).
include(CMakePackageConfigHelpers)

foreach(layer providers actors runtime)
  install(TARGETS penstock_${layer} EXPORT penstock_targets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endforeach()
install(TARGETS penstock_library EXPORT penstock_targets)
if(TARGET penstock)
  install(TARGETS penstock RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
foreach(folder messages providers actors runtime)
  if(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/${folder}")
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/${folder}"
      DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/penstock"
      FILES_MATCHING PATTERN "*.hpp")
  endif()
endforeach()

# What others may want to read or replace: `penstock usage --prices`, the shape
# of `--json`.
install(FILES "${PROJECT_SOURCE_DIR}/data/prices.json"
  "${PROJECT_SOURCE_DIR}/docs/events.schema.json"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/penstock")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

set(package "${CMAKE_INSTALL_LIBDIR}/cmake/penstock")
install(EXPORT penstock_targets NAMESPACE penstock:: DESTINATION "${package}"
  FILE penstockTargets.cmake)
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/penstockConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/penstockConfig.cmake" INSTALL_DESTINATION "${package}")
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/penstockConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/penstockConfig.cmake"
  "${PROJECT_BINARY_DIR}/penstockConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindCAF.cmake" DESTINATION "${package}")
