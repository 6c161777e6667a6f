//! `xqute resume`: what is left of a run whose program was killed, without its command. Counted from what the jobs wrote.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::bash;

/// Waits for so many lines in a file.
const UNTIL: &str =
    "until_lines() { until [ \"$(cat $2 2> /dev/null | wc -l)\" -ge $1 ]; do sleep 0.02; done; }
     dies() { kill -9 $1; wait $1 2> /dev/null; }
     counted() { sort $1 | uniq -c | sed 's/^ *//' | tr '\\n' ';'; echo; }\n";

fn told(line: &str) -> (String, String) {
    let (_, out, err) = bash(&format!("{UNTIL}{line}"));
    (out, err)
}

#[test]
fn what_is_left_runs_once_and_what_still_ran_is_adopted() {
    let (out, err) = told(
        "xqute run -j2 --shell 'echo {} >> begun; until test -e go; do sleep 0.02; done; echo {} >> done' ::: 1 2 3 4 5 2> /dev/null &
         until_lines 2 begun; dies $!; stat -c %a .xqute/run.toml; touch go
         mkdir elsewhere; cd elsewhere; xqute resume --progress never ../.xqute; echo code $?
         xqute resume --progress never ../.xqute; echo code $?; cd ..; counted begun; counted done; xqute check | tail -1",
    );
    let all = "1 1;1 2;1 3;1 4;1 5;";
    assert!(out.starts_with(&format!("600\ncode 0\ncode 0\n{all}\n{all}\n")), "{out}{err}");
    assert!(err.contains("2 jobs adopted, which an earlier run had begun"), "{err}");
    assert!(err.contains("nothing is left to run in ") && err.contains("5 done before"), "{err}");
    assert!(!out.contains("wrong"), "{out}");
}

#[test]
fn options_are_as_before_and_some_may_be_others() {
    let (out, err) = told(
        "xqute run -j 1 --no-print --num-retries 2 --retry-delay 10ms --prescript 'export A=1' sh -c \
           'echo $0 >> begun; test $0 = fails && exit 3; test -e go || until test -e go; do sleep 0.02; done; echo $A $0 >> done; echo printed' ::: first fails last 2> /dev/null &
         until_lines 1 begun; dies $!; grep -v '^#' .xqute/run.toml | sort; touch go
         xqute resume -j 3 2> /dev/null; echo code $?; counted begun; counted done; grep forks .xqute/run.toml
         xqute resume -q --retry-failed 2> /dev/null; counted begun",
    );
    let kept = "error-strategy = \"retry\"\nforks = 1\nnum-retries = 2\nprescript = \"export A=1\"\nprint = false\nretry-delay = \"10ms\"\n";
    let rest = "code 1\n1 first;3 fails;1 last;\n1 1 first;1 1 last;\nforks = 3\n1 first;6 fails;1 last;\n";
    let sorted = |line: &str| {
        let mut words: Vec<_> = line.split(';').map(str::to_owned).collect();
        words.sort_unstable();
        words
    };
    let lines = |text: &str| text.lines().map(sorted).collect::<Vec<_>>();
    assert_eq!(lines(&out), lines(&format!("{kept}{rest}")), "{out}{err}");
}

#[test]
fn values_that_may_be_secret_are_given_again_and_have_to_be_the_same() {
    let (out, err) = told(
        "xqute run -q -j1 -e TOKEN=hidden-one -e PIN=hidden-two --shell 'echo {} >> begun; until test -e go; do sleep 0.02; done; echo {} $TOKEN $PIN >> done' ::: 1 2 &
         until_lines 1 begun; dies $!; touch go; grep -rl hidden .xqute; grep ^env .xqute/run.toml
         xqute resume; echo code $?; xqute resume -e PIN=hidden-two -e TOKEN=other; echo code $?
         xqute resume -e PIN=hidden-two -e TOKEN=hidden-one; echo code $?; counted begun; sort done; xqute resume; echo code $?",
    );
    let wanted = "env = [\"TOKEN\",\"PIN\"]\ncode 2\ncode 2\ncode 0\n1 1;1 2;\n1 hidden-one hidden-two\n2 hidden-one hidden-two\ncode 0\n";
    assert_eq!(out, wanted, "{err}");
    assert!(err.contains("since they may be secret: PIN, TOKEN; give each once more"), "{err}");
    assert!(err.contains("job 0 was given other values of TOKEN, PIN, and would be another job"), "{err}");
    assert!(!err.contains("hidden"), "{err}");
}

