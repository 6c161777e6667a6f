//! Is it time? A part of the day, on some days of the week, in a time zone.

use std::fmt;
use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::Day;

/// From one time of day to another, on some days. One that ends before it begins goes on into the next day.
#[derive(Debug, Clone)]
pub(super) struct Window {
    from: Time,
    to: Time,
    /// From Monday on.
    days: [bool; 7],
    zone: TimeZone,
    /// In the words of the configuration.
    text: String,
}

impl Window {
    /// What makes no sense is told.
    pub(super) fn new(between: Option<&str>, days: &[Day], zone: Option<&str>) -> Result<Self, String> {
        let (from, to) = match between {
            Some(text) => times(text)
                .ok_or_else(|| format!("`between = \"{text}\"` is no time of day: write \"22:00-06:00\""))?,
            None => (Time::MIN, Time::MIN),
        };
        let (zone, named) = match zone {
            Some(name) => {
                let zone = TimeZone::get(name);
                (zone.map_err(|why| format!("`time_zone = \"{name}\"`: {why}"))?, format!(" ({name})"))
            }
            None => (systems(TimeZone::try_system())?, String::new()),
        };
        let mut on = [days.is_empty(); 7];
        days.iter().for_each(|day| on[*day as usize] = true);
        let names: Vec<_> = days.iter().map(|it| format!("{it:?}").to_lowercase()).collect();
        let days = if names.is_empty() { String::new() } else { format!(" on {}", names.join(", ")) };
        let text = format!("{}{days}{named}", between.unwrap_or("any time"));
        Ok(Self { from, to, days: on, zone, text })
    }

    /// How long it is shut; `None`: it is open.
    pub(super) fn opens_in(&self, now: Timestamp) -> Option<Duration> {
        let here = now.to_zoned(self.zone.clone());
        let (today, time) = (here.date(), here.time());
        if self.is_open(today, time) {
            return None;
        }
        // A week on, the same day comes again.
        let next = (0..=7).filter_map(|days| {
            let date = today.checked_add(days.days()).ok().filter(|it| self.has(*it))?;
            let opens = self.zone.to_zoned(date.to_datetime(self.from)).ok()?.timestamp();
            (opens > now).then(|| opens.duration_since(now).unsigned_abs())
        });
        // Behind the end of the calendar nothing opens.
        Some(next.min().unwrap_or(Duration::MAX))
    }

    fn is_open(&self, today: Date, time: Time) -> bool {
        let begun = self.has(today) && time >= self.from;
        if self.from < self.to {
            return begun && time < self.to;
        }
        let since_yesterday = today.yesterday().is_ok_and(|it| self.has(it)) && time < self.to;
        begun || since_yesterday
    }

    fn has(&self, date: Date) -> bool {
        let day = match date.weekday() {
            Weekday::Monday => 0,
            Weekday::Tuesday => 1,
            Weekday::Wednesday => 2,
            Weekday::Thursday => 3,
            Weekday::Friday => 4,
            Weekday::Saturday => 5,
            Weekday::Sunday => 6,
        };
        self.days[day]
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Not UTC, where the system's is not known: night would be day there.
fn systems(zone: Result<TimeZone, jiff::Error>) -> Result<TimeZone, String> {
    zone.map_err(|why| {
        format!(
            "the system's time zone is not known: give `time_zone`, as \"Europe/Berlin\" or \"UTC\": {why}"
        )
    })
}

/// `22:00-06:00`; `24:00` ends a day.
fn times(text: &str) -> Option<(Time, Time)> {
    let (from, to) = text.split_once('-')?;
    let time = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let number = |it: &str| it.bytes().all(|it| it.is_ascii_digit()).then(|| it.parse().ok()).flatten();
        Time::new(number(hour)?, number(minute).filter(|_| minute.len() == 2)?, 0, 0).ok()
    };
    let to = if to.trim() == "24:00" { Time::MIN } else { time(to)? };
    Some((time(from)?, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds until it opens; 0: it is open.
    fn shut(window: &Window, now: &str) -> u64 {
        let now: Timestamp = now.parse().unwrap();
        window.opens_in(now).map_or(0, |it| it.as_secs())
    }

    #[test]
    fn a_window_by_day_and_one_by_night() {
        let day = Window::new(Some("08:00-18:00"), &[], Some("UTC")).unwrap();
        assert_eq!(shut(&day, "2026-11-29T08:00:00Z"), 0);
        assert_eq!(shut(&day, "2026-11-29T17:59:59Z"), 0);
        assert_eq!(shut(&day, "2026-11-29T18:00:00Z"), 14 * 3600);
        let night = Window::new(Some("22:00 - 6:00"), &[], Some("UTC")).unwrap();
        assert_eq!((shut(&night, "2026-11-29T05:59:00Z"), shut(&night, "2026-11-29T23:00:00Z")), (0, 0));
        assert_eq!(shut(&night, "2026-11-29T06:00:00Z"), 16 * 3600);
        let late = Window::new(Some("08:00-24:00"), &[], Some("UTC")).unwrap();
        assert_eq!((shut(&late, "2026-11-29T23:59:59Z"), shut(&late, "2026-11-29T00:00:00Z")), (0, 8 * 3600));
    }

    #[test]
    fn a_night_is_of_the_day_that_it_begins_on() {
        // 2026-11-28 is a Saturday.
        let night = Window::new(Some("22:00-06:00"), &[Day::Fri, Day::Sat], Some("UTC")).unwrap();
        assert_eq!((shut(&night, "2026-11-28T05:00:00Z"), shut(&night, "2026-11-29T05:00:00Z")), (0, 0));
        assert_eq!(shut(&night, "2026-11-29T22:00:00Z"), 5 * 86_400);
        assert_eq!(shut(&night, "2026-11-27T05:00:00Z"), 17 * 3600);
        let weekend = Window::new(None, &[Day::Sat, Day::Sun], Some("UTC")).unwrap();
        assert_eq!(
            (shut(&weekend, "2026-11-29T23:00:00Z"), shut(&weekend, "2026-11-30T00:00:00Z")),
            (0, 5 * 86_400)
        );
        assert_eq!(weekend.to_string(), "any time on sat, sun (UTC)");
    }

    #[test]
    fn summer_time_begins_and_the_clock_of_the_zone_counts() {
        // On 2026-03-29 clocks in Berlin go from 02:00 to 03:00.
        let window = Window::new(Some("03:30-04:00"), &[], Some("Europe/Berlin")).unwrap();
        assert_eq!(shut(&window, "2026-03-29T00:30:00Z"), 3600, "half past one, and two hours by the clock");
        assert_eq!(shut(&window, "2026-03-29T01:30:00Z"), 0);
        let gap = Window::new(Some("02:30-04:00"), &[], Some("Europe/Berlin")).unwrap();
        assert_eq!(shut(&gap, "2026-03-29T01:00:00Z"), 0, "half past two does not come, and is over");
    }

    #[test]
    fn what_is_no_time_is_told() {
        for text in ["22:00", "22-6", "25:00-1:00", "24:00-6:00", "1:5-2:00", "a:00-b:00", "+1:00-2:00"] {
            let why = Window::new(Some(text), &[], None).unwrap_err();
            assert!(why.contains(text) && why.contains("22:00-06:00"), "{why}");
        }
        let why = Window::new(None, &[Day::Mon], Some("Mars/Olympus")).unwrap_err();
        assert!(why.contains("Mars/Olympus"), "{why}");
        let why = systems(TimeZone::get("Mars/Olympus")).unwrap_err();
        assert!(why.contains("give `time_zone`"), "{why}");
    }
}
