//! `--in`, `--out`: is a job that has not written what it was to write a failed one, and is what a failed one has written moved aside?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;

use common::{bash, bash_in};

/// What is there, a name a line, without what the run keeps.
const LS: &str = "ls | tr '\\n' ' '";

#[test]
fn a_job_that_exits_with_0_and_lacks_an_output_has_failed_with_its_name() {
    let (code, out, err) = bash(
        "xqute run -q -k --shell --out {}.out --out '{}.log' 'case {} in none) ;; empty) : > {}.out; echo > {}.log;;
           *) echo > {}.out; echo > {}.log;; esac' ::: good none empty; xqute status --failed; xqute explain 1",
    );
    assert!(
        out.contains(
            "job 1 failed: rejected by plugin `outputs`: none.out is not there; none.log is not there"
        ),
        "{out}"
    );
    assert!(out.contains("job 2 failed: rejected by plugin `outputs`: empty.out is empty"), "{out}");
    assert!(out.contains("job 1 failed: ") && code == Some(0), "{out}{err}");
    assert!(!out.contains("job 0"), "{out}");
}

#[test]
fn what_was_there_before_is_no_output_and_is_left_alone() {
    let (_, out, err) = bash(&format!(
        "echo mine > old; touch -d '1 hour ago' old; sleep 0.1
         xqute run -q --out old true; xqute status --failed; cat old
         xqute run -q --fresh --out old sh -c 'echo half >> old; exit 3'; {LS}; cat old.failed-1
         echo kept > old; xqute run -q --fresh --in old --out old sh -c 'echo half >> old; exit 3'; {LS}; cat old",
    ));
    let untouched = "old was not written: it is what it was before the attempt";
    assert!(out.contains(untouched), "{out}{err}");
    let rest = "mine\nold.failed-1 mine\nhalf\nold old.failed-1 kept\nhalf\n";
    assert!(out.ends_with(rest), "{out}{err}");
}

#[test]
fn partial_outputs_of_each_attempt_are_moved_aside_and_kept() {
    let (_, out, err) = bash(&format!(
        "xqute run -q --num-retries 2 --retry-delay 0 --out a.txt --out dir sh -c \
           'test ! -e a.txt && echo $$ > a.txt; mkdir dir; touch dir/part; echo x >> tries; test $(wc -l < tries) = 3'; echo $?; {LS}",
    ));
    let all = "0\na.txt a.txt.failed-1 a.txt.failed-2 dir dir.failed-1 dir.failed-2 tries ";
    assert_eq!(out, all, "{err}");
    let (_, out, err) = bash(&format!(
        "xqute run -q --timeout 300ms --kill-grace 100ms --out a.txt sh -c 'echo half > a.txt; exec sleep 9'; {LS}",
    ));
    assert_eq!(out, "a.txt.failed-1 ", "{err}");
    let (_, out, err) = bash(&format!(
        "printf '[plugins.outputs]\\npartial = \"leave\"\\nallow_empty = true\\n' > xqute.toml
         xqute run -q --out a.txt --out b.txt sh -c ': > a.txt; exit 3'; {LS}
         xqute run -q --fresh --out a.txt sh -c ': > a.txt'; echo $?",
    ));
    assert_eq!(out, "a.txt xqute.toml 0\n", "{err}");
}

/// The plugin is as it would be if no program had died: what is left of the attempt is known by its time.
#[test]
fn an_adopted_attempt_and_one_that_nobody_saw_end_are_judged_too() {
    let begin = "xqute run -q -j2 --out {}.out --shell 'echo half > {}.out; until test -e go-{}; do sleep 0.02; done; echo all > {}.out; test {} = a' ::: a b &
         until test -s a.out -a -s b.out -a $(xqute journal 2> /dev/null | grep -c ' started') = 2; do sleep 0.02; done; kill -9 $!; wait $! 2> /dev/null";
    let (_, out, err) = bash(&format!(
        "{begin}; touch go-a go-b; xqute resume -q; {LS}; xqute journal --json | grep -c '\"record\":\"files\"'",
    ));
    assert!(out.starts_with("a.out b.out.failed-1 go-a go-b "), "{out}{err}");
    assert!(out.contains('2'), "{out}");
    // All of it dies, as in a power cut.
    let desk = tempfile::tempdir().unwrap();
    let (_, _, err) = bash_in(
        &desk,
        &format!(
            "{begin}; for pid in $(cat .xqute/*/job.jid | sed 's/.*\\.//'); do kill -9 -$pid; done; true"
        ),
    );
    let (_, out, more) =
        bash_in(&desk, &format!("touch go-a go-b; xqute resume -q; {LS}; cat a.out.failed-1"));
    assert!(out.starts_with("a.out.failed-1 b.out.failed-1 ") && out.ends_with("half\n"), "{out}{err}{more}");
}

#[test]
fn a_job_file_says_it_as_well_and_relative_to_the_jobs_directory() {
    let desk = tempfile::tempdir().unwrap();
    let jobs = "[[job]]\ncmd = \"sh -c 'cp in out'\"\ncwd = 'd'\nin = ['in']\nout = ['out']\n[[job]]\ncmd = 'true'\ncwd = 'd'\nout = ['none']\n";
    fs::write(desk.path().join("jobs.toml"), jobs).unwrap();
    let (_, out, err) = bash_in(
        &desk,
        "mkdir d; echo 1 > d/in; xqute run -q --file jobs.toml; xqute status --failed; xqute journal | grep ' files '",
    );
    assert!(out.contains("none is not there") && !out.contains("job 0 failed"), "{out}{err}");
    assert!(out.contains("inputs: in  outputs: out"), "{out}");
}

#[test]
fn a_place_that_has_no_argument_is_an_error_before_the_first_job() {
    for (line, wrong) in [
        (
            "xqute run --out '{2}' echo ::: a",
            "`{2}` in --out asks for argument 2 of each job, but each has 1",
        ),
        ("xqute run --out '{..}' echo ::: a", "`{..}` in --out is no replacement string here"),
        ("echo true | xqute run --out '{}.x'", "--in or --out has a place for an argument"),
        ("xqute run --out '' true", "an input or output of a job cannot be a file: \"\" is empty"),
    ] {
        let (_, out, err) = bash(&format!("{line}; echo $?"));
        assert!(err.contains(wrong) && out == "2\n", "{line}: {out}{err}");
    }
    let (_, out, err) = bash(
        "printf 'touch part-1\\n\\ntouch part-2\\n' | xqute run -q --out 'part-{#}'; xqute status | head -1; xqute run -q --fresh --out made touch made; echo $?",
    );
    assert_eq!(out, "2 jobs: 2 failed\n1\n", "empty files are none: {err}");
}

/// Beside jobs that have none, nothing is asked of them.
#[test]
fn on_the_null_scheduler_nothing_is_written_and_nothing_is_missed() {
    let (code, _, err) = bash("xqute run -q -s null --out {} echo ::: a b");
    assert_eq!(code, Some(0), "{err}");
}
