# The table of steps at the end of ./dev check.
#
# usage: awk -v kind=cold|warm [-v red=ESCAPE -v plain=ESCAPE] -f times.awk BUDGETS TIMES
#
# BUDGETS is .ci/budgets. TIMES has a line for each step: seconds, seconds of a processor, name.
function name(   text) { text = $0; sub(/^ *[^ ]+ +[^ ]+ +/, "", text); return text }

FILENAME == ARGV[1] {
    if (!/^ *(#|$)/) budget[name()] = kind == "cold" ? $1 : $2
    next
}

FNR == 1 { printf "%8s %8s %8s   %s\n", "seconds", "CPU", "budget", "step" }

{
    allowed = name() in budget && budget[name()] != "-" ? budget[name()] : ""
    over = allowed != "" && $1 + 0 > allowed + 0
    printf "%s%8d %8d %8s   %s%s%s\n", over ? red : "", $1, $2, allowed, name(), over ? "   OVER BUDGET" : "", over ? plain : ""
}
