# The build is guided by a profile: the gateway is first built so that it counts its branches, works for a few
# seconds (record-profile), and is then built for good, with what is taken often side by side. A hit takes 0.9
# of the time. What no one took then is compiled as without a profile.
#
# BPGATE_PROFILE=OFF builds once, which is sooner and the same each time, to the byte.
if(NOT BPGATE_WHOLE_PROGRAM OR NOT BPGATE_PROFILE OR NOT CMAKE_GENERATOR STREQUAL Ninja OR CMAKE_CROSSCOMPILING)
    function(bpgate_guide target)
    endfunction()
    return()
endif()

set(profile ${CMAKE_BINARY_DIR}/profile)
set(counting ${CMAKE_BINARY_DIR}/counting) # the build that counts
add_compile_options(-fprofile-use=${profile} -fprofile-prefix-path=${CMAKE_BINARY_DIR}
                    -fprofile-partial-training -Wno-missing-profile)

set(same "") # what both builds are told
foreach(name IN ITEMS CMAKE_BUILD_TYPE CMAKE_C_COMPILER CMAKE_C_FLAGS CMAKE_C_FLAGS_RELEASE
                      CMAKE_PREFIX_PATH LLHTTP_SOURCE_DIR LLHTTP_INCLUDE_DIR)
    if(DEFINED ${name})
        list(APPEND same "-D${name}=${${name}}")
    endif()
endforeach()
file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*.[ch] ${CMAKE_SOURCE_DIR}/cmake/*)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/profile.time
    COMMAND ${CMAKE_COMMAND} -S ${CMAKE_SOURCE_DIR} -B ${counting} -G ${CMAKE_GENERATOR} ${same}
            -DBPGATE_COUNTS_INTO=${profile} -DBPGATE_TESTS=OFF --log-level=WARNING
    COMMAND ${CMAKE_MAKE_PROGRAM} -C ${counting} bpgate stand-in bench_load
    COMMAND ${CMAKE_SOURCE_DIR}/cmake/record-profile ${counting} ${profile}
    COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/profile.time
    DEPENDS ${sources} CMakeLists.txt .ci/layers.txt
    COMMENT "Recording which branches are taken often" USES_TERMINAL VERBATIM)
add_custom_target(profile DEPENDS ${CMAKE_BINARY_DIR}/profile.time)

# Compiles nothing of a target before there is a profile.
function(bpgate_guide target)
    add_dependencies(${target} profile)
endfunction()
