//! How is a time or a size read that somebody wrote? As the command line reads it, which uses these functions.

use std::fmt;
use std::time::Duration;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[cfg(test)]
mod tests;

/// Reads `30`, `30s`, `1.5m`, `2h`, `1d`, `500ms`, `1h30m`; a number alone is seconds.
///
/// # Errors
///
/// It is none of these: what to write, for people.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || {
        format!("`{text}` is no time: write seconds (`30`), or numbers with ms, s, m, h or d (`5m`, `1h30m`)")
    };
    let (mut rest, mut seconds, mut last) = (text, 0.0, f64::INFINITY);
    loop {
        let digits = rest.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(rest.len());
        let (number, behind) = rest.split_at(digits);
        let length = behind.find(|it: char| !it.is_ascii_lowercase()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(length);
        let scale = match unit {
            "ms" => 0.001,
            "" if rest == text => 1.0,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return Err(wrong()),
        };
        // From large to small, each once.
        if scale >= last {
            return Err(wrong());
        }
        seconds += number.parse::<f64>().map_err(|_| wrong())? * scale;
        if behind.is_empty() {
            return Duration::try_from_secs_f64(seconds).map_err(|_| wrong());
        }
        (rest, last) = (behind, scale);
    }
}

/// Reads `500000`, `512M`, `2g`, in bytes: with K, M, G, T of 1024, with k, m, g, t of 1000, as GNU parallel reads sizes.
///
/// # Errors
///
/// It is none of these, or less than a byte: what to write, for people.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let powers = ["", "K", "M", "G", "T"];
    let power = |unit: &str| powers.iter().position(|it| *it == unit);
    let scale = match (power(unit), power(&unit.to_uppercase())) {
        (Some(power), _) => 1024_f64.powi(i32::try_from(power).unwrap_or(0)),
        (None, Some(power)) => 1000_f64.powi(i32::try_from(power).unwrap_or(0)),
        (None, None) => f64::NAN,
    };
    let bytes = number.parse::<f64>().map_or(f64::NAN, |it| it * scale);
    // A size has no fraction of a byte.
    if (1.0..1e18).contains(&bytes) {
        Ok(bytes as u64)
    } else {
        Err(format!(
            "`{text}` is no size: write bytes, or a number with K, M, G or T (of 1024; k, m, g, t: of 1000), as `2G`"
        ))
    }
}

/// A time in a configuration: a text that [`duration`] reads, or a number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub Duration);

impl Time {
    /// So many seconds.
    #[must_use]
    pub const fn secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

/// For people, in a form that is read again: `90s`, `1.5s`, `250ms`, with three digits behind the point at most: what is below half a microsecond is none.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        let is_short = seconds > 0.0 && seconds < 1.0;
        let (number, unit) = if is_short { (seconds * 1000.0, "ms") } else { (seconds, "s") };
        let number = format!("{number:.3}");
        write!(f, "{}{unit}", number.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// As a text of seconds, with nine digits behind the point where it needs any.
impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.subsec_nanos() {
            0 => serializer.collect_str(&format_args!("{}s", self.0.as_secs())),
            nanos => serializer.collect_str(&format_args!("{}.{nanos:09}s", self.0.as_secs())),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimeVisitor)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Time;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time: seconds, or a text as `90s` or `2h`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
        duration(text).map(Time).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Time, E> {
        Ok(Time::secs(seconds))
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Time, E> {
        let wrong = |_| E::invalid_value(Unexpected::Signed(seconds), &self);
        u64::try_from(seconds).map(Time::secs).map_err(wrong)
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<Time, E> {
        let wrong = |_| E::invalid_value(Unexpected::Float(seconds), &self);
        Duration::try_from_secs_f64(seconds).map(Time).map_err(wrong)
    }
}

/// A size in a configuration, in bytes: a text that [`size`] reads, or a number. Never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Size(pub u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size: bytes, from 1 on, or a text as `512M` or `2G`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
        size(text).map(Size).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, bytes: u64) -> Result<Size, E> {
        match bytes {
            0 => Err(E::invalid_value(Unexpected::Unsigned(0), &self)),
            bytes => Ok(Size(bytes)),
        }
    }

    fn visit_i64<E: Error>(self, bytes: i64) -> Result<Size, E> {
        let wrong = |_| E::invalid_value(Unexpected::Signed(bytes), &self);
        u64::try_from(bytes).map_err(wrong).and_then(|it| self.visit_u64(it))
    }
}
