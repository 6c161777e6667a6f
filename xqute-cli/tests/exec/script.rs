//! Hooks that write script: what a command prints is put into the job's.

use super::*;

#[test]
fn what_commands_print_is_the_script() {
    let desk = desk(&format!(
        "{}{}{}{}",
        on("on_jobcmd_init", r#"printf 'export A="it is %s"\n' "$XQUTE_JOB_INDEX""#),
        on("on_jobcmd_init", "echo 'B=$A,'"),
        on("on_jobcmd_prep", r#"echo 'cmd="$cmd; echo \"$B\""'"#),
        on("on_jobcmd_end", "test $XQUTE_JOB_INDEX = 1 && echo 'echo ended with $rc'; true")
    ));
    let (code, out, err) = bash_in(&desk, "xqute run -q -k echo ::: a b");
    assert_eq!((code, &*out), (Some(0), "a\nit is 0,\nb\nit is 1,\n"), "{err}");
    assert_eq!(read(&desk, ".xqute/1/job.wrapped.log"), "ended with 0\n");
    assert_eq!(read(&desk, ".xqute/0/job.wrapped.log"), "");
}

#[test]
fn a_job_is_direct_where_nothing_is_printed_and_fails_where_it_is_no_script() {
    let text = "case $XQUTE_JOB_INDEX in 1) exit 4;; 2) printf 'a\\0b';; 3) head -c 2000000 /dev/zero | tr '\\0' x;; esac";
    let desk = desk(&on("on_jobcmd_prep", text));
    let (code, out, err) = bash_in(&desk, "xqute run -k -j 1 echo ::: 0 1 2 3");
    assert_eq!((code, &*out), (Some(1), "0\n"));
    assert!(!desk.path().join(".xqute/0/job.wrapped.log").exists());
    for part in ["exit code 4", "is no text", "printed more than 1048576 bytes"] {
        assert!(err.contains(part), "{part}: {err}");
    }
}
