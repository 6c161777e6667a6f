//! How are several mistakes told at once?

use syn::{Error, Result};

/// All of the errors as one, if there is any.
pub(crate) fn all(errors: impl IntoIterator<Item = Error>) -> Result<()> {
    let together = errors.into_iter().reduce(|mut together, error| {
        together.combine(error);
        together
    });
    together.map_or(Ok(()), Err)
}

/// The values, or all of the errors.
pub(crate) fn gather<T>(results: impl IntoIterator<Item = Result<T>>) -> Result<Vec<T>> {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(error) => errors.push(error),
        }
    }
    all(errors).map(|()| values)
}
