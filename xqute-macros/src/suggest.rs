//! What was probably meant?

/// The candidate that is closest to `word`, if one is close.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let enough = 1 + word.chars().count() / 4;
    let near = candidates
        .into_iter()
        .map(|it| (strsim::osa_distance(word, it), it))
        .filter(|(far, _)| *far <= enough);
    near.min().map(|(_, it)| it)
}

/// `; did you mean …?`, or nothing.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(word, candidates).map(|it| format!("; did you mean `{it}`?"))
}

/// Names in backquotes, separated by commas.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_a_stranger_is_not() {
        assert_eq!(closest("on_job_strated", ["on_job_started", "on_job_submitted"]), Some("on_job_started"));
        assert_eq!(closest("jb", ["run", "scheduler", "job"]), Some("job"));
        assert_eq!(closest("retries", ["run", "scheduler", "job"]), None);
    }
}
