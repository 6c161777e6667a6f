//! Is what one side says what the other hears?

use std::ffi::CString;

use proptest::prelude::*;

use super::*;
use crate::backend::local::record::tests::records;

fn text() -> impl Strategy<Value = CString> {
    prop::collection::vec(1..=255_u8, 0..20).prop_map(|it| CString::new(it).unwrap())
}

fn refs(all: &[CString]) -> Vec<&CStr> {
    all.iter().map(CString::as_c_str).collect()
}

fn replies() -> impl Strategy<Value = Reply> {
    prop_oneof![
        (any::<u32>(), prop::collection::vec(records(), 0..5))
            .prop_map(|(version, live)| Reply::Welcome { version, live }),
        records().prop_map(Reply::Told),
        (1..=6_u8, any::<i32>()).prop_map(|(stage, errno)| {
            Reply::Refused(NotStarted { stage: Stage::from_number(stage).unwrap(), errno })
        }),
        Just(Reply::Signalled),
        any::<i32>().prop_map(|errno| Reply::Held { errno }),
    ]
}

/// Every message in these bytes.
fn messages(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let Some((one, size)) = message(bytes).unwrap() {
        found.push(one);
        bytes = &bytes[size..];
    }
    assert!(bytes.is_empty());
    found
}

proptest! {
    #[test]
    fn requests_arrive(
        argv in prop::collection::vec(text(), 0..6), env in prop::collection::vec(text(), 0..6),
        [cwd, stdout, stderr] in [text(), text(), text()], numbers in any::<(u64, u64, u32, bool)>(),
        processes in prop::collection::vec(any::<(i32, u64)>(), 0..6),
    ) {
        let (run, index, number, append) = numbers;
        let (argv, env) = (refs(&argv), refs(&env));
        let (cwd, stdout, stderr) = (cwd.as_c_str(), stdout.as_c_str(), stderr.as_c_str());
        let attempt = Attempt { run, index, number };
        let how = if append { Kill::Kill } else { Kill::Term };
        let requests = [
            Request::Hello { version: number, cwd, env: env.clone() },
            Request::Start(Start {
                attempt,
                at_once: number,
                argv: argv.clone(),
                env: env.clone(),
                cwd,
                output: To::Files { stdout, stderr, append },
            }),
            Request::Start(Start { attempt, at_once: 1, argv, env, cwd, output: To::Bundle { directory: stdout } }),
            Request::Kill { how, processes },
            Request::Withdraw,
        ];
        let mut bytes = Vec::new();
        requests.iter().for_each(|it| it.encode(&mut bytes));
        let heard: Vec<_> = messages(&bytes).into_iter().map(|it| Request::decode(it).unwrap()).collect();
        prop_assert_eq!(&heard[..], &requests[..]);
        // No part of one is a message.
        for one in messages(&bytes) {
            for size in 0..one.len() {
                // A kill of fewer processes is one too.
                prop_assert!(Request::decode(&one[..size]).is_err() || one[0] == 3);
            }
        }
    }

    #[test]
    fn replies_arrive(replies in prop::collection::vec(replies(), 0..6)) {
        let mut bytes = Vec::new();
        replies.iter().for_each(|it| it.encode(&mut bytes));
        let heard: Vec<_> = messages(&bytes).into_iter().map(|it| Reply::decode(it).unwrap()).collect();
        prop_assert_eq!(heard, replies);
    }

    #[test]
    fn any_bytes_at_all_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = Request::decode(&bytes);
        let _ = Reply::decode(&bytes);
        if let Ok(Some((_, size))) = message(&bytes) {
            prop_assert!(size <= bytes.len());
        }
    }
}

#[test]
fn a_message_that_is_not_all_there_is_waited_for_and_one_too_long_is_none() {
    let mut bytes = Vec::new();
    Reply::Signalled.encode(&mut bytes);
    for size in 0..bytes.len() {
        assert_eq!(message(&bytes[..size]), Ok(None));
    }
    assert_eq!(message(&[255; 8]), Err(Broken));
}

#[test]
fn variables_are_not_shown() {
    let start = Start {
        attempt: Attempt { run: 1, index: 2, number: 3 },
        at_once: 1,
        argv: vec![c"echo"],
        env: vec![c"TOKEN=secret"],
        cwd: c"",
        output: To::Files { stdout: c"/o", stderr: c"/e", append: false },
    };
    assert!(!format!("{:?}", Request::Start(start)).contains("secret"));
    let hello = Request::Hello { version: 1, cwd: c"", env: vec![c"TOKEN=secret"] };
    assert!(!format!("{hello:?}").contains("secret"));
}
