//! What were jobs given, and what did they use of it? A table of groups, for the end of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::measured::{Figure, Measured};

/// So many groups are told, those with the most CPU time first,
const TOLD: usize = 10;
/// and so many are kept apart.
const KEPT: usize = 1000;

const HEADS: [&str; 7] = ["used by", "attempts", "time limit", "longest", "cpus", "memory", "processes"];

/// Attempts that are of one kind.
#[derive(Debug, Default, Clone)]
struct Group {
    attempts: u64,
    /// The longest limit, where all have one.
    limit: Option<Duration>,
    longest: Duration,
    wall: Duration,
    cpu: Duration,
    memory: Option<u64>,
    largest: Option<Figure<u64>>,
    processes: u64,
}

/// All groups.
#[derive(Debug, Default)]
pub(super) struct Asked {
    groups: BTreeMap<String, Group>,
    /// How many attempts are in none, because there were too many groups.
    others: u64,
}

impl Asked {
    /// Takes in an attempt that had so much time.
    pub(super) fn take(&mut self, measured: &Measured, limit: Option<Duration>) {
        let Some(wall) = measured.attempt.wall().map(Duration::from_millis) else { return };
        let name = group(measured);
        if self.groups.len() >= KEPT && !self.groups.contains_key(&name) {
            self.others += 1;
            return;
        }
        let group = self.groups.entry(name).or_default();
        group.limit = if group.attempts == 0 { limit } else { group.limit.zip(limit).map(|(a, b)| a.max(b)) };
        group.attempts += 1;
        group.longest = group.longest.max(wall);
        group.wall += wall;
        group.cpu += measured.cpu().unwrap_or_default();
        group.memory = group.memory.max(measured.memory());
        group.processes = group.processes.max(measured.sampled.processes);
        let largest = measured.largest();
        if largest.map(Figure::value) > group.largest.map(Figure::value) {
            group.largest = largest;
        }
    }

    /// A table, a line a group; none where nothing ran.
    pub(super) fn tell(&self) -> Vec<String> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by(|a, b| b.1.cpu.cmp(&a.1.cpu).then(a.0.cmp(b.0)));
        let mut rows: Vec<_> = groups.iter().take(TOLD).map(|(name, group)| group.row(name)).collect();
        if rows.is_empty() {
            return Vec::new();
        }
        rows.insert(0, HEADS.map(str::to_owned));
        let width = |at: usize| rows.iter().map(|it| it[at].chars().count()).max().unwrap_or_default();
        let widths: [usize; 7] = std::array::from_fn(width);
        let line = |row: &[String; 7]| {
            let cells = row.iter().zip(widths).enumerate().map(|(at, (cell, width))| match at {
                0 => format!("{cell:<width$}"),
                _ => format!("  {cell:>width$}"),
            });
            cells.collect()
        };
        let mut lines: Vec<String> = rows.iter().map(line).collect();
        let untold = self.others + groups.iter().skip(TOLD).map(|it| it.1.attempts).sum::<u64>();
        if untold > 0 {
            lines.push(format!("and {untold} attempts of other groups"));
        }
        lines
    }
}

impl Group {
    fn row(&self, name: &str) -> [String; 7] {
        let cpus = self.cpu.as_secs_f64() / self.wall.as_secs_f64().max(0.001);
        let memory = match (self.memory, self.largest) {
            (Some(bytes), _) => format!(">= {}", size(bytes)),
            // Of jobs that were too short to be looked at, and smaller than what started them.
            (None, Some(Figure::AtMost(bytes))) => format!("<= {} each process", size(bytes)),
            (None, _) => "-".to_owned(),
        };
        let processes = if self.processes > 0 { format!(">= {}", self.processes) } else { "-".to_owned() };
        [
            name.to_owned(),
            self.attempts.to_string(),
            self.limit.map_or_else(|| "none".to_owned(), time),
            time(self.longest),
            format!(">= {cpus:.1}"),
            memory,
            processes,
        ]
    }
}

/// What a job is called with others of its kind: its first tag, its name without a number at its end, or its program.
fn group(measured: &Measured) -> String {
    let attempt = &measured.attempt;
    let of_name = |name: &String| {
        let stem = name.trim_end_matches(|it: char| it.is_ascii_digit()).trim_end_matches(['-', '_', '.']);
        if stem.is_empty() { name.clone() } else { stem.to_owned() }
    };
    let name = attempt.tags.first().cloned().or_else(|| attempt.name.as_ref().map(of_name));
    let mut name = name.unwrap_or_else(|| measured.program.clone());
    if let Some((end, _)) = name.char_indices().nth(40) {
        name.truncate(end);
    }
    name.replace(char::is_control, " ")
}

fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{:.1}s", time.as_secs_f64()),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

fn size(bytes: u64) -> String {
    let units = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB")];
    let (scale, unit) = units.into_iter().find(|(scale, _)| bytes >= *scale).unwrap_or((1000, "kB"));
    format!("{:.1} {unit}", bytes as f64 / scale as f64)
}
