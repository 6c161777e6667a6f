//! Is a job among those of `3,7-9`?

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Reads jobs by their indices: `3`, or `0-3`, both ends included.
///
/// # Errors
///
/// It is neither: what to write, for people.
pub fn indices(text: &str) -> Result<RangeInclusive<usize>, String> {
    let digits =
        |it: &str| it.bytes().all(|it| it.is_ascii_digit()).then(|| it.parse::<usize>().ok()).flatten();
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (digits(first), digits(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        _ => Err("write the index of a job, from 0 on, as `3`, or a range of them, as `0-3`".to_owned()),
    }
}

/// Jobs by their indices: `3,7-9`, as the command line reads it. Written in order, without an overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indices(Vec<RangeInclusive<usize>>);

impl Indices {
    /// Whether a job's index is among them. Its cost grows with the logarithm of the number of ranges.
    #[must_use]
    pub fn contains(&self, index: usize) -> bool {
        let at = self.0.partition_point(|it| *it.end() < index);
        self.0.get(at).is_some_and(|it| *it.start() <= index)
    }
}

impl FromStr for Indices {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = |it: &str| indices(it.trim()).map_err(|why| format!("`{text}`: {why}"));
        let mut ranges = text.split(',').map(read).collect::<Result<Vec<_>, _>>()?;
        ranges.sort_by_key(|it| *it.start());
        let mut merged: Vec<RangeInclusive<usize>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(last) if *range.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=*last.end().max(range.end());
                }
                _ => merged.push(range),
            }
        }
        Ok(Self(merged))
    }
}

impl fmt::Display for Indices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, range) in self.0.iter().enumerate() {
            let gap = if at == 0 { "" } else { "," };
            match range.start() == range.end() {
                true => write!(f, "{gap}{}", range.start())?,
                false => write!(f, "{gap}{}-{}", range.start(), range.end())?,
            }
        }
        Ok(())
    }
}

impl Serialize for Indices {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

xqute::config_word!(Indices, "text or number");

impl<'de> Deserialize<'de> for Indices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IndicesVisitor)
    }
}

struct IndicesVisitor;

impl Visitor<'_> for IndicesVisitor {
    type Value = Indices;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("indices of jobs, as `3,7-9`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Indices, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, index: u64) -> Result<Indices, E> {
        self.visit_str(&index.to_string())
    }

    fn visit_i64<E: Error>(self, index: i64) -> Result<Indices, E> {
        self.visit_str(&index.to_string())
    }
}
