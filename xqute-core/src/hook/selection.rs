//! Which plugins does a run ask for? The grammar of a selection, and what it means for what is linked.

use thiserror::Error;

/// A selection that makes no sense, or names what is not there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// Plain and signed names in one selection.
    #[error(
        "the plugin selection mixes `{plain}` with `{signed}`: either name only plugins to use (`{plain}`), or give every name a + or -"
    )]
    Mixed {
        /// A name without a sign.
        plain: String,
        /// A name with one.
        signed: String,
    },
    /// A name that is given twice.
    #[error("the plugin selection names `{0}` twice: leave one out")]
    Twice(String),
    /// A name with no letter in it.
    #[error("the plugin selection has an empty name: write NAME, +NAME or -NAME")]
    Empty,
    /// A name that no linked plugin has.
    #[error("no plugin is named `{name}`{}; linked are: {}", did_you_mean(.suggestion.as_deref()), list(.linked))]
    Unknown {
        /// The name.
        name: String,
        /// A linked name that is close to it.
        suggestion: Option<String>,
        /// The names that are linked.
        linked: Vec<String>,
    },
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!(", did you mean `{name}`?")).unwrap_or_default()
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none (a program links plugins with `xqute::link_plugins!();` or `.plugins(xqute::plugins![…])`)".to_owned();
    }
    names.join(", ")
}

/// What a run asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Selection {
    /// What is on by default.
    #[default]
    Default,
    /// These, in this order.
    Only(Vec<String>),
    /// What is on by default, and these, without those.
    Change { add: Vec<String>, remove: Vec<String> },
}

/// A plugin as a selection sees it.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'a> {
    pub(super) name: &'a str,
    pub(super) on_by_default: bool,
}

impl Selection {
    /// Reads `["a", "b"]`, `["-a"]`, `["+a"]`. No names: the default.
    pub(super) fn parse<N: AsRef<str>>(names: &[N]) -> Result<Self, SelectionError> {
        let (mut plain, mut add, mut remove) = (Vec::new(), Vec::new(), Vec::new());
        for name in names.iter().map(AsRef::as_ref) {
            let (list, bare) = match name.as_bytes().first() {
                Some(b'+') => (&mut add, &name[1..]),
                Some(b'-') => (&mut remove, &name[1..]),
                _ => (&mut plain, name),
            };
            if bare.trim().is_empty() {
                return Err(SelectionError::Empty);
            }
            list.push(bare.to_owned());
        }
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = plain.iter().chain(&add).chain(&remove).find(|name| !seen.insert(same(name))) {
            return Err(SelectionError::Twice(twice.clone()));
        }
        let signed =
            remove.first().map(|name| format!("-{name}")).or(add.first().map(|name| format!("+{name}")));
        match (plain.first(), signed) {
            (Some(plain), Some(signed)) => Err(SelectionError::Mixed { plain: plain.clone(), signed }),
            (Some(_), None) => Ok(Self::Only(plain)),
            (None, Some(_)) => Ok(Self::Change { add, remove }),
            (None, None) => Ok(Self::Default),
        }
    }

    /// The candidates that are on, in the order of their calls. `candidates` are in their own order.
    pub(super) fn resolve(&self, candidates: &[Candidate<'_>]) -> Result<Vec<usize>, SelectionError> {
        let find = |name: &String| position(name, candidates);
        let on = candidates.iter().enumerate().filter(|(_, it)| it.on_by_default).map(|(at, _)| at);
        match self {
            Self::Default => Ok(on.collect()),
            Self::Only(names) => names.iter().map(find).collect(),
            Self::Change { add, remove } => {
                let add: Vec<usize> = add.iter().map(find).collect::<Result<_, _>>()?;
                let remove: Vec<usize> = remove.iter().map(find).collect::<Result<_, _>>()?;
                let on: Vec<usize> = on.collect();
                let wanted = |at: &usize| (on.contains(at) || add.contains(at)) && !remove.contains(at);
                Ok((0..candidates.len()).filter(wanted).collect())
            }
        }
    }
}

/// Where `name` stands among the candidates.
pub(super) fn position(name: &str, candidates: &[Candidate<'_>]) -> Result<usize, SelectionError> {
    candidates.iter().position(|it| same(it.name) == same(name)).ok_or_else(|| SelectionError::Unknown {
        name: name.to_owned(),
        suggestion: closest(name, candidates.iter().map(|it| it.name)).map(str::to_owned),
        linked: candidates.iter().map(|it| it.name.to_owned()).collect(),
    })
}

/// A name as it is compared: a crate's `_` is a command line's `-`.
pub(crate) fn same(name: &str) -> String {
    name.replace('_', "-")
}

/// The name that was probably meant.
pub(super) fn closest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let enough = 1 + name.chars().count() / 3;
    names
        .map(|it| (strsim::osa_distance(name, it), it))
        .filter(|(far, _)| *far <= enough)
        .min()
        .map(|(_, it)| it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn candidates() -> Vec<Candidate<'static>> {
        let it = |(name, on_by_default)| Candidate { name, on_by_default };
        [("a", true), ("b", true), ("quiet-one", false)].map(it).into()
    }

    fn names(selected: &[&str]) -> Result<Vec<&'static str>, SelectionError> {
        let candidates = candidates();
        let on = Selection::parse(selected)?.resolve(&candidates)?;
        Ok(on.into_iter().map(|at| candidates[at].name).collect())
    }

    #[test]
    fn the_grammar_of_the_page() {
        assert_eq!(names(&[]), Ok(vec!["a", "b"]));
        assert_eq!(names(&["b", "a"]), Ok(vec!["b", "a"]));
        assert_eq!(names(&["-a"]), Ok(vec!["b"]));
        assert_eq!(names(&["+quiet_one"]), Ok(vec!["a", "b", "quiet-one"]));
        assert_eq!(names(&["+quiet-one", "-b"]), Ok(vec!["a", "quiet-one"]));
        assert_eq!(names(&["quiet-one"]), Ok(vec!["quiet-one"]));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let text = |selected: &[&str]| names(selected).unwrap_err().to_string();
        assert!(text(&["a", "-b"]).contains("mixes `a` with `-b`"));
        assert!(text(&["+a", "b"]).contains("mixes `b` with `+a`"));
        assert!(text(&["a", "a"]).contains("`a` twice"));
        assert!(text(&["+a", "-a"]).contains("`a` twice"));
        assert!(text(&["-"]).contains("empty name"));
        assert_eq!(
            text(&["quiet-on"]),
            "no plugin is named `quiet-on`, did you mean `quiet-one`?; linked are: a, b, quiet-one"
        );
        assert_eq!(text(&["-zzz"]), "no plugin is named `zzz`; linked are: a, b, quiet-one");
    }

    proptest! {
        #[test]
        fn any_selection_resolves_to_distinct_plugins_or_an_error(words in proptest::collection::vec("[+-]?(a|b|quiet-one|c|)", 0..5)) {
            let resolved = Selection::parse(&words).and_then(|selection| selection.resolve(&candidates()));
            if let Ok(mut on) = resolved {
                let many = on.len();
                on.sort_unstable();
                on.dedup();
                prop_assert_eq!(on.len(), many);
            }
        }
    }
}
