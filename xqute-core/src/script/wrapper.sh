#!/usr/bin/env bash
#@title
# Written by xqute; bash 4.2 or later runs it. A line with __xqute_step or __xqute_apart names each text of a plugin or
# of the user.
#
# There are three shells. The first waits, and writes job.rc and job.status at the end. The second runs all that comes
# before the command, and may be ended, replaced or misused by it. The third is the command's own. The end runs in copies
# of the second shell, so that it has its variables; where that shell is lost, in copies of the first.
#
# A TERM goes to all of them. One that arrives in the instant in which bash starts a program can pass that program by: then
# only a KILL ends it.
#
# A text may put functions in the place of commands; therefore `builtin`.
builtin set +eu

#@names

#@end

__xqute_say() { # MESSAGE, to the script's log, wherever standard error goes by now
    builtin printf 'xqute: %s\n' "$1" >>"$__xqute_log"
}

__xqute_note() { # WHAT. Tells the first shell how far the second is: in a text, in the command, at the end, or a code
    builtin printf '%s\n' "$1" >|"$__xqute_rc_new"
}

__xqute_put() { # LINE NEW FILE. No reader sees half of a file
    builtin printf '%s\n' "$1" >|"$2" || return
    builtin command -p mv -f "$2" "$3" 2>/dev/null || builtin command mv -f "$2" "$3"
}

__xqute_step() { # NAME of the text that comes next
    __xqute_at=$1
    __xqute_note "$1" || :
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
    case $__xqute_at in
        '' | command | stopped) ;;
        *) __xqute_say "the command was not run: exit code $__xqute_rc in $__xqute_at" ;;
    esac
    __xqute_at=end
    __xqute_texts_of_end
}

__xqute_finish() { # NOTE. If it cannot be noted that the end has begun, the first shell runs it
    builtin trap '' TERM # Now, and not in the copies, which would begin without.
    builtin set +eum     # What cleans up is tried whole.
    if __xqute_note "$1"; then __xqute_end; fi
}

__xqute_on_exit() { # The code is told by the shell's own end: here $? is 0 when a signal ends it
    __xqute_rc=$?
    if [[ $__xqute_at != end ]]; then __xqute_finish end; fi
}

__xqute_on_term() { # A command that runs has its own signal; one that does not is not begun
    case $__xqute_at in
        command | stopped) __xqute_at=stopped ;;
        end) ;;
        *) builtin exit 143 ;;
    esac
}

__xqute_stop() { # In the command's shell: what runs may end as it likes (its code counts), what follows is not begun
    builtin trap 'builtin exit 143' DEBUG
}

{
    __xqute_umask=$(builtin umask)
    builtin umask 077
    builtin printf '' >|"$__xqute_stdout"
    builtin printf '' >|"$__xqute_stderr"
    __xqute_step 'the start of the script'
    builtin trap : TERM
    (
        builtin trap __xqute_on_term TERM
        builtin trap __xqute_on_exit EXIT
        __xqute_put "$__xqute_running" "$__xqute_status_new" "$__xqute_status"
        builtin umask "$__xqute_umask"

#@before
        __xqute_step command
        __xqute_flags=$-
        builtin set +em
        (
            builtin trap __xqute_stop TERM
            [[ $__xqute_at == command ]] || builtin exit 143
            [[ $__xqute_flags != *e* ]] || builtin set -e
            builtin eval -- "$cmd"
        ) >|"$__xqute_stdout" 2>|"$__xqute_stderr"
        __xqute_rc=$?
        __xqute_finish "$__xqute_rc"
        builtin exit "$__xqute_rc"
    )
    __xqute_rc=$?
    builtin trap '' TERM
    __xqute_at=
    IFS= builtin read -r __xqute_at <"$__xqute_rc_new"
    case $__xqute_at in
        [0-9]*) __xqute_rc=$__xqute_at ;;
        end) ;;
        *)
            builtin umask "$__xqute_umask"
            builtin set -u # Variables are lost: no `rm -rf "$folder"/*` without its folder.
            __xqute_end
            builtin set +u
            builtin umask 077
            ;;
    esac
    __xqute_done=$__xqute_failed
    if [[ $__xqute_rc == 0 ]]; then __xqute_done=$__xqute_finished; fi
    __xqute_put "$__xqute_rc" "$__xqute_rc_new" "$__xqute_rc_file" &&
        __xqute_put "$__xqute_done" "$__xqute_status_new" "$__xqute_status"
    builtin exit "$__xqute_rc"
}
