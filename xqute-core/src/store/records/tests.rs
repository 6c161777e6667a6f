//! Does each byte get to its place, once, whatever the disk does?

use std::io::Write;

use super::*;
use crate::store::frame::{HEADER, header};
use crate::store::samples::{SALT, every_kind, written};

#[test]
fn what_is_too_long_for_a_record_is_written_without_its_text() {
    let text = "x".repeat(LONGEST);
    let ended = |why| Record::Ended { index: 3, attempt: 1, status: 7, why, rc: None, usage: None, when: 9 };
    let mut buffer = Records::new(SALT, HEADER as u64);
    let mut bytes = header(SALT).to_vec();
    buffer.push(&ended(&text));
    buffer.push(&Record::Done { when: 1 });
    buffer.hand_over(|more, _| bytes.write(more)).unwrap();
    let records = [ended(""), Record::Done { when: 1 }];
    assert_eq!(written(&records).read(&bytes), (vec![0, 1], vec![]));
}

/// What a disk does: it takes so many bytes at a call, and fails at every other call.
#[test]
fn a_write_that_fails_after_any_number_of_bytes_goes_on_where_it_stopped() {
    let records = every_kind();
    let journal = written(&records);
    for step in 1..=journal.bytes.len() {
        let mut bytes = header(SALT).to_vec();
        let mut buffer = Records::new(SALT, HEADER as u64);
        for record in &records {
            buffer.push(record);
            let mut fails = false;
            let failed = buffer.hand_over(|more, at| {
                assert_eq!(at, bytes.len() as u64, "each byte in its place, once");
                fails = !fails;
                if fails { bytes.write(&more[..more.len().min(step)]) } else { Err(no_space()) }
            });
            assert!(failed.is_ok() || failed.unwrap_err().kind() == io::ErrorKind::StorageFull);
            let (found, damage) = journal.read(&bytes);
            assert_eq!(found, journal.those(|it| it.end <= bytes.len()), "sound at any time");
            assert!(damage.len() <= 1);
        }
        buffer.hand_over(|more, _| bytes.write(more)).unwrap();
        assert!(buffer.is_empty() && bytes == journal.bytes, "{step} at a time");
    }
}

#[test]
fn a_call_that_was_interrupted_is_made_again_and_one_that_writes_nothing_is_an_error() {
    let mut buffer = Records::new(SALT, 0);
    buffer.push(&Record::Done { when: 1 });
    let error = buffer.hand_over(|_, _| Ok(0)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    let mut answers = [Err(io::ErrorKind::Interrupted.into()), Ok(1), Err(no_space())].into_iter();
    assert!(buffer.hand_over(|_, _| answers.next().unwrap()).is_err());
    assert!(answers.next().is_none() && !buffer.is_empty());
}

#[test]
fn a_warm_buffer_does_not_grow() {
    let mut buffer = Records::new(SALT, 0);
    let fill =
        |buffer: &mut Records| (0..1000).for_each(|_| every_kind().iter().for_each(|it| buffer.push(it)));
    let place = |buffer: &mut Records| {
        let mut found = (std::ptr::null(), 0);
        buffer
            .hand_over(|bytes, _| {
                found = (bytes.as_ptr(), bytes.len());
                Ok(bytes.len())
            })
            .unwrap();
        found
    };
    fill(&mut buffer);
    let first = place(&mut buffer);
    fill(&mut buffer);
    assert_eq!(place(&mut buffer), first, "it lies where it lay");
}

fn no_space() -> io::Error {
    io::Error::from_raw_os_error(28)
}
