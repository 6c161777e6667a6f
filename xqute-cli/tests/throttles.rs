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
