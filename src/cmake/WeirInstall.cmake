# Installation: one export set and one pkg-config file for each component, so that a user of weir::core has to find no
# library of a backend.
include(CMakePackageConfigHelpers)

set(WEIR_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/weir)

function(weir_install_target target component)
  install(
    TARGETS ${target}
    EXPORT weir-${component}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(
    EXPORT weir-${component}
    NAMESPACE weir::
    FILE weir-${component}-targets.cmake
    DESTINATION ${WEIR_CMAKE_DIR})
endfunction()

# A static library hands on to its users what it links; a shared one keeps it.
function(weir_install_pkg_config file description requires requires_private libs libs_private)
  set(PC_NAME ${file})
  set(PC_DESCRIPTION "${description}")
  get_target_property(type weir_core TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    list(APPEND requires ${requires_private})
    list(APPEND libs ${libs_private})
    set(requires_private "")
    set(libs_private "")
  endif()
  list(JOIN requires " " PC_REQUIRES)
  list(JOIN requires_private " " PC_REQUIRES_PRIVATE)
  list(JOIN libs " " PC_LIBS)
  list(JOIN libs_private " " PC_LIBS_PRIVATE)
  file(RELATIVE_PATH PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  configure_file(${PROJECT_SOURCE_DIR}/src/cmake/weir.pc.in ${PROJECT_BINARY_DIR}/${file}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${file}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

function(weir_install)
  get_property(components GLOBAL PROPERTY WEIR_COMPONENTS)
  set(WEIR_FIND_CASES "")
  set(everything "")
  foreach(name IN LISTS components)
    weir_install_target(weir_${name} ${name})
    get_property(needs GLOBAL PROPERTY WEIR_NEEDS_${name})
    get_property(find GLOBAL PROPERTY WEIR_FIND_${name})
    get_property(modules GLOBAL PROPERTY WEIR_PKG_CONFIG_${name})
    get_property(libs GLOBAL PROPERTY WEIR_LIBS_PRIVATE_${name})
    if(name STREQUAL core)
      set(requires nlohmann_json)
    else()
      set(requires "weir-core = ${PROJECT_VERSION}")
      foreach(other IN LISTS needs)
        list(APPEND requires "weir-${other} = ${PROJECT_VERSION}")
      endforeach()
    endif()
    weir_install_pkg_config(weir-${name} "${PROJECT_DESCRIPTION}: ${name}" "${requires}" "${modules}"
                            "-lweir_${name}" "${libs}")
    list(APPEND everything "weir-${name} = ${PROJECT_VERSION}")
    string(APPEND WEIR_FIND_CASES "set(_weir_find_${name} \"${find}\")\nset(_weir_needs_${name} \"${needs}\")\n")
  endforeach()
  weir_install_target(weir_weir weir)
  get_target_property(type weir_weir TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    set(keep "-Wl,-u,weir_install_linked_backends" "-lweir")
  else()
    set(keep "-Wl,--push-state,--no-as-needed" "-lweir" "-Wl,--pop-state")
  endif()
  weir_install_pkg_config(weir "${PROJECT_DESCRIPTION}" "${everything}" "" "${keep}" "")

  set(WEIR_COMPONENTS ${components})
  configure_package_config_file(${PROJECT_SOURCE_DIR}/src/cmake/weir-config.cmake.in
                                ${PROJECT_BINARY_DIR}/weir-config.cmake INSTALL_DESTINATION ${WEIR_CMAKE_DIR})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/weir-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/weir-config.cmake ${PROJECT_BINARY_DIR}/weir-config-version.cmake
          DESTINATION ${WEIR_CMAKE_DIR})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/weir DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
endfunction()
