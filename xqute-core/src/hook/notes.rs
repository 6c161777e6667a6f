//! What do plugins want people to know at the end of a run? A line each, and not too many.

use std::sync::{Mutex, PoisonError};

/// So many notes are kept; of others is told how many there were.
const NOTES_KEPT: usize = 100;
/// The longest note, in characters.
const LONGEST: usize = 2_000;

/// The notes of a run, in the order in which they were made, each once.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<(Vec<String>, usize)>);

impl Notes {
    /// Takes one, unless there is an equal one.
    pub(super) fn add(&self, text: &str) {
        let (text, mut notes) = (line(text), self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let (kept, others) = &mut *notes;
        match kept.len() {
            _ if text.is_empty() || kept.contains(&text) => {}
            NOTES_KEPT.. => *others += 1,
            _ => kept.push(text),
        }
    }

    pub(super) fn all(&self) -> Vec<String> {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let others = (notes.1 > 0).then(|| format!("plugins had {} more notes", notes.1));
        notes.0.iter().cloned().chain(others).collect()
    }
}

/// A text as one line that does nothing to a terminal.
pub(super) fn line(text: &str) -> String {
    let plain = |it: char| if it.is_control() { ' ' } else { it };
    let mut line: String = text.trim().chars().take(LONGEST).map(plain).collect();
    if text.trim().chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_a_line_and_is_kept_once() {
        let notes = Notes::default();
        for text in ["b", "a\n\x1b[31mc ", "b", " \n"] {
            notes.add(text);
        }
        assert_eq!(notes.all(), ["b", "a  [31mc"]);
    }

    #[test]
    fn whoever_makes_too_many_or_too_long_ones_fills_no_memory() {
        let notes = Notes::default();
        (0..NOTES_KEPT + 7).for_each(|it| notes.add(&it.to_string()));
        let all = notes.all();
        assert_eq!((all.len(), all.last().unwrap().as_str()), (NOTES_KEPT + 1, "plugins had 7 more notes"));
        let notes = Notes::default();
        notes.add(&"é".repeat(3_000));
        assert_eq!(notes.all(), ["é".repeat(LONGEST) + "…"]);
    }
}
