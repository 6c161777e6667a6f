//! Which journals are tests about? One with every kind of record, and any other.

use std::borrow::Cow;
use std::io::{Cursor, Write};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::frame::{Damage, HEADER, header};
use super::given::Policy;
use super::holder::Holder;
use super::reader::Reader;
use super::words::{Bytes, Words};
use super::{By, Past, Record, Records, Used};

pub(super) const SALT: u64 = 0x1234_5678_9ABC_DEF0;

pub(super) fn holder() -> Holder<'static> {
    let (host, boot) = (Cow::from("host"), Cow::from("0a1b"));
    Holder { host, boot, namespace: 4_026_531_836, pid: 4711, start: 90_000 }
}

/// Every kind of record, each field that may be missing once there and once not.
pub(super) fn every_kind() -> Vec<Record<'static>> {
    let used = Some(Used { user: 1_500_000, system: 2, peak: 1 << 33, exact: false });
    let argv = Words::Read(vec![Bytes(b"echo"), Bytes(b""), Bytes(b"\xFF\n\0")]);
    let process = Some((4712, 90_001));
    let mut kinds = vec![
        Record::Run { id: "run-1", version: "0.1.0", scheduler: "local", holder: holder(), when: 1000 },
        Record::Fed { index: 0, digest: [7; 16], name: None, argv: argv.clone(), cwd: None },
        Record::Fed { index: 1, digest: [8; 16], name: Some("näme"), argv, cwd: Some(Bytes(b"/\xFE")) },
        Record::Submitting { index: 0, attempt: 0 },
        Record::Submitted { index: 0, attempt: 0, jid: "4712", process, when: 1001 },
        Record::Started { index: 0, attempt: 0, when: 1002 },
        Record::Failed { index: 0, attempt: 0, why: "exit code 3", rc: Some(3), usage: used, when: 1003 },
        Record::Submitted { index: 1, attempt: 0, jid: "", process: None, when: 1004 },
        Record::Started { index: 1, attempt: u32::MAX, when: u64::MAX },
        Record::Ended { index: 0, attempt: 1, status: 6, why: "", rc: Some(-1), usage: None, when: 1005 },
        Record::Failed { index: 1, attempt: 0, why: "", rc: None, usage: None, when: 1006 },
        Record::Submitting { index: 1, attempt: 1 },
        Record::Submitted { index: 1, attempt: 1, jid: "slurm.12", process: None, when: 1007 },
        Record::Ended {
            index: 2,
            attempt: 0,
            status: 8,
            why: "as was asked",
            rc: None,
            usage: used,
            when: 1,
        },
        Record::Done { when: 1009 },
        Record::Unstarted { index: 1, why: "the run was halted", when: 1010 },
        Record::RunIn { cwd: Bytes(b"/home/\xFF") },
        Record::Environment { index: 1, names: Words::Read(vec![Bytes(b"A"), Bytes(b"\xFF")]) },
        Record::Excused { index: 1, attempt: 1, why: "preempted", rc: None, usage: used, when: 1011 },
        Record::Submitting { index: 1, attempt: 2 },
        Record::Adopted { index: 1, attempt: 2, run: "run-1", jid: "slurm.13", process, when: 1012 },
        Record::Killing { index: 1, attempt: 2, by: By::Stop, when: 1013 },
        Record::Rules { forks: 300, retries: 3, timeout: Some(1500), halt: "now,fail=1", held: "delay=1s" },
        Record::Rules { forks: 1, retries: 0, timeout: None, halt: "", held: "" },
        Record::Retry { index: 1, attempt: 1, used: 1, retries: 3, wait: 2000, when: 1011 },
        Record::GaveUp { index: 1, attempt: 3, used: 3, retries: 3, covered: true, when: 1012 },
        Record::Stopped { why: "halted", by: Some(1), when: 1013 },
        Record::Stopped { why: "SIGINT", by: None, when: 1014 },
        Record::Waits { index: 1, on: vec![0, 300] },
        Record::Compacted { records: 70_000, when: 1015 },
    ];
    kinds.extend(of_jobs());
    kinds.push(Record::Killing { index: 1, attempt: 2, by: By::Fault, when: 1016 });
    kinds
}

