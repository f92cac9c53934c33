# SPDX-License-Identifier: Apache-2.0
# Writes ${OUT}, C that holds the bytes of ${IN}/{portrait,landscape}.mp4 (cmake -P).
set(code "/* Made by embed.cmake. */\n#include \"slate_file.h\"\n")
foreach(form portrait landscape)
  file(READ ${IN}/${form}.mp4 hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR bytes "${digits} / 2")
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
  string(APPEND code "\nstatic const uint8_t ${form}[${bytes}] = {\n${hex}\n};\n"
                     "const struct ph_slate_bytes ph_slate_${form} = {${form}, ${bytes}};\n")
endforeach()
file(WRITE ${OUT} "${code}")
