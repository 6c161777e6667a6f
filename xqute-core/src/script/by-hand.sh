#@title
# It prints what the job printed, and what is around the command to standard error. No file of the job is written.
builtin set +eu
# Not `builtin exec`: its redirections end with it. Where a shell reads this from 3, nobody else is to.
exec 3<&- {__xqute_out}>&1 >&2

#@end

__xqute_say() {
    builtin printf 'xqute: %s\n' "$1" >&2
}

__xqute_step() { # NAME of the text that comes next
    __xqute_at=$1
}

__xqute_apart() { # NAME TEXT. What a text does to its shell ends with it
    (
        rc=$__xqute_rc
        builtin eval "$2"
    )
    __xqute_told=$?
    [[ $__xqute_told == 0 ]] || __xqute_say "$1 did not come to its end: exit code $__xqute_told"
}

__xqute_end() {
    builtin set +eum
    [[ $__xqute_at == command ]] || __xqute_say "the command was not run: exit code $__xqute_rc in $__xqute_at"
    __xqute_at=end
    __xqute_texts_of_end
}

__xqute_on_exit() {
    __xqute_rc=$?
    [[ $__xqute_at == end ]] || __xqute_end
}

builtin trap __xqute_on_exit EXIT
__xqute_step 'the start of the script'

#@before
__xqute_step command
__xqute_flags=$-
builtin set +em
(
    [[ $__xqute_flags != *e* ]] || builtin set -e
    builtin eval -- "$cmd"
) >&"$__xqute_out" {__xqute_out}>&-
__xqute_rc=$?
__xqute_end
builtin exit "$__xqute_rc"