/// What a job was given, and what became of it later.
fn of_jobs() -> Vec<Record<'static>> {
    vec![
        Record::Given {
            index: 1,
            tags: vec!["ä", ""],
            timeout: Some(Duration::new(1, 5)),
            retry: Some(policy()),
        },
        Record::Given { index: 1, tags: vec![], timeout: None, retry: None },
        Record::After { index: 1, on: vec![(0, true), (300, false)] },
        Record::ListEnded { jobs: 300, when: 1016 },
        Record::Output { kept: "bundle" },
        Record::Files {
            index: 1,
            inputs: Words::Read(vec![]),
            outputs: Words::Read(vec![Bytes(b"a b"), Bytes(b"\xFF")]),
        },
        Record::Held { index: 1, attempt: 2, plugin: "p", why: "no disk", wait: 30_000, when: 1017 },
    ]
}

fn policy() -> Policy {
    let (delay, max_delay) = (Duration::new(0, 300), Duration::MAX);
    Policy {
        retries: 2,
        delay,
        max_delay,
        jitter: true,
        only: Some(vec![(0, -1), (2, 0)]),
        except: vec![(1, 9)],
    }
}

/// A journal in memory, and where its records lie.
pub(super) struct Written<'a> {
    pub(super) records: &'a [Record<'a>],
    pub(super) places: Vec<Range<usize>>,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn written<'a>(records: &'a [Record<'a>]) -> Written<'a> {
    written_with(SALT, records)
}

pub(super) fn written_with<'a>(salt: u64, records: &'a [Record<'a>]) -> Written<'a> {
    let mut bytes = header(salt).to_vec();
    let mut places = Vec::new();
    let mut buffer = Records::new(salt, HEADER as u64);
    for record in records {
        let begin = bytes.len();
        buffer.push(record);
        buffer.hand_over(|more, _| bytes.write(more)).unwrap();
        places.push(begin..bytes.len());
    }
    Written { records, places, bytes }
}

impl Written<'_> {
    /// Which of the records are read from these bytes, each as it was written and where it was written; and what is told
    /// to be damaged. No byte goes without being told as one or the other.
    pub(super) fn read(&self, bytes: &[u8]) -> (Vec<usize>, Vec<Damage>) {
        let mut reader = Reader::new(Cursor::new(bytes), Path::new("journal")).unwrap();
        let (mut found, mut damage, mut told) = (Vec::new(), Vec::new(), HEADER.min(bytes.len()) as u64);
        while let Some(part) = reader.next().unwrap() {
            if part.at >= HEADER as u64 {
                assert_eq!(part.at, told);
                told += part.bytes;
            }
            let Some(record) = part.record else {
                damage.push(Damage { at: part.at, bytes: part.bytes });
                continue;
            };
            let at = self.places.iter().position(|it| it.start as u64 == part.at).unwrap();
            assert_eq!(record, self.records[at]);
            found.push(at);
        }
        assert_eq!(told, bytes.len() as u64);
        (found, damage)
    }

    /// The records whose frames have this property.
    pub(super) fn those(&self, property: impl Fn(&Range<usize>) -> bool) -> Vec<usize> {
        (0..self.places.len()).filter(|it| property(&self.places[*it])).collect()
    }
}

pub(super) fn place(range: &Range<usize>) -> Damage {
    Damage { at: range.start as u64, bytes: range.len() as u64 }
}

/// A journal in memory, to which runs write one after the other.
#[derive(Debug)]
pub(crate) struct Paper(Vec<u8>);

impl Paper {
    pub(crate) fn new() -> Self {
        Self(header(SALT).to_vec())
    }

    /// What the next run has to write.
    pub(crate) fn records(&self) -> Records {
        Records::new(SALT, self.0.len() as u64)
    }

    pub(crate) fn write(&mut self, records: &mut Records) {
        records.hand_over(|more, _| self.0.write(more)).unwrap();
    }

    fn reader(&self) -> Reader<Cursor<&[u8]>> {
        Reader::new(Cursor::new(&*self.0), Path::new("journal")).unwrap()
    }

    pub(crate) fn past(&self) -> Past {
        let (past, damage) = Past::read(&mut self.reader()).unwrap();
        assert_eq!(damage, []);
        past
    }

    /// The end of each job that is told, in their order: its index, and its status.
    pub(crate) fn ends(&self) -> Vec<(usize, u8)> {
        let (mut reader, mut ends) = (self.reader(), Vec::new());
        while let Some(part) = reader.next().unwrap() {
            if let Some(Record::Ended { index, status, .. }) = part.record {
                ends.push((index, status));
            }
        }
        ends
    }
}

/// What a record can be made of.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    kind: u8,
    number: (usize, u32, u64),
    text: String,
    words: Vec<Vec<u8>>,
    rc: Option<i32>,
    used: Option<(u64, bool)>,
}

