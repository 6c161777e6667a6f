//! What holds starts back: a delay, the load, the memory.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::bash;

#[test]
fn jobs_keep_their_distance() {
    let (code, out, _) = bash("xqute run -q -j8 --delay 300ms sh -c 'date +%s%N' ::: 1 2 3 4");
    assert_eq!(code, Some(0));
    let mut starts: Vec<u128> = out.lines().map(|it| it.parse().unwrap()).collect();
    starts.sort_unstable();
    let span = starts[3] - starts[0];
    // A job may take its time from the start to its first word, the first as well as the last.
    assert!(span >= 600_000_000, "three distances of 300 ms: {starts:?}");
}

#[test]
fn a_machine_that_is_never_free_starts_nothing_and_can_be_interrupted() {
    for option in ["--memfree 900T", "--load 0.0000001"] {
        let line = format!(
            "set -m; yes > /dev/null & yes > /dev/null & xqute run --progress always {option} touch ran ::: 1 2 2> told &
             until grep -q '0 of 2 jobs done, 0 running' told; do sleep 0.05; done
             kill -INT $!; wait $!; code=$?; kill %1 %2; ls; exit $code"
        );
        let (code, out, _) = bash(&line);
        assert_eq!((code, out.as_str()), (Some(130), "told\n"), "{option}");
    }
}

#[test]
fn a_machine_that_is_free_enough_runs_all() {
    let (code, out, _) = bash("xqute run -q -k --memfree 1M --load 100000 echo ::: 1 2 3");
    assert_eq!((code, out.as_str()), (Some(0), "1\n2\n3\n"));
}

/// A machine whose memory is what the test says: the file that tells it is another in a mount namespace.
const MEMORY: &str = r#"
    has() { printf 'MemTotal: 9000000 kB\nMemAvailable: %8d kB\n' $1 | dd of=memory conv=notrunc status=none; }
    has 4000000; mount --bind memory /proc/meminfo
    mkfifo gate.a gate.b
    xqute run -q -j2 --memfree 2G sh -c '
        trap "echo end of $0 >> told; exit 9" TERM
        echo $0 >> told; read _ < gate.$0' ::: a b 2> faults &
    until grep -q b told 2> /dev/null; do sleep 0.05; done
    has 900000
    until grep -q end told; do sleep 0.05; done
    # Half a second later than it is looked at again, and again.
    sleep 2.5; has 1900000; sleep 1.5; cp told while
    has 4000000
    until [ $(grep -c '^b' told) = 2 ]; do sleep 0.05; done
    echo > gate.a; echo > gate.b
    wait $!; code=$?; cat while; echo; cat told faults; xqute explain 1; exit $code"#;

#[test]
fn where_memory_gets_short_the_youngest_job_makes_room_and_runs_again() {
    let (code, out, _) = bash(&format!("unshare -rm bash -c '{}'", MEMORY.replace('\'', r"'\''")));
    let (all, explained) = out.split_once("job 1").unwrap_or((&out, ""));
    assert_eq!((code, all), (Some(0), "a\nb\nend of b\n\na\nb\nend of b\nb\n"), "{out}");
    assert!(explained.contains("preempted"), "{explained}");
}
