# The commit that is being built, for `--version` and the first log line: given by the packaging, else asked of git when
# CMake runs.
set(CI_LAMBDA_COMMIT "" CACHE STRING "The commit being built; empty: ask git")

function(find_commit result)
  if(CI_LAMBDA_COMMIT)
    set(${result} ${CI_LAMBDA_COMMIT} PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND git describe --always --dirty --abbrev=12 --exclude=*
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(failed OR NOT commit)
    set(commit unknown)
  endif()
  set(${result} ${commit} PARENT_SCOPE)
endfunction()