prop_compose! {
    pub(super) fn parts()(
        kind in 0_u8..26,
        number in any::<(usize, u32, u64)>(),
        text in ".*",
        words in proptest::collection::vec(any::<Vec<u8>>(), 0..5),
        rc in any::<Option<i32>>(),
        used in any::<Option<(u64, bool)>>(),
    ) -> Parts {
        Parts { kind, number, text, words, rc, used }
    }
}

impl Parts {
    pub(super) fn record(&self) -> Record<'_> {
        let (text, rc, (index, attempt, when)) = (&*self.text, self.rc, self.number);
        let usage = self.used.map(|(peak, exact)| Used { user: when, system: peak, peak, exact });
        match self.kind {
            0 => Record::Run { id: text, version: text, scheduler: text, holder: holder(), when },
            1 => {
                let (name, argv) = (rc.map(|_| text), self.words.iter().map(|it| Bytes(it)).collect());
                let cwd = self.words.first().map(|it| Bytes(it));
                Record::Fed { index, digest: [attempt as u8; 16], name, argv: Words::Read(argv), cwd }
            }
            2 => Record::Submitting { index, attempt },
            3 => Record::Submitted { index, attempt, jid: text, process: rc.map(|it| (it, when)), when },
            4 => Record::Started { index, attempt, when },
            5 => Record::Failed { index, attempt, why: text, rc, usage, when },
            6 => Record::Ended { index, attempt, status: attempt as u8, why: text, rc, usage, when },
            7 => Record::Done { when },
            8 => Record::Unstarted { index, why: text, when },
            17 => Record::Excused { index, attempt, why: text, rc, usage, when },
            18 => {
                let process = rc.map(|it| (it, when));
                Record::Adopted { index, attempt, run: text, jid: text, process, when }
            }
            19 => {
                let by = [By::User, By::Timeout, By::Stop, By::Memory, By::Fault][attempt as usize % 5];
                Record::Killing { index, attempt, by, when }
            }
            9 => Record::RunIn { cwd: Bytes(text.as_bytes()) },
            10 => Record::Environment {
                index,
                names: Words::Read(self.words.iter().map(|it| Bytes(it)).collect()),
            },
            11 => {
                let timeout = rc.map(|_| when);
                Record::Rules { forks: index, retries: attempt, timeout, halt: text, held: text }
            }
            12 => Record::Retry { index, attempt, used: attempt, retries: attempt, wait: when, when },
            13 => {
                let covered = rc.is_some();
                Record::GaveUp { index, attempt, used: attempt, retries: attempt, covered, when }
            }
            15 => Record::Waits { index, on: vec![index; self.words.len()] },
            14 => Record::Stopped { why: text, by: rc.map(|_| index), when },
            20 => {
                let (tags, timeout) = (vec![text; self.words.len()], rc.map(|_| Duration::from_nanos(when)));
                Record::Given { index, tags, timeout, retry: usage.map(|_| policy()) }
            }
            21 => Record::After { index, on: vec![(index, rc.is_some()); self.words.len()] },
            22 => Record::ListEnded { jobs: index, when },
            23 => Record::Output { kept: text },
            24 => {
                let files = || Words::Read(self.words.iter().map(|it| Bytes(it)).collect());
                Record::Files { index, inputs: files(), outputs: files() }
            }
            25 => Record::Held { index, attempt, plugin: text, why: text, wait: when, when },
            _ => Record::Compacted { records: when, when },
        }
    }
}
