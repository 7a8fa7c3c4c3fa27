#!/usr/bin/env bash
# Puts a built ci_lambda where shells find it, with its completion for bash, zsh and fish, and its man page.
#
# usage: install.sh CI_LAMBDA BOOTSTRAP PREFIX
#
# The program says itself what its completion and its man page are. `ci_lambda sandbox` runs the function that lies beside
# it, and a program of that name is nothing for a PATH: so both are in PREFIX/lib/ci_lambda, and PREFIX/bin has a link.
set -euo pipefail

readonly program=$1 bootstrap=$2 prefix=$3

# put MODE DESTINATION: standard input, written there at once: who runs the old one keeps it whole.
put() {
    install -d -- "$(dirname -- "$prefix/$2")"
    cat >"$prefix/$2.new"
    chmod -- "$1" "$prefix/$2.new"
    mv -f -- "$prefix/$2.new" "$prefix/$2"
    printf '    %s\n' "$prefix/$2"
}

put 755 lib/ci_lambda/ci_lambda <"$program"
put 755 lib/ci_lambda/bootstrap <"$bootstrap"
install -d -- "$prefix/bin"
ln -sfn -- ../lib/ci_lambda/ci_lambda "$prefix/bin/ci_lambda"
printf '    %s\n' "$prefix/bin/ci_lambda"

readonly installed=$prefix/lib/ci_lambda/ci_lambda
"$installed" __completion bash | put 644 share/bash-completion/completions/ci_lambda
"$installed" __completion zsh | put 644 share/zsh/site-functions/_ci_lambda
"$installed" __completion fish | put 644 share/fish/vendor_completions.d/ci_lambda.fish
"$installed" __man | put 644 share/man/man1/ci_lambda.1
