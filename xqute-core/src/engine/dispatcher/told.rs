//! Whom is which moment told? For jobs with declared outputs there may be hooks that are for no other.

use crate::engine::jobs::Entry;
use crate::job::Moment;

/// The moments that have hooks.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Told {
    /// Of a job with declared outputs,
    pub(in crate::engine) all: Vec<Moment>,
    /// and of one without.
    pub(in crate::engine) bare: Vec<Moment>,
}

impl Told {
    pub(in crate::engine) fn has(&self, moment: Moment) -> bool {
        among(&self.all, moment)
    }

    /// Whether it has hooks that are about jobs without declared outputs too.
    pub(in crate::engine) fn has_for_all(&self, moment: Moment) -> bool {
        among(&self.bare, moment)
    }

    pub(super) fn has_for(&self, entry: &Entry, moment: Moment) -> bool {
        among(if entry.spec().given_outputs().is_empty() { &self.bare } else { &self.all }, moment)
    }
}

fn among(moments: &[Moment], moment: Moment) -> bool {
    moments.iter().any(|it| std::mem::discriminant(it) == std::mem::discriminant(&moment))
}
