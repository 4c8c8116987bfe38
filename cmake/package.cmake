# The Debian package: `deploy/make-package` sets BPGATE_PACKAGE and calls cpack. Its own files are in
# deploy/debian.
set(from ${CMAKE_SOURCE_DIR}/deploy/debian)
set(made ${CMAKE_BINARY_DIR}/debian)
include(GNUInstallDirs)

install(FILES ${from}/bpgate.yaml DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/bpgate
        PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
install(DIRECTORY lua-filters DESTINATION share/bpgate FILES_MATCHING PATTERN "*.lua" PATTERN "*.md")
install(FILES conf/example-team.yaml conf/everything.yaml conf/generic.yaml conf/settings.md README.md
        DESTINATION share/doc/bpgate)
install(FILES ${from}/copyright DESTINATION share/doc/bpgate)
install(FILES deploy/completion/_bpgate DESTINATION share/zsh/vendor-completions) # where Debian's zsh looks
install(FILES deploy/bpgate.socket DESTINATION lib/systemd/system)

# Policy wants these compressed, without a date inside.
set(packed "")
function(pack source name folder)
    set(out ${made}/${name}.gz)
    add_custom_command(OUTPUT ${out} COMMAND ${CMAKE_COMMAND} -E make_directory ${made}
        COMMAND sh -c "gzip -9n <${source} >${out}" DEPENDS ${source} VERBATIM)
    install(FILES ${out} DESTINATION ${folder})
    set(packed ${packed} ${out} PARENT_SCOPE)
endfunction()
pack(${from}/changelog changelog.Debian share/doc/bpgate)
pack(${CMAKE_SOURCE_DIR}/deploy/man/bpgate.1 bpgate.1 share/man/man1)
pack(${CMAKE_SOURCE_DIR}/deploy/man/bpgate.yaml.5 bpgate.yaml.5 share/man/man5)
add_custom_target(package_files ALL DEPENDS ${packed})

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME bpgate)
set(CPACK_PACKAGE_VENDOR bpgate)
set(CPACK_PACKAGE_CONTACT "the bpgate authors <authors@bpgate.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "gateway in front of the Botpress Cloud API")
set(CPACK_PACKAGE_DESCRIPTION
"One place for the credentials, limits, caching and errors of the programs
that use the Botpress Cloud API. Programs change the address and the token
of their client, nothing else; rules of one's own are filters in Lua.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates, init-system-helpers (>= 1.54)")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS redis-server)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${from}/conffiles ${from}/postinst ${from}/prerm ${from}/postrm)
include(CPack)
