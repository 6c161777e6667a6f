//! When is `Sun, 06 Nov 1994 08:49:37 GMT`?

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads a date as HTTP has them (RFC 9110, 5.6.7, the form that servers may write); of one before 1970, and of what is none,
/// `None`.
pub(super) fn read(text: &str) -> Option<SystemTime> {
    let (_, date) = text.split_once(", ")?;
    let words: Vec<&str> = date.split(' ').collect();
    let [day, month, year, time, "GMT"] = words[..] else { return None };
    let month = MONTHS.iter().position(|it| *it == month)? as u64 + 1;
    let (day, year) = (day.parse::<u64>().ok()?, year.parse::<u64>().ok()?);
    let clock: Vec<u64> = time.split(':').map_while(|it| it.parse().ok()).collect();
    let [hour, minute, second] = clock[..] else { return None };
    let is_one =
        (1..=31).contains(&day) && (1970..10_000).contains(&year) && hour < 24 && minute < 60 && second <= 60;
    if !is_one {
        return None;
    }
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    Some(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// The days from 1970 to a day; years begin in March here, so that a leap day is the last of its year.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before_1970 = 719_468;
    year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - before_1970
}