#[test]
fn jobs_of_a_file_keep_what_they_wait_for_their_tags_limits_and_retries() {
    let (out, err) = told(
        "cat > jobs.jsonl <<'END'
{\"shell\": \"echo a >> begun; until test -e go; do sleep 0.02; done\", \"name\": \"a\", \"tags\": [\"first\"]}
{\"shell\": \"echo b >> begun; exit 3\", \"name\": \"b\", \"after\": [\"first\"], \"retries\": 1}
{\"shell\": \"echo c >> begun\", \"after\": [\"b\"]}
{\"shell\": \"echo d >> begun; test $(sort -u begun | head -2 | tail -1) = b || exit 9\", \"after_any\": [1]}
{\"shell\": \"sleep 100; echo e >> begun\", \"timeout\": \"200ms\", \"after\": [0]}
END
         xqute run -q -j4 --file jobs.jsonl & until_lines 1 begun; dies $!; rm jobs.jsonl; touch go
         xqute resume; echo code $?; counted begun; xqute status --all | cut -c 8-18 | tr -s ' \\n' ' '",
    );
    assert_eq!(out, "code 1\n1 a;2 b;1 d;\nsucceeded failed cancelled succeeded failed ", "{err}");
}

#[test]
fn a_list_that_was_not_read_to_its_end_is_told() {
    let (out, err) = told(
        "mkfifo list; { echo 'echo 1 >> done'; echo 'echo 2 >> done'; until test -e go; do sleep 0.02; done; } > list & feeder=$!
         xqute run -q -j2 --shell < list & until_lines 2 done; dies $!; touch go; wait $feeder; xqute resume; echo code $?; counted done
         printf 'echo 1 >> done\\necho 2 >> done\\necho 3 >> done\\n' | xqute run -q --shell; echo code $?; xqute resume; echo code $?; counted done",
    );
    assert_eq!(out, "code 1\n1 1;1 2;\ncode 0\ncode 0\n1 1;1 2;1 3;\n", "{err}");
    let told = "the list of jobs had not been read to its end: 2 of its jobs are known in ";
    assert_eq!(err.matches(told).count(), 1, "{err}");
}

#[test]
fn a_cut_list_does_not_look_like_success_until_the_command_was_repeated() {
    let (out, err) = told(
        "has() { xqute status --json | grep -o '\"whole\":[a-z]*'; }
         telling() { grep -c 'the list of jobs was not read to its end.*repeat the command to run the rest'; }
         xqute run -j4 --shell 'echo {} >> begun; until test -e go; do sleep 0.02; done; echo {} >> done' ::: $(seq 500) 2> /dev/null &
         until_lines 4 begun; dies $!; touch go; xqute wait 2>&1 | telling
         xqute resume --progress never 2> said; echo code $?; tail -1 said | telling; test $(wc -l < done) -lt 500; echo $?
         xqute status | tail -1 | telling; has; xqute resume -q 2> /dev/null; echo code $?; xqute wait 2> said; echo code $?; telling < said
         xqute run -q -j4 --shell 'echo {} >> begun; until test -e go; do sleep 0.02; done; echo {} >> done' ::: $(seq 500); echo code $?
         xqute status; has; xqute wait; echo code $?; sort -u done | wc -l",
    );
    let before = "1\ncode 1\n1\n0\n1\n\"whole\":false\ncode 1\ncode 1\n1\ncode 0\n500 jobs: 500 succeeded\n";
    assert!(out.starts_with(before) && out.ends_with("\"whole\":true\ncode 0\n500\n"), "{out}{err}");
}

#[test]
fn who_wants_what_failed_without_a_list_is_told_how() {
    let (out, err) = told(
        "xqute run -q --shell 'echo {} >> done; test -e go' ::: 1 2 2> /dev/null; touch go
         xqute run --retry-failed < /dev/null; xqute resume -q --retry-failed; echo code $?; counted done",
    );
    assert_eq!(out, "code 0\n2 1;2 2;\n", "{err}");
    let told = "there are no jobs: the arguments, or the lines of standard input, are none; `xqute resume --retry-failed` needs no list";
    assert!(err.contains(told), "{err}");
}

#[test]
fn it_goes_on_in_the_background_and_is_refused_where_it_makes_no_sense() {
    let (out, err) = told(
        "xqute resume none; echo code $?
         xqute run -q -j1 --shell 'echo {} >> begun; until test -e go; do sleep 0.02; done; echo {} >> done' ::: 1 2 &
         until_lines 1 begun; xqute resume; echo code $?; dies $!; xqute resume --detach 2> /dev/null; echo code $?
         touch go; xqute wait 2> /dev/null; echo code $?; counted begun; counted done",
    );
    assert_eq!(out, "code 2\ncode 2\ncode 0\ncode 0\n1 1;1 2;\n1 1;1 2;\n", "{err}");
    assert!(
        err.contains("no run was made in none") && err.contains("`xqute attach` shows how far it is"),
        "{err}"
    );
}

#[test]
fn jobs_of_a_run_whose_program_is_gone_are_killed() {
    let (out, err) = told(
        "xqute run -q -j3 --kill-grace 1s --shell 'echo {} >> begun; until test -e go; do sleep 0.02; done; echo {} >> done' ::: 1 2 3 4 &
         until_lines 3 begun; dies $!; xqute attach; echo code $?; xqute status | grep -c 'job . has run for'
         xqute kill 1; echo code $?; xqute status 1 | head -1; xqute kill 3; xqute status 3 | head -1
         touch go; xqute wait; echo code $?; xqute resume; echo code $?; counted begun; counted done
         xqute kill; echo code $?",
    );
    let wanted = "code 1\n3\ncode 0\njob 1 is killed\njob 3 is cancelled\ncode 1\ncode 1\n1 1;1 2;1 3;\n1 1;1 3;\ncode 2\n";
    assert_eq!(out, wanted, "{err}");
    assert!(err.contains("3 of its jobs still run, and `xqute resume` goes on with it"), "{err}");
    assert!(!err.contains("not known"), "{err}");
}

#[test]
fn a_whole_run_whose_program_is_gone_is_killed_and_can_be_resumed() {
    let (out, err) = told(
        "xqute run -q -j2 --shell 'echo {} >> begun; until test -e go; do sleep 0.02; done; echo {} >> done' ::: 1 2 3 &
         until_lines 2 begun; dies $!; xqute kill; echo code $?; touch go; xqute status | head -1; test -e done; echo $?
         xqute resume; echo code $?; counted begun; counted done",
    );
    let wanted = "code 0\n3 jobs: 1 unfinished, 2 killed\n1\ncode 0\n2 1;2 2;1 3;\n1 1;1 2;1 3;\n";
    assert_eq!(out, wanted, "{err}");
}
