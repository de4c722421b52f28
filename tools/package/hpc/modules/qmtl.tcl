#%Module1.0
# SPDX-License-Identifier: Apache-2.0
# A module for what `cmake --install build/release --prefix PREFIX` put there, for Environment Modules and Lmod:
#   sed 's,@PREFIX@,/apps/qmtl/0.1.0,; s,@VERSION@,0.1.0,' tools/package/hpc/modules/qmtl.tcl >MODULES/qmtl/0.1.0
# If the MPI library comes as a module too, name it below: qmtl must run with the one that it was built with.
set prefix @PREFIX@
set version @VERSION@

proc ModulesHelp {} {
    puts stderr "qmtl: parameter-efficient quantum multi-task learning. `qmtl --help`, `man qmtl`."
}
module-whatis "qmtl @VERSION@: quantum multi-task learning, trained exactly under MPI"
conflict qmtl
# prereq openmpi

prepend-path PATH $prefix/bin
prepend-path MANPATH $prefix/share/man
prepend-path CPATH $prefix/include
foreach folder {lib lib64} {
    if {[file isdirectory $prefix/$folder]} {
        prepend-path LIBRARY_PATH $prefix/$folder
        prepend-path PKG_CONFIG_PATH $prefix/$folder/pkgconfig
    }
}
foreach folder [glob -nocomplain $prefix/lib/*-linux-gnu*] {
    prepend-path LIBRARY_PATH $folder
    prepend-path PKG_CONFIG_PATH $folder/pkgconfig
}
prepend-path CMAKE_PREFIX_PATH $prefix
setenv QMTL_HOME $prefix
