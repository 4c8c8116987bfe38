# Libraries by pkg-config, each as an imported target whose headers count as the system's.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)

function(bpgate_library target)
    pkg_check_modules(${target} REQUIRED IMPORTED_TARGET ${ARGN})
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE PkgConfig::${target})
endfunction()

bpgate_library(bpgate_uv libuv>=1.44)
bpgate_library(bpgate_jansson jansson>=2.13)
bpgate_library(bpgate_yaml yaml-0.1)
bpgate_library(bpgate_zlib zlib)
bpgate_library(bpgate_lua lua5.4>=5.4.4)
bpgate_library(bpgate_pcre2 libpcre2-8>=10.30)
bpgate_library(bpgate_hiredis hiredis>=0.14)

# llhttp: a system library where there is one (Debian 13), else the C sources that Debian 12's
# node-llhttp installs.
pkg_check_modules(system_llhttp QUIET IMPORTED_TARGET libllhttp>=9)
if(system_llhttp_FOUND)
    add_library(bpgate_llhttp INTERFACE)
    target_link_libraries(bpgate_llhttp INTERFACE PkgConfig::system_llhttp)
else()
    set(LLHTTP_SOURCE_DIR /usr/share/llhttp CACHE PATH "C sources of llhttp (package node-llhttp)")
    set(LLHTTP_INCLUDE_DIR /usr/share/include/llhttp CACHE PATH "Folder of llhttp.h")
    if(NOT EXISTS ${LLHTTP_SOURCE_DIR}/llhttp.c)
        message(FATAL_ERROR "llhttp not found: install libllhttp-dev (9 or newer) or node-llhttp")
    endif()
    add_library(bpgate_llhttp STATIC ${LLHTTP_SOURCE_DIR}/llhttp.c ${LLHTTP_SOURCE_DIR}/api.c
                                     ${LLHTTP_SOURCE_DIR}/http.c)
    target_include_directories(bpgate_llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE_DIR})
    target_compile_options(bpgate_llhttp PRIVATE -w)
    bpgate_guide(bpgate_llhttp)
endif()
